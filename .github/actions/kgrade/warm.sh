#!/usr/bin/env bash
# Fills the cache with what kgrade needs for a broker, with nothing of a learner's. Reads: KGRADE (the program), KGRADE_CACHE.
set -euo pipefail
trap '"$KGRADE" down --delete || true' EXIT
"$KGRADE" up
