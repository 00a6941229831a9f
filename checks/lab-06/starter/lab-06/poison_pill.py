"""Delivery service: reads events and posts each one to a partner's system, which is down now and then."""

import json
import logging
import os
import signal
import time

import requests
from confluent_kafka import Consumer

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("delivery")

BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
GROUP = os.environ["KAFKA_GROUP_ID"]
SINK_URL = os.environ["SINK_URL"]

running = True


def stop(_signal_number, _frame):
    global running
    running = False


def handle(session, message):
    event = json.loads(message.value())
    log.debug("delivering %s", event["event_id"])
    answer = session.post(SINK_URL, json=event, timeout=30)
    answer.raise_for_status()


def handle_with_retries(session, message):
    """Try until it works. False when the service is stopped before that."""
    delay = 0.2
    while running:
        try:
            handle(session, message)
            return True
        except Exception as problem:
            log.warning("partition %d offset %d failed, trying again: %s", message.partition(), message.offset(), problem)
        time.sleep(delay)
        delay = min(delay * 2, 2.0)
    return False


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    session = requests.Session()
    try:
        while running:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                log.warning("%s", message.error())
                continue
            if handle_with_retries(session, message):
                consumer.commit(message=message, asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
