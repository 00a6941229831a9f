"""Makes the fuzz targets' first inputs from the frames in fixtures/frames: fuzz/corpus/{request,response}/."""

import hashlib
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = {}
for line in (ROOT / "src/world/kafka/schema/messages.txt").read_text().splitlines():
    if found := re.match(r"request (\d+) (\w+)", line):
        KEYS[found[2]] = int(found[1])

for file in sorted((ROOT / "fixtures/frames").glob("*.txt")):
    for line in file.read_text().splitlines():
        kind, api, version, frame = line.split(" ")
        data = bytes.fromhex(frame)
        if kind == "response":
            data = bytes([KEYS[api], int(version)]) + data
        folder = ROOT / "fuzz/corpus" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
