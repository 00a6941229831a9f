"""Scoring service: has each event scored by a model behind HTTP, which takes its time."""

import json
import logging
import os
import signal

import requests
from confluent_kafka import Consumer, KafkaException

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("scoring")

BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
GROUP = os.environ["KAFKA_GROUP_ID"]
SINK_URL = os.environ["SINK_URL"]

BATCH_SIZE = 500

running = True


def stop(_signal_number, _frame):
    global running
    running = False


def score(session, event):
    answer = session.post(SINK_URL, json=event, timeout=30)
    answer.raise_for_status()


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # Notice a service that hangs soon.
            "session.timeout.ms": 6000,
            "max.poll.interval.ms": 6000,
        }
    )
    consumer.subscribe([TOPIC])
    session = requests.Session()
    try:
        while running:
            batch = []
            for message in consumer.consume(num_messages=BATCH_SIZE, timeout=1.0):
                if message.error():
                    log.warning("%s", message.error())
                else:
                    batch.append(message)
            if not batch:
                continue
            log.info("scoring %d events", len(batch))
            for message in batch:
                score(session, json.loads(message.value()))
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as problem:
                log.warning("commit failed: %s", problem)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
