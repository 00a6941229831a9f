#!/usr/bin/env python3
"""Makes the pictures of terminals in this folder, each from a real run.

    cargo build --release
    python3 docs/pictures/record.py target/release/kgrade

Needs tmux. Each picture is an SVG by itself: text that can be selected, no fonts and no scripts of others, light or dark as the
reader's system is. Where there are several frames they follow each other; a reader who wants no motion sees the first.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CELL_W, CELL_H, PAD = 8.4, 18, 14
SECONDS_PER_FRAME = 5
# Of a shell that waits, also of the system's own user.
PROMPTS = ("$", "#")
LIMIT_S = 300
COLORS = {31: "r", 32: "g", 33: "y", 34: "b", 35: "m", 36: "c"}
STYLE = """
svg{--paper:#ffffff;--edge:#d0d7de;--ink:#1f2328;--r:#b31d28;--g:#116329;--y:#7d4e00;--b:#0550ae;--m:#8250df;--c:#0b6e77}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--edge:#30363d;--ink:#e6edf3;--r:#ff7b72;--g:#56d364;--y:#e3b341;--b:#79c0ff;--m:#d2a8ff;--c:#56d4dd}}
.paper{fill:var(--paper);stroke:var(--edge)}
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);white-space:pre}
.bold{font-weight:700}.dim{opacity:.7}
.r{fill:var(--r)}.g{fill:var(--g)}.y{fill:var(--y)}.b{fill:var(--b)}.m{fill:var(--m)}.c{fill:var(--c)}
"""


class Terminal:
    """A shell in tmux."""

    def __init__(self, columns, rows, work):
        self.folder = tempfile.mkdtemp(prefix="kgrade-record-")
        self.socket = str(Path(self.folder) / "socket")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KGRADE_L", "KAFKA_", "TMUX", "NO_COLOR", "CI"))}
        self.environment = kept | {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "PS1": "$ ", "ENV": "/dev/null"}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(work), "sh")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.socket, *words], env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout

    def type(self, text):
        self.tmux("send-keys", "-t", "0", "-l", text)

    def enter(self):
        self.tmux("send-keys", "-t", "0", "Enter")

    def until(self, holds):
        until = time.monotonic() + LIMIT_S
        while True:
            screen = self.tmux("capture-pane", "-p", "-t", "0")
            if holds(screen):
                return self.tmux("capture-pane", "-p", "-e", "-t", "0")
            if time.monotonic() > until:
                raise SystemExit(f"this did not come about:\n{screen}")
            time.sleep(0.05)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)
        shutil.rmtree(self.folder)


def runs(line):
    """The pieces of a line with one look each: (column, columns, classes, text)."""
    line = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|[\x0e\x0f]", "", line)
    looks, column, found = set(), 0, []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            for code in [int(code or 0) for code in piece[2:-1].split(";")]:
                if code == 0:
                    looks = set()
                elif code == 1:
                    looks |= {"bold"}
                elif code == 2:
                    looks |= {"dim"}
                elif code in COLORS or code == 39:
                    looks = {look for look in looks if len(look) > 1} | ({COLORS[code]} if code in COLORS else set())
        elif piece:
            wide = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in piece)
            if piece.strip():
                lead = len(piece) - len(piece.lstrip(" "))
                text = piece.strip(" ")
                found.append((column + lead, wide - (len(piece) - len(text)), " ".join(sorted(looks)), text))
            column += wide
    return found


def group(frame, name):
    rows = []
    for nth, line in enumerate(frame):
        spans = [
            f'<tspan x="{PAD + column * CELL_W:.1f}" textLength="{wide * CELL_W:.1f}" lengthAdjust="spacingAndGlyphs"'
            + (f' class="{look}"' if look else "")
            + f">{html.escape(text)}</tspan>"
            for column, wide, look, text in runs(line)
        ]
        if spans:
            rows.append(f'<text y="{PAD + nth * CELL_H + 13}">{"".join(spans)}</text>')
    return f'<g class="{name}">\n' + "\n".join(rows) + "\n</g>"


def picture(path, title, frames, columns):
    frames = [[line.rstrip() for line in frame.rstrip("\n").split("\n")] for frame in frames]
    for frame in frames:
        while frame and not re.sub(r"\x1b\[[0-9;]*m", "", frame[-1]).strip():
            frame.pop()
    rows = max(len(frame) for frame in frames)
    width, height = round(columns * CELL_W + 2 * PAD), rows * CELL_H + 2 * PAD
    style = STYLE
    if len(frames) > 1:
        whole, share = SECONDS_PER_FRAME * len(frames), 100 / len(frames)
        style += f".f{{opacity:0;animation:f {whole}s step-end infinite}}.f0{{opacity:1}}\n"
        style += f"@keyframes f{{0%{{opacity:1}}{share:.2f}%{{opacity:0}}100%{{opacity:0}}}}\n"
        style += "".join(f".f{nth}{{animation-delay:{(nth - len(frames)) * SECONDS_PER_FRAME if nth else 0}s}}" for nth in range(len(frames)))
        style += "\n@media (prefers-reduced-motion:reduce){.f{animation:none}}\n"
    groups = "\n".join(group(frame, f"f f{nth}" if len(frames) > 1 else "") for nth, frame in enumerate(frames))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n"
        f'<rect class="paper" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>\n{groups}\n</svg>\n',
        encoding="utf-8",
    )
    print(f"{path.relative_to(ROOT)}: {len(frames)} frames, {path.stat().st_size} bytes")


def copy(kind, work):
    (work / "lab-02").mkdir(parents=True, exist_ok=True)
    for name in ["producer.py", "consumer.py"]:
        shutil.copy(ROOT / "fixtures/lab-02" / kind / "lab-02" / name, work / "lab-02" / name)


def status(terminal, columns):
    terminal.type("clear; kgrade status")
    terminal.enter()
    lines = terminal.until(lambda screen: "Checkpoint" in screen and screen.rstrip().endswith(PROMPTS)).rstrip("\n").split("\n")
    while lines and lines[-1].strip() in ("", *PROMPTS):
        lines.pop()
    picture(ROOT / "docs/pictures/status.svg", "kgrade status: where a learner is, and what comes next", ["\n".join(lines)], columns)


def main(kgrade):
    columns, home = 100, Path(tempfile.mkdtemp(prefix="kgrade-record-"))
    work, bin_folder = home / "work", home / "bin"
    copy("mistakes/no-key", work)
    bin_folder.mkdir()
    (bin_folder / "kgrade").symlink_to(Path(kgrade).resolve())
    os.environ["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
    terminal = Terminal(columns, 40, work)
    try:
        terminal.type("clear; kgrade watch lab-02")
        terminal.enter()
        still = lambda screen: "q quit" in screen and "grading" not in screen and "waiting for Kafka" not in screen
        show = lambda: picture(ROOT / "docs/pictures/watch.svg", "kgrade watch: a mistake, the save that mends it, all checks passed", frames, columns)
        frames = [terminal.until(lambda screen: "✗ keyed" in screen and still(screen))]
        show()
        shutil.copy(ROOT / "fixtures/lab-02/solution/lab-02/producer.py", work / "lab-02/producer.py")
        frames.append(terminal.until(lambda screen: "✓ keyed" in screen and "grading" in screen))
        frames.append(terminal.until(lambda screen: "all checks passed" in screen and still(screen)))
        show()
        terminal.type("q")
        terminal.until(lambda screen: screen.rstrip().endswith(PROMPTS))
        terminal.close()
        terminal = Terminal(columns, 90, work)
        status(terminal, columns)
    finally:
        terminal.close()
        shutil.rmtree(home)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
