"""The cohort through `kgrade batch`, which is killed at moments that nobody chose, and goes on."""

import json
import subprocess
import time

from hall import difference, read


def grade(hall, submissions, arguments, rng):
    """Grades the cohort; returns what is wrong."""
    out = hall.folder / "results"
    command = [hall.kgrade, "batch", "lab-02", hall.cohort, "--out", out, "--resume", "--kgrade", hall.noting]
    command += ["--sandbox", arguments.sandbox, "--workers", str(arguments.workers), "--ahead", str(arguments.ahead)]
    marks = sorted(rng.sample(range(1, max(2, len(submissions) * 9 // 10)), arguments.kills))
    said = (hall.folder / "said").open("ab")
    wrong, before = [], {}

    def start():
        return subprocess.Popen(command, env=hall.environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    for mark in marks:
        batch = start()
        while len(journal(out)) < mark and batch.poll() is None:
            time.sleep(0.1)
        time.sleep(rng.uniform(0, 5))
        if batch.poll() is not None:
            wrong.append(f"the batch ended by itself before it was killed, with {batch.returncode}")
            break
        batch.kill()
        batch.wait()
        before = dict(journal(out))
        print(f"  killed with {len(before)} done")
    code = start().wait()
    if code != 0:
        wrong.append(f"the batch ended with {code}")
    return wrong + judged(hall, out, submissions, before, (arguments.workers + arguments.ahead) * arguments.kills)


def journal(out):
    """The lines of the journal that tell of submissions, in their order: the id and the whole line."""
    file = out / "journal.jsonl"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [(line["id"], line) for line in map(json.loads, lines) if line["line"] == "done"]


def judged(hall, out, submissions, before, in_hand):
    """Compares everything that was written with the truth."""
    wrong, done = [], journal(out)
    if len(done) != len(submissions) or {name for name, _ in done} != {submission.id for submission in submissions}:
        wrong.append(f"the journal tells of {len(done)} ends for {len(submissions)} submissions")
    last = dict(done)
    wrong += [f"{name} was done before a kill and was done again" for name, line in before.items() if last.get(name) != line]
    for submission in submissions:
        result = out / "results" / submission.id / "result.json"
        if not result.exists():
            wrong.append(f"{submission.id} ({submission.fixture}) has no result: {last.get(submission.id, {}).get('why')}")
            continue
        wrong += filter(None, [difference(submission, read(result))])
    digests = {read(file)["run"]["submission_digest"] for file in out.glob("results/*/result.json")}
    if len(digests) != len(submissions):
        wrong.append(f"only {len(digests)} of the submissions differ")
    tries = sum(line["tries"] for line in last.values())
    twice = hall.started().total() - tries
    print(f"  {tries - len(last)} second tries, {twice} begun again after kills (at most {in_hand} were in hand)")
    if twice > in_hand:
        wrong.append(f"{twice} were graded again, and only {in_hand} were in hand")
    return wrong
