"""Writes messages.txt from the message definitions that Kafka's own jar carries.

    python3 messages.py kafka-clients-4.3.1.jar > messages.txt
"""

import json
import re
import sys
import zipfile

HEADER = """\
# The fields of Kafka's messages, in every version: what `walk` goes by.
#
# Made from the message definitions (common/message/*.json, Apache License 2.0) in kafka-clients {version}.jar by
# `python3 messages.py kafka-clients-{version}.jar > messages.txt`. Do not edit by hand.
#
# A message: `request|response|data KEY NAME VERSIONS [flexible VERSIONS]`, then its fields, deeper ones indented.
# A field: `name:type[@versions][#tag]`. Types: numbers, bool, uuid, string, bytes (records too), `{{}}` a struct, `?{{}}` a struct
# or null, `[]` an array of the structs below it, `[]type` an array. A field without versions has those of its message.
"""
WIDTH = 120
DATA = ["ConsumerProtocolSubscription", "ConsumerProtocolAssignment"]
EVERY = (0, 32767)


def versions(text):
    """`3+`, `0-4`, `7` or `none` as (first, last)."""
    if text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), EVERY[1]
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def both(a, b):
    return max(a[0], b[0]), min(a[1], b[1])


def written(range_, within):
    first, last = range_
    return f"{first}+" if last >= within[1] else f"{first}" if first == last else f"{first}-{last}"


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def fields(message, common, listed, within, depth):
    """The lines of the fields, scalar ones side by side."""
    lines, row = [], []

    def end_row():
        nonlocal row
        line = ""
        for token in row:
            if line and len(line) + 1 + len(token) > WIDTH:
                lines.append(line)
                line = ""
            line = f"{line} {token}" if line else "  " * depth + token
        if line:
            lines.append(line)
        row = []

    for field in listed:
        present = versions(field["versions"])
        present = present and both(present, within)
        if present is None or present[0] > present[1]:
            continue
        assert "flexibleVersions" not in field, (message, field)
        tag = ""
        if "tag" in field:
            tagged = both(versions(field["taggedVersions"]), within)
            assert tagged == present, (message, field)
            tag = f"#{field['tag']}"
        at = "" if present == within else "@" + written(present, within)
        array, kind = ("[]", field["type"][2:]) if field["type"].startswith("[]") else ("", field["type"])
        name = snake(field["name"])
        if kind[0].isupper():
            inner = field.get("fields") or common[kind]
            shape = array or ("?{}" if "nullableVersions" in field else "{}")
            end_row()
            lines.append("  " * depth + f"{name}:{shape}{at}{tag}")
            lines.extend(fields(message, common, inner, present, depth + 1))
        else:
            kind = "bytes" if kind == "records" else kind
            row.append(f"{name}:{array}{kind}{at}{tag}")
    end_row()
    return lines


def main(path):
    version = re.search(r"kafka-clients-([0-9.]+)\.jar", path).group(1)
    found = []
    with zipfile.ZipFile(path) as jar:
        for entry in jar.namelist():
            if not re.fullmatch(r"common/message/\w+\.json", entry):
                continue
            text = jar.read(entry).decode()
            found.append(json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)))
    clients = {m["apiKey"] for m in found if m["type"] == "request" and "broker" in m.get("listeners", [])}
    order = {"request": 0, "response": 1}
    chosen = [m for m in found if m.get("apiKey") in clients and m["type"] in order]
    chosen.sort(key=lambda m: (m["apiKey"], order[m["type"]]))
    chosen += [m for name in DATA for m in found if m["name"] == name]
    sys.stdout.write(HEADER.format(version=version))
    for message in chosen:
        valid, flexible = versions(message["validVersions"]), versions(message["flexibleVersions"])
        if valid is None:
            continue
        name = re.sub("(Request|Response)$", "", message["name"])
        kind = message["type"] if message["type"] in order else "data"
        title = f"{kind} {message.get('apiKey', '-')} {name} {valid[0]}-{valid[1]}"
        if flexible and flexible[0] <= valid[1]:
            title += f" flexible {max(flexible[0], valid[0])}+"
        common = {struct["name"]: struct["fields"] for struct in message.get("commonStructs", [])}
        # A struct may be used again by its name further down.
        stack = list(message["fields"])
        while stack:
            field = stack.pop()
            if field.get("fields"):
                common.setdefault(field["type"].removeprefix("[]"), field["fields"])
                stack.extend(field["fields"])
        print("\n".join([title, *fields(message["name"], common, message["fields"], valid, 1)]))


if __name__ == "__main__":
    main(sys.argv[1])
