"""Runs a command in a terminal of its own: terminal.py STEPS COMMAND...

STEPS is JSON: ["wait", TEXT] waits until TEXT stands in what was said since the last step, ["type", TEXT] types.
What the command said goes to standard output, and its exit code is this program's.
"""

import json
import os
import pty
import select
import sys
import time

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
process, terminal = pty.fork()
if process == 0:
    os.execv(command[0], command)

deadline = time.monotonic() + 300
said, seen = "", 0


def read():
    global said
    if time.monotonic() > deadline:
        os.kill(process, 9)
        sys.exit(f"nothing more came after: {said!r}")
    if not select.select([terminal], [], [], 1.0)[0]:
        return True
    try:
        got = os.read(terminal, 65536)
    except OSError:
        got = b""
    said += got.decode(errors="replace")
    return bool(got)


for what, text in steps:
    if what == "type":
        seen = len(said)
        os.write(terminal, text.encode())
        continue
    while text not in said[seen:]:
        if not read():
            sys.exit(f"it ended before it said {text!r}: {said!r}")

while read():
    pass
sys.stdout.write(said.replace("\r\n", "\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
