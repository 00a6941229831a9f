"""A cohort whose grades are known: programs of fixtures/lab-02, each a little different, with the verdicts that they must get."""

import io
import random
import re
import shutil
import tokenize
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "lab-02"
LAB = ROOT / "checks" / "lab-02" / "lab.yaml"


@dataclass(frozen=True)
class Submission:
    """A submission, what it was made of, and the verdict of each check."""

    id: str
    fixture: str
    truth: dict

    def points(self):
        return sum(worth for check, worth in checks().items() if self.truth[check] == "passed")


def checks():
    """The checks of the lab, and what each is worth."""
    text = LAB.read_text()
    ids = re.findall(r"^  - id: (\S+)", text, re.M)
    points = re.findall(r"^    points: (\d+)", text, re.M)
    return dict(zip(ids, map(int, points), strict=True))


def fixtures():
    """The programs in Python: what other languages need at setup (a network) is not what is tried here."""
    folders = [FIXTURES / "solution", FIXTURES / "solution-aiokafka", FIXTURES / "solution-kafka-python"]
    folders += sorted((FIXTURES / "also-right").iterdir()) + sorted((FIXTURES / "mistakes").iterdir())
    return [folder for folder in folders if not (folder / "kgrade.yaml").exists()]


def truth_of(fixture):
    """The verdict that each check must come to."""
    truth = dict.fromkeys(checks(), "passed")
    expected = fixture / "expect.yaml"
    text = expected.read_text() if expected.exists() else ""
    for word, verdict in (("fails", "failed"), ("skips", "skipped")):
        found = re.search(rf"^{word}: \[(.*)\]$", text, re.M)
        for check in filter(None, re.split(r",\s*", found.group(1) if found else "")):
            assert check in truth, f"{fixture}: there is no check {check}"
            truth[check] = verdict
    return truth


def make(folder, size, seed):
    """Writes a cohort: every fixture as often as every other, in an order that the seed decides."""
    shuffled = random.Random(seed)
    known = fixtures()
    chosen = [known[number % len(known)] for number in range(size)]
    shuffled.shuffle(chosen)
    submissions = []
    for number, fixture in enumerate(chosen):
        submission = Submission(f"s{number:03}", str(fixture.relative_to(FIXTURES)), truth_of(fixture))
        into = folder / submission.id
        shutil.copytree(fixture, into, ignore=shutil.ignore_patterns("expect.yaml", "failure.txt", "__pycache__"))
        for program in sorted(into.rglob("*.py")):
            program.write_text(varied(program.read_text(), submission.id))
        submissions.append(submission)
    return submissions


def varied(text, mark):
    """The same program as somebody else would have written it: other names of functions, another comment."""
    own = set(re.findall(r"^def (\w+)", text, re.M))
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token in tokens:
        # A name inside an f-string is no token of its own: such a function keeps its name.
        if token.type == tokenize.STRING and re.match(r"[rR]?[fF]", token.string):
            own -= set(re.findall(r"\w+", token.string))
    renamed, depth = [], 0
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None]):
        depth += {"(": 1, ")": -1}.get(token.string, 0)
        is_attribute = before is not None and before.string == "."
        is_argument = depth > 0 and after is not None and after.string == "="
        if token.type == tokenize.NAME and token.string in own and not is_attribute and not is_argument:
            renamed.append((token, f"{token.string}_{mark}"))
    return f"# Handed in by {mark}.\n" + joined(text, renamed)


def joined(text, renamed):
    """The text with the new names in the places of the old ones."""
    lines = text.splitlines(keepends=True)
    for token, name in reversed(renamed):
        row, column = token.start
        line = lines[row - 1]
        lines[row - 1] = line[:column] + name + line[column + len(token.string) :]
    return "".join(lines)
