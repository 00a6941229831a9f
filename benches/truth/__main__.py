"""Grades a cohort whose grades are known, with kills in the middle, and compares each verdict.

    cargo build --release
    python3 benches/truth batch --size 200 --workers 6 --kills 2
    python3 benches/truth queue --size 200 --workers 3 --kills 4      # needs the packages kafka-python and zstandard

It takes about a minute for ten submissions on two cores. Exit code 1: something was wrong, and the folder is kept.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import by_batch
import by_queue
import cohort
from hall import Hall


def main():
    parser = argparse.ArgumentParser(prog="truth", description="Grades a cohort whose grades are known, and kills the graders meanwhile.")
    parser.add_argument("way", choices=["batch", "queue"])
    parser.add_argument("--size", type=int, default=40)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--ahead", type=int, default=1, help="only for batch")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--sandbox", default="bwrap")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="decides the cohort and the kills")
    parser.add_argument("--kgrade", type=Path, default=cohort.ROOT / "target" / "release" / "kgrade")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="truth-"))
    hall = Hall(folder, arguments.kgrade)
    submissions = cohort.make(hall.cohort, arguments.size, arguments.seed)
    print(f"{arguments.way} of {arguments.size}, seed {arguments.seed}, in {folder}", flush=True)
    begun = time.monotonic()
    way = by_batch if arguments.way == "batch" else by_queue
    wrong = way.grade(hall, submissions, arguments, random.Random(arguments.seed))
    minutes = (time.monotonic() - begun) / 60
    wrong += [f"left behind: {left}" for left in hall.left_behind()]
    print(f"  {minutes:.1f} minutes, {arguments.size / minutes:.1f} submissions a minute")
    if wrong:
        print(f"{len(wrong)} wrong:", *wrong, f"look into {folder}", sep="\n  ")
        return 1
    print(f"all {arguments.size} verdicts are right")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
