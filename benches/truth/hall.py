"""Where a cohort is graded: a folder of its own, a kgrade that takes note of each start, and what must be true of each result."""

import json
import os
import time
from collections import Counter
from pathlib import Path

# Notes whose submission a kgrade is started for, then becomes that kgrade.
NOTING = """#!/bin/sh
for word in "$@"; do case $word in --learner=*) echo "${{word#*=}}" >> '{notes}';; esac; done
exec '{kgrade}' "$@"
"""


class Hall:
    """A folder with the cohort, the results, and everything temporary."""

    def __init__(self, folder, kgrade):
        self.folder, self.kgrade = Path(folder), Path(kgrade).resolve()
        self.notes = self.folder / "notes"
        self.cohort, self.tmp = self.folder / "cohort", self.folder / "tmp"
        for made in (self.cohort, self.tmp):
            made.mkdir(parents=True)
        self.noting = self.folder / "noting"
        self.noting.write_text(NOTING.format(notes=self.notes, kgrade=self.kgrade))
        self.noting.chmod(0o755)

    def environment(self):
        """Without what would change how it is graded; what is left behind here can be seen."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KGRADE_") or name == "KGRADE_CACHE"}
        kept.pop("KAFKA_BOOTSTRAP_SERVERS", None)
        return kept | {"TMPDIR": str(self.tmp)}

    def started(self):
        """How often a kgrade was started for each submission."""
        return Counter(self.notes.read_text().split()) if self.notes.exists() else Counter()

    def left_behind(self, patience=60):
        """What still runs or lies about a while after the end."""
        begun = time.monotonic()
        while True:
            left = running(str(self.folder)) + [str(path) for path in self.tmp.glob("kgrade-*")]
            if not left or time.monotonic() - begun > patience:
                return left
            time.sleep(0.2)


def running(mark):
    """The command lines of the processes whose environment or command line names this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            words = [(process / file).read_bytes() for file in ("cmdline", "environ")]
        except OSError:
            continue
        if any(mark.encode() in text for text in words):
            found.append(f"{process.name} {words[0].replace(bytes(1), b' ').decode(errors='replace')[:160]}")
    return found


def difference(submission, outcome):
    """What is wrong with a result; None when it is the truth."""
    seen = {check["id"]: check["verdict"] for check in outcome["checks"]}
    wrong = [f"{check} is {seen.get(check)}, not {verdict}" for check, verdict in submission.truth.items() if seen.get(check) != verdict]
    if outcome["score"] != submission.points():
        wrong.append(f"{outcome['score']} points, not {submission.points()}")
    if outcome["run"]["learner"] != submission.id:
        wrong.append(f"it is the result of {outcome['run']['learner']}")
    if not wrong:
        return None
    said = [f"{check['id']}: {check['message']}" for check in outcome["checks"] if check["verdict"] != submission.truth.get(check["id"])]
    return f"{submission.id} ({submission.fixture}): {'; '.join(wrong)}\n    {' | '.join(map(str, said))}\n    seed {outcome['run']['seed']}"


def read(file):
    return json.loads(Path(file).read_text())
