"""Lab 03, producer: send events as safely, and as fast, as the environment asks for.

Each line of standard input is one event, for example
    {"event_id": "e-000017", "user_id": "u-07", "seq": 3, "action": "login", ...}

The program runs as it is: it sends every event, but always in the same way, and it does not
notice when one is refused. Work through the TODOs in their order.
"""

import json
import os
import sys

from confluent_kafka import Producer

# The grader sets these. Do not write addresses or topic names into the program.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
RELIABILITY = os.environ["RELIABILITY"]  # fire-and-forget, leader or durable
PROFILE = os.environ["PROFILE"]  # default or throughput


def reliability_settings():
    # TODO 1: Who has to confirm a write before it counts? Nobody, the leader of the partition, or
    #   all in-sync replicas. The setting is called acks. Return the right one for each level.
    # TODO 2: durable also means: no duplicate when an answer gets lost and the client sends a batch
    #   again. Which setting lets Kafka recognise the second copy?
    return {}


def profile_settings():
    # TODO 3: For the profile "throughput": let a batch wait some milliseconds for more events
    #   (how many come in 50 ms at 5,000 a second?), and compress it.
    #   For the profile "default": nothing.
    return {}


def main():
    producer = Producer(
        {"bootstrap.servers": BOOTSTRAP_SERVERS, **reliability_settings(), **profile_settings()}
    )
    for line in sys.stdin:
        event = json.loads(line)

        # TODO 4: give produce() an on_delivery function. Kafka reports there, later, whether the
        #   event was stored. These reports arrive while you call producer.poll() or flush().
        #   If an event was not stored, print its event_id on standard error, and let the program
        #   end with exit code 1.
        producer.produce(TOPIC, key=event["user_id"], value=json.dumps(event))
        producer.poll(0)
    # Once, at the end. A flush() after each event would send each one alone.
    producer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
