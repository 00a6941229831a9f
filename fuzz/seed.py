"""Makes the fuzz targets' first inputs from the frames in fixtures/frames: fuzz/corpus/{request,response,pipe}/."""

import hashlib
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = {}
for line in (ROOT / "src/world/kafka/schema/messages.txt").read_text().splitlines():
    if found := re.match(r"request (\d+) (\w+)", line):
        KEYS[found[2]] = int(found[1])


def keep(target, data):
    folder = ROOT / "fuzz/corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def framed(frames):
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


for file in sorted((ROOT / "fixtures/frames").glob("*.txt")):
    asked, exchanges = {}, []
    for line in file.read_text().splitlines():
        kind, api, version, frame = line.split(" ")
        data = bytes.fromhex(frame)
        if kind == "request":
            keep("request", data)
            asked[api, version, data[4:8]] = data
        else:
            keep("response", bytes([KEYS[api], int(version)]) + data)
            if request := asked.pop((api, version, data[:4]), None):
                exchanges.append((request, data))
    # A connection of one exchange, and one of four, for each of the three taps.
    for first in range(len(exchanges)):
        for mode in range(3):
            for many, size in ((1, 255), (4, 3)):
                requests, answers = zip(*exchanges[first : first + many])
                said = framed(requests)
                keep("pipe", bytes([mode, size]) + len(said).to_bytes(2, "big") + said + framed(answers))
