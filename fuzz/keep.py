"""Keeps what fuzzing has found: fixtures/frames/found/{request,response}.txt, the smallest set of inputs that reaches as much.

    python3 keep.py FOLDER_OF_THE_TARGETS
"""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is longer reaches little that shorter frames do not.
LONGEST = 512

for target in ("request", "response"):
    with tempfile.TemporaryDirectory() as folder:
        least = pathlib.Path(folder)
        program = pathlib.Path(sys.argv[1]).resolve() / target
        merge = ["-merge=1", f"-max_len={LONGEST}", str(least), str(ROOT / "fuzz/corpus" / target)]
        subprocess.run([program, *merge], check=True, stderr=subprocess.DEVNULL, cwd=folder)
        kept = sorted((file.read_bytes() for file in least.iterdir() if file.name.isalnum()), key=lambda data: (len(data), data))
    found = ROOT / "fixtures/frames/found"
    found.mkdir(exist_ok=True)
    (found / f"{target}.txt").write_text("".join(f"{data.hex()}\n" for data in kept if data))
    print(target, len(kept), sum(map(len, kept)), "bytes")
