"""Lab 01: which Kafka client do I have, and which topics does my Kafka have?

The program prints one line of JSON:
    {"client": "confluent-kafka", "version": "2.16.1", "topics": ["first-topic", ...]}

It runs as it is, but knows nothing yet. Work through the TODOs in their order.
"""

import json
import os

# Where Kafka is. The grader sets it; in your own terminal it may be missing.
BOOTSTRAP_SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")


def main():
    # TODO 1: the name of the client library that you import, and its version. The library knows its version: ask it.
    client, version = None, None

    # TODO 2: ask the broker for the names of its topics.
    #   AdminClient({"bootstrap.servers": BOOTSTRAP_SERVERS}) connects to it (from confluent_kafka.admin),
    #   list_topics(timeout=10) asks, and the keys of its .topics are the names.
    topics = []

    print(json.dumps({"client": client, "version": version, "topics": topics}))


if __name__ == "__main__":
    main()
