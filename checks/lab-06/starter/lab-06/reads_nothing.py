"""Reporting service: reads the events of a topic and hands each one to the reporting system."""

import json
import logging
import os
import signal

import requests
from confluent_kafka import Consumer

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("reporting")

BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
GROUP = os.environ.get("CONSUMER_GROUP", "reporting")
SINK_URL = os.environ["SINK_URL"]

running = True


def stop(_signal_number, _frame):
    global running
    running = False


def hand_over(session, event):
    answer = session.post(SINK_URL, json=event, timeout=30)
    answer.raise_for_status()


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP_SERVERS,
            "group.id": GROUP,
            "auto.offset.reset": "latest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    log.info("reading %s as %s", TOPIC, GROUP)
    session = requests.Session()
    try:
        while running:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                log.warning("%s", message.error())
                continue
            hand_over(session, json.loads(message.value()))
            consumer.commit(message=message, asynchronous=False)
    finally:
        consumer.close()
        log.info("stopped")


if __name__ == "__main__":
    main()
