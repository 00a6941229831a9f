"""Import job: copies the events on standard input, one JSON object per line, into a topic."""

import json
import logging
import os
import sys

from confluent_kafka import Producer

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("import")

BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]

failed = []


def on_delivery(error, message):
    if error is not None:
        log.error("%s was not stored: %s", message.key(), error)
        failed.append(message)


def send(producer, event):
    while True:
        try:
            producer.produce(TOPIC, key=event["user_id"], value=json.dumps(event), on_delivery=on_delivery)
            return
        except BufferError:
            producer.poll(0.1)


def main():
    producer = Producer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "enable.idempotence": True,
            "linger.ms": 100,
            "compression.type": "lz4",
        }
    )
    count = 0
    for line in sys.stdin:
        send(producer, json.loads(line))
        producer.poll(0)
        count += 1
    log.info("imported %d events, %d failed", count, len(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
