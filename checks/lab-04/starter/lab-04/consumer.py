"""Lab 04, consumer: read events in three formats, deliver each one to the sink, put aside what is broken.

The program runs as it is: it reads the topic and prints what it finds. It delivers and commits
nothing yet. Work through the TODOs in their order.
"""

import os
import signal

from confluent_kafka import Consumer

# The grader sets these. Do not write addresses or names into the program.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
DLQ_TOPIC = os.environ["KAFKA_DLQ_TOPIC"]
GROUP_ID = os.environ["KAFKA_GROUP_ID"]
SINK_URL = os.environ["SINK_URL"]
AVRO_SCHEMA = os.environ["AVRO_SCHEMA"]  # path of a file

running = True


def stop(_signal_number, _frame):
    # Only takes a note. The loop below sees it and ends when the record in hand is done.
    global running
    running = False


def decode(message):
    """The event in this message as a dict. Raises ValueError, with the reason, when there is none."""
    # TODO 1: message.headers() is a list of pairs (name, bytes), or None. Find content-type;
    #   it need not be the first.
    # TODO 2: decode message.value() by it: json.loads, msgpack.unpackb, fastavro.schemaless_reader.
    #   What if the type is none of the three? What does each library raise for broken bytes?
    raise ValueError("decode() is not written yet")


def deliver(event):
    """POST the event to the sink. True when the sink has accepted it."""
    # TODO 3: requests.post(SINK_URL, json=event, timeout=...). Only 2xx means delivered. An event
    #   that the sink refuses is not broken: it must be tried again.
    return False


def put_aside(message, reason):
    """Send the message as it is to the dead-letter topic."""
    # TODO 4: a Producer of your own: same key, same value, same headers, and one header more: error.
    #   Wait until it is stored before you go on.


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP_ID,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
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
            print(f"partition {message.partition()}, offset {message.offset()}: {message.headers()}")

            # TODO 5: decode the message. If that fails, put it aside; if not, deliver the event.
            #   Keep the two apart: a failed delivery is no reason to put an event aside.

            # TODO 6: commit this message when it is done: delivered, or stored as a dead letter.
    finally:
        consumer.close()  # leaves the group, so that the next instance starts at once


if __name__ == "__main__":
    main()
