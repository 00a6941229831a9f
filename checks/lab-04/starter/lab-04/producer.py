"""Lab 04, producer: send events from standard input to Kafka, in the format that FORMAT names.

Each line of standard input is one event, for example
    {"event_id": "e-000017", "user_id": "u-07", "seq": 3, "action": "login", ...}

The program runs as it is, but it sends nothing yet. Work through the TODOs in their order.
"""

import json
import os
import sys

from confluent_kafka import Producer

# The grader sets these. Do not write addresses or topic names into the program.
BOOTSTRAP_SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = os.environ["KAFKA_TOPIC"]
FORMAT = os.environ["FORMAT"]  # json, msgpack or avro
AVRO_SCHEMA = os.environ["AVRO_SCHEMA"]  # path of a file


def encode(event):
    """The event as bytes."""
    # TODO 1: json: json.dumps() gives text, encode() makes bytes of it.
    # TODO 2: msgpack: msgpack.packb() gives bytes. They are no text, and need not be.
    # TODO 3: avro: load the schema from the file (fastavro.schema.load_schema), once. Then
    #   fastavro.schemaless_writer(buffer, schema, event) with an io.BytesIO() as buffer.
    #   The order of the fields in the file differs from run to run: do not write a schema here.
    return None


def main():
    producer = Producer({"bootstrap.servers": BOOTSTRAP_SERVERS})
    count = 0
    for line in sys.stdin:
        event = json.loads(line)
        count += 1
        value = encode(event)

        # TODO 4: send the value with producer.produce(TOPIC, ...).
        #   headers: which one tells a consumer what the bytes are? It is a list of pairs:
        #   headers=[("name", b"value")]

        # TODO 5: give produce() an on_delivery function. If an event was not stored, say which
        #   one on standard error and end with exit code 1.
        producer.poll(0)

    # TODO 6: produce() only puts the event into a buffer. What must happen before the program ends?

    print(f"read {count} events, sent none: the producer is not finished", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
