"""Lab 06, diagnose: look at a cluster and say what is wrong with it.

The program runs as it is: it connects, prints what the catalogue names, and finds nothing. Work
through the TODOs in their order; after each one, the grader finds one more of your findings right.
"""

import json
import os
import sys

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
# What should be there: {"topics": [{"name", "retention_ms"}], "groups": [{"name", "topic"}]}
CATALOG = json.loads(os.environ["CATALOG"])
# How far apart two looks should be.
OBSERVE_SECONDS = float(os.environ["OBSERVE_SECONDS"])

findings = []


def log(text):
    # Standard output is for the one JSON line.
    print(text, file=sys.stderr)


def report(problem, topic, partition=None, group=None):
    findings.append({"problem": problem, "topic": topic, "partition": partition, "group": group})


def main():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP_SERVERS})
    metadata = admin.list_topics(timeout=10)
    for topic in CATALOG["topics"]:
        partitions = metadata.topics[topic["name"]].partitions
        log(f"topic {topic['name']}: {len(partitions)} partitions, retention {topic['retention_ms']} ms agreed")
        # TODO 1: under-replicated. Each partition has .replicas and .isrs, lists of broker ids.

        # TODO 2: wrong-retention. admin.describe_configs([ConfigResource(...)]) tells what is set.

    # TODO 3: hot-key. Read every topic from its beginning to its end and count the keys. A Consumer
    #   with assign() needs a group.id, but does not join the group and need not commit.

    for group in CATALOG["groups"]:
        log(f"group {group['name']} should read {group['topic']}")
        # TODO 4: dead-group. admin.describe_consumer_groups([...]) tells the members,
        #   admin.list_consumer_group_offsets([...]) the committed offsets, and
        #   consumer.get_watermark_offsets(...) where a partition ends.

        # TODO 5: no-committed-offsets. What does the client give for "no offset"?

    # TODO 6: stuck-partition and growing-lag. One look is not enough: take one, wait with
    #   time.sleep(OBSERVE_SECONDS), take another, and compare.

    print(json.dumps({"findings": findings}))


if __name__ == "__main__":
    main()
