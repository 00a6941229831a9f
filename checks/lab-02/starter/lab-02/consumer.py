"""Lab 02, consumer: read events from Kafka, deliver each one to the sink, then commit.

The program runs as it is: it reads the topic and prints what it finds. It delivers and commits
nothing yet. Work through the TODOs in their order.
"""

import os
import signal

from confluent_kafka import Consumer

# The grader sets these. Do not write addresses or names into the program.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
GROUP_ID = os.environ["KAFKA_GROUP_ID"]
SINK_URL = os.environ["SINK_URL"]

running = True


def stop(_signal_number, _frame):
    # Only takes a note. The loop below sees it and ends when the event in hand is done.
    global running
    running = False


def decode(message):
    """The event in this message as a dict, or None if the message holds no JSON object."""
    # TODO 1: message.value() is bytes, or None. It may be anything: cut JSON, bytes that are not
    #   UTF-8, an empty value, a bare number. For such a record, say so on standard error
    #   (partition, offset, what is wrong) and return None.
    return None


def deliver(event):
    """POST the event to the sink. True when the sink has accepted it."""
    # TODO 2: requests.post(SINK_URL, json=event, timeout=...) and look at the status code.
    #   Only 2xx means delivered. Think of 503, of a connection error, and of an answer that takes
    #   ten seconds. An event that was not delivered must be tried again.
    return False


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP_ID,
            # TODO 3: Where does a group start that has no committed offset yet?
            #   The default is the end of the topic.
            # TODO 4: By default the client commits every five seconds by itself, also an event that
            #   you are still delivering. Turn that off.
        }
    )
    consumer.subscribe([TOPIC])
    try:
        while running:
            # Waits for at most half a second, so that the loop also notices a stop when idle.
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                print("consumer:", message.error())
                continue
            print(f"partition {message.partition()}, offset {message.offset()}: {message.value()}")

            # TODO 5: decode and deliver the event.

            # TODO 6: commit this message, and only when it was delivered (or is a bad record).
            #   The committed offset is the next one to read.
            #   Then look at graceful stop: what if `running` turns False while deliver() retries?
    finally:
        consumer.close()  # leaves the group, so that the next instance starts at once


if __name__ == "__main__":
    main()
