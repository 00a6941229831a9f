#!/usr/bin/env bash
# Judges the evidence of a run again, by the lab of this kgrade. Runs nothing of the learner's.
#
# The lab that stands in the evidence is not used (`--now`): a program that could write the evidence could write that, too.
# What is signed is what comes of it, in a step of its own: here there is no key yet.
#
# Reads: KGRADE (the program), EVIDENCE (the folder of the artifact), LAB, COMMIT, LEARNER, OUT (a folder), GITHUB_REPOSITORY,
# GITHUB_RUN_ID.
# Writes OUT/result.json.
set -euo pipefail

fail() { printf '::error title=no signature::%s\n' "$*"; exit 1; }

mkdir -p "$OUT"
file="$EVIDENCE/evidence.jsonl"
if [ ! -f "$file" ] || [ -L "$file" ]; then fail "the run left no evidence"; fi
# Whose run it was is known here, whatever the evidence says of it.
header=$(head -n 1 "$file" | head -c 16777216)
says() {
  local seen
  seen=$(jq -r "$2 // \"\"" <<<"$header" 2>/dev/null) || fail "the evidence cannot be read"
  [ "$seen" = "$3" ] || fail "the evidence is of another $1 than this run"
}
says lab .lab "$LAB"
says commit .run.commit "$COMMIT"
says learner .run.learner "$LEARNER"
says repository .run.workflow.repository "$GITHUB_REPOSITORY"
says run '(.run.workflow.url | split("/") | last)' "$GITHUB_RUN_ID"
code=0
# Its output quotes programs of the learner: the runner must not take any of it for a command.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$token"
"$KGRADE" replay --now --report "json=$OUT/result.json" -- "$file" || code=$?
printf '\n::%s::\n' "$token"
case "$code" in
  0 | 1 | 5) ;;
  *) fail "the evidence cannot be judged again (exit code $code)" ;;
esac
