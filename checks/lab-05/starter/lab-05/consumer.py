"""Lab 05, consumer: deliver the events of the partitions that the group gives to this instance.

The program runs as it is: it joins no group and waits. If you have a consumer from lab 02, begin with
that one, and come back here for the TODOs 4 to 6.
"""

import os
import signal

from confluent_kafka import Consumer

# The grader sets these. All instances get the same group and topic, and each one a sink of its own.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
GROUP_ID = os.environ["KAFKA_GROUP_ID"]
SINK_URL = os.environ["SINK_URL"]

running = True


def stop(_signal_number, _frame):
    # Only takes a note. The loop below sees it and ends when the event in hand is done.
    global running
    running = False


def deliver(message):
    """POST the event in this message to the sink. True when the sink has accepted it."""
    # TODO 2: requests.post(SINK_URL, data=message.value(), ...), again and again until the answer
    #   is 2xx, or until `running` turns False.
    return False


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP_ID,
            "enable.auto.commit": False,
            # TODO 1: Where does a group start that has no committed offset yet?
        }
    )
    # TODO 3: Become a member of the group: subscribe to TOPIC.
    #   Pass on_assign and on_revoke, and print what you are given and what you lose.
    try:
        while running:
            # Waits for at most half a second. Polling is also how a member takes part in a
            # rebalance, so never stay away for long.
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                print("consumer:", message.error())
                continue
            if deliver(message):
                print(f"delivered: partition {message.partition()}, offset {message.offset()}")

            # TODO 4: Remember the next offset of each partition, and commit: at the latest after
            #   50 delivered events, counted over all partitions, and every five seconds.
    finally:
        # TODO 5: Commit what was delivered since the last commit.
        consumer.close()  # leaves the group, so that the others share at once

    # TODO 6: Now think of on_revoke. Partitions go to another instance in a moment, and it begins at
    #   the committed offset. What is to be done there, so that it delivers nothing twice?


if __name__ == "__main__":
    main()
