"""Some events every second, to try your consumers with. It is not graded and you need not change it.

    python lab-05/traffic.py       creates KAFKA_TOPIC with six partitions, then writes until Ctrl-C
"""

import itertools
import json
import os
import time

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

SETTINGS = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}
TOPIC = os.environ["KAFKA_TOPIC"]

admin = AdminClient(SETTINGS)
try:
    admin.create_topics([NewTopic(TOPIC, num_partitions=6)])[TOPIC].result()
except KafkaException as error:
    if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
        raise

producer = Producer(SETTINGS)
try:
    for number in itertools.count(1):
        event = {"event_id": f"e-{number:06}", "user_id": f"u-{number % 24:02}", "action": "login"}
        producer.produce(TOPIC, json.dumps(event), key=event["user_id"])
        producer.poll(0)
        time.sleep(0.1)
except KeyboardInterrupt:
    producer.flush()
