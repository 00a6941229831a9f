"""LAB_NAME: deliver every event of a topic. The program runs as it is; work through the TODOs."""

import os
import signal

from confluent_kafka import Consumer

running = True


def stop(_signal, _frame):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({
    "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
    "group.id": os.environ["KAFKA_GROUP_ID"],
    # TODO 1: Where does a group begin that has read nothing yet?
})
consumer.subscribe([os.environ["KAFKA_TOPIC"]])
while running:
    message = consumer.poll(0.5)
    if message is None or message.error():
        continue
    print("an event:", message.value())
    # TODO 2: Post message.value() to os.environ["SINK_URL"], for example with requests.post.
consumer.close()
