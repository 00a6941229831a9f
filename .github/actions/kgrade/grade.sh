#!/usr/bin/env bash
# Runs kgrade on a submission. This is the only script that runs what a learner wrote.
#
# On a Linux runner the programs run as a user of their own, which can neither become root nor write a file of the
# runner, and everything of that user is ended before anything is read. Elsewhere they run as the runner's user; then
# what they may have written to the runner's command files is thrown away. In both cases kgrade gets a short list of
# variables and nothing else of the job. Each program is also in a cell of its own, unless SANDBOX is none: docs/sandbox.md.
#
# The script ends with 0 whatever kgrade says: publish.sh tells the result, verdict.sh makes the job red.
#
# Reads: KGRADE (the program), LAB, SUBMISSION (a folder), LEARNER (may be empty), OUT (an empty folder for the results),
# KGRADE_CACHE, SANDBOX (bwrap when empty), SETUP_NETWORK (true or not). Writes into OUT: exit-code, and what kgrade wrote (report.json, report.txt, junit.xml, evidence.jsonl,
# summary.md).
set -euo pipefail

readonly USER_ID=64217
readonly RESULTS="report.json report.txt junit.xml evidence.jsonl summary.md"
# A report of this size, in bytes, is no report. Evidence of the labs has some megabytes.
readonly LARGEST=$((256 * 1024 * 1024))

usage() {
  printf '::error title=kgrade::%s\n' "$*"
  echo 2 >"$OUT/exit-code"
  exit 0
}

# The command line for kgrade, with everything it writes in the folder $1. `env -i`: what is not named here is not there.
command_line() {
  local into=$1 home=$2 name
  command=(env -i "PATH=$PATH" "HOME=$home" "LANG=C.UTF-8" "KGRADE_CACHE=$KGRADE_CACHE" "GITHUB_STEP_SUMMARY=$into/summary.md")
  for name in CI GITHUB_ACTIONS GITHUB_ACTOR GITHUB_EVENT_NAME GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ATTEMPT GITHUB_RUN_ID \
    GITHUB_SERVER_URL GITHUB_WORKFLOW_REF JAVA_HOME PIP_CERT PIP_INDEX_URL; do
    if [ -n "${!name:-}" ]; then command+=("$name=${!name}"); fi
  done
  command+=("$into/kgrade" --submission "$into/submission/$below" --evidence "$into/evidence.jsonl")
  command+=(--report "json=$into/report.json" --report "terminal=$into/report.txt" --report "junit=$into/junit.xml")
  command+=(--sandbox "$SANDBOX")
  if [ "${SETUP_NETWORK:-}" = true ]; then command+=(--setup-network); fi
  if [ -n "$LEARNER" ]; then command+=("--learner=$LEARNER"); fi
  command+=(-- "$LAB")
}

# Makes ready what cells need, on a machine that is GitHub's and lives for this job only. On others kgrade says what is missing.
make_cells_possible() {
  local knob=kernel.apparmor_restrict_unprivileged_userns
  [ "$SANDBOX" = bwrap ] && [ "${RUNNER_ENVIRONMENT:-}" = github-hosted ] || return 0
  if ! command -v bwrap >/dev/null; then
    sudo -n apt-get -q -y install --no-install-recommends bubblewrap >/dev/null ||
      { sudo -n apt-get -q update && sudo -n apt-get -q -y install --no-install-recommends bubblewrap; } >/dev/null || return 0
  fi
  # Ubuntu 24.04 lets ordinary users make namespaces only with an AppArmor profile.
  if [ "$(sysctl -n "$knob" 2>/dev/null)" = 1 ]; then sudo -n sysctl -q -w "$knob=0" || true; fi
}

# Copies what kgrade and the programs need into the folder $1.
stage() {
  cp "$KGRADE" "$1/kgrade"
  cp -R "$whole/." "$1/submission"
  mkdir -p "$KGRADE_CACHE" "$1/home"
  : >"$1/summary.md"
}

as_another_user() {
  local code=0 name round
  place=$(mktemp -d /tmp/kgrade-XXXXXXXX)
  trap 'sudo -n rm -rf "$place"' EXIT
  mkdir "$place/submission"
  stage "$place"
  if ! getent passwd "$USER_ID" >/dev/null; then
    sudo -n useradd --uid "$USER_ID" --user-group --no-create-home --home-dir "$place/home" --shell /usr/sbin/nologin kgrade-learner
  fi
  sudo -n chown -Rh "$USER_ID:$USER_ID" "$place" "$KGRADE_CACHE"
  command_line "$place" "$place/home"
  (cd / && sudo -n -u "#$USER_ID" -- "${command[@]}") </dev/null || code=$?
  # Until nothing of that user runs: a program that is being killed may have made another one.
  for round in {1..50}; do
    sudo -n pkill -KILL -u "$USER_ID" || break
    sleep 0.1
  done
  if [ "$round" -eq 50 ]; then code="$code, and programs that cannot be ended"; fi
  for name in $RESULTS; do
    # Read as that user, so that a link planted there leads to nothing that the user could not read anyway.
    # shellcheck disable=SC2024 # the file is written as the runner, on purpose
    sudo -n -u "#$USER_ID" -- head -c "$LARGEST" -- "$place/$name" >"$OUT/$name" 2>/dev/null || rm -f "$OUT/$name"
  done
  echo "$code" >"$OUT/exit-code"
}

as_this_user() {
  local code=0 name
  place=$(mktemp -d "${TMPDIR:-/tmp}/kgrade-XXXXXXXX")
  trap 'rm -rf "$place"' EXIT
  mkdir "$place/submission"
  stage "$place"
  command_line "$place" "$HOME"
  "${command[@]}" </dev/null || code=$?
  for name in $RESULTS; do
    if [ -f "$place/$name" ] && [ ! -L "$place/$name" ]; then head -c "$LARGEST" "$place/$name" >"$OUT/$name"; fi
  done
  echo "$code" >"$OUT/exit-code"
  # This script writes none of these files, so whatever stands in them now was written by a program.
  for name in GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_STEP_SUMMARY; do
    if [ -n "${!name:-}" ]; then : >"${!name}"; fi
  done
}

case "$LAB" in
  '') usage "no lab is named: give the input lab, for example lab-02" ;;
  *[!A-Za-z0-9._-]* | -*) usage "the lab's name may have letters, digits and . _ -" ;;
esac
SANDBOX=${SANDBOX:-bwrap}
case "$SANDBOX" in
  bwrap | docker | auto | none) ;;
  *) usage "the input sandbox may be bwrap, docker, auto or none" ;;
esac
[ -d "$SUBMISSION" ] || usage "there is no folder with the submission: look at the input submission"

# The whole checkout, with its .git: the report names the commit.
whole=$SUBMISSION below=.
if top=$(git -C "$SUBMISSION" rev-parse --show-toplevel 2>/dev/null); then
  whole=$top below=$(git -C "$SUBMISSION" rev-parse --show-prefix)
fi

if [ "$(uname -s)" = Linux ] && sudo -n true 2>/dev/null; then
  echo "the programs run as a user of their own (id $USER_ID)"
  make_cells_possible
  as_another_user
else
  echo "the programs run as the user of the runner"
  as_this_user
fi
