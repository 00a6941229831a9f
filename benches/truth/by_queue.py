"""The cohort through a queue: workers that are killed and replaced, and a reader that shares nothing with kgrade."""

import json
import socket
import subprocess
import time
from collections import Counter

from hall import difference, read

TOPIC, GROUP = "kgrade-results", "kgrade-workers"


def grade(hall, submissions, arguments, rng):
    """Grades the cohort; returns what is wrong."""
    # `kgrade up` keeps one broker for each user: this one is not theirs.
    environment = hall.environment() | {"KGRADE_STATE": str(hall.folder / "state")}
    said = (hall.folder / "said").open("ab")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"

    def kgrade(*words):
        return subprocess.run([hall.kgrade, *words], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def worker(number):
        words = ["worker", "--queue", address, "--out", hall.folder / f"worker-{number}", "--sandbox", arguments.sandbox, "--drain"]
        command = [hall.kgrade, *words, "--kgrade", hall.noting]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    print("  " + kgrade("up", "--port", str(port)).splitlines()[0])
    try:
        print("  " + kgrade("queue", "add", "--queue", address, "lab-02", hall.cohort).strip())
        wrong = worked(hall, submissions, arguments, rng, worker, lambda: results(address))
        out = hall.folder / "results"
        kgrade("queue", "results", "--queue", address, "--out", out)
        seen = {submission.id: read(out / "results" / submission.id / "result.json")["score"] for submission in submissions}
        wrong += [f"{one.id}: {seen[one.id]} in the folder of results" for one in submissions if seen[one.id] != one.points()]
    finally:
        kgrade("down", "--delete")
    return wrong


def worked(hall, submissions, arguments, rng, worker, look):
    """Lets workers work and kills some; what is wrong with what they said."""
    workers = [worker(number) for number in range(arguments.workers)]
    try:
        marks = sorted(rng.sample(range(1, max(2, len(submissions) * 9 // 10)), arguments.kills))
        for mark in marks:
            while len(look()) < mark and all(one.poll() is None for one in workers):
                time.sleep(2)
            time.sleep(rng.uniform(0, 5))
            number = rng.randrange(len(workers))
            workers[number].kill()
            workers[number].wait()
            print(f"  killed worker {number} with {len(look())} results there")
            workers[number] = worker(number)
        codes = [one.wait() for one in workers]
    finally:
        for one in workers:
            one.kill()
    wrong = [] if set(codes) == {0} else [f"the workers ended with {codes}"]
    return wrong + judged(hall, submissions, look(), 2 * arguments.kills)


def judged(hall, submissions, records, in_hand):
    """Compares what is in the topic with the truth."""
    wrong = []
    for what, counts in (
        ("submission", Counter(record["id"] for record in records)),
        ("record", Counter((record["source"]["partition"], record["source"]["offset"]) for record in records)),
    ):
        wrong += [f"{what} {name} has {count} results" for name, count in counts.items() if count > 1]
    by_id = {record["id"]: record for record in records}
    for submission in submissions:
        ended = by_id.get(submission.id, {}).get("ended", {})
        if "graded" not in ended:
            wrong.append(f"{submission.id} ({submission.fixture}) has no grade: {ended}")
            continue
        wrong += filter(None, [difference(submission, ended["graded"]["outcome"])])
    again = hall.started().total() - len(submissions)
    print(f"  {again} begun again (at most {in_hand} were in hand at kills; the others are second tries)")
    return wrong


def results(address):
    """Every committed result, read by a client that is not kgrade's."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(bootstrap_servers=address, isolation_level="read_committed", enable_auto_commit=False)
    try:
        partitions = [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends, records = consumer.end_offsets(partitions), []
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for batch in consumer.poll(timeout_ms=500).values():
                records += [json.loads(record.value) for record in batch]
        return records
    finally:
        consumer.close()
