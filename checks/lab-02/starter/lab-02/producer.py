"""Lab 02, producer: send events from standard input to Kafka.

Each line of standard input is one event, for example
    {"event_id": "e-000017", "user_id": "u-07", "seq": 3, "action": "login", ...}

The program runs as it is, but it sends nothing yet. Work through the TODOs in their order.
"""

import json
import os
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

# The grader sets these. Do not write addresses or topic names into the program.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]


def create_topic():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP_SERVERS})
    print("topics now:", sorted(admin.list_topics(timeout=10).topics))
    # TODO 1: create TOPIC with six partitions.
    #   admin.create_topics([NewTopic(...)]) answers at once with a dict: topic name -> future.
    #   Only future.result() tells you whether it worked.
    #   If the topic is already there, that is fine: look at the error's code().


def main():
    create_topic()
    producer = Producer({"bootstrap.servers": BOOTSTRAP_SERVERS})
    count = 0
    for line in sys.stdin:
        event = json.loads(line)
        count += 1

        # TODO 2: send the event with producer.produce(TOPIC, ...).
        #   value: the event as JSON text. json.dumps() makes it; str() does not.
        #   key: what must all events of one user have in common, so that they stay in order?

        # TODO 3: give produce() an on_delivery function. Kafka reports there, later, whether the
        #   event was stored. These reports arrive while you call producer.poll().
        #   If an event was not stored, say which one on standard error and end with exit code 1.
        producer.poll(0)

    # TODO 4: produce() only puts the event into a buffer. What must happen before the program ends?

    print(f"read {count} events, sent none: the producer is not finished", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
