import os
import signal

import requests
from confluent_kafka import Consumer

running = True


def stop(_signal, _frame):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({
    "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
    "group.id": os.environ["KAFKA_GROUP_ID"],
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
})
consumer.subscribe([os.environ["KAFKA_TOPIC"]])
while running:
    message = consumer.poll(0.5)
    if message is None or message.error():
        continue
    requests.post(os.environ["SINK_URL"], data=message.value(), timeout=15).raise_for_status()
    consumer.commit(message=message, asynchronous=False)
consumer.close()
