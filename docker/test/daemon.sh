#!/usr/bin/env bash
# A Docker daemon for the tests: `daemon.sh up` finds or starts one, `daemon.sh down` stops the one that `up` started.
#
# A daemon that answers already is used as it is, and never stopped. Where none answers and this machine may run one
# (root, or sudo that asks for no password; apt for the package), Debian's docker.io is installed and dockerd started.
# Exit code 75 means: there is none, and there cannot be one here; the last line says why.
set -euo pipefail

readonly STATE="${KGRADE_TEST_DOCKER:-${TMPDIR:-/tmp}/kgrade-test-dockerd}"
readonly IMPOSSIBLE=75

has() { command -v "$1" >/dev/null 2>&1; }
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
impossible() { echo "no Docker: $*"; exit "$IMPOSSIBLE"; }

# The words before a command that needs root; fails when this user has no way to be root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; return; fi
  if has sudo && sudo -n true 2>/dev/null; then sudo -n "$@"; return; fi
  return 1
}

install_docker() {
  has apt-get || impossible "dockerd is not installed, and there is no apt-get to install docker.io with"
  as_root true || impossible "dockerd is not installed, and installing docker.io needs root"
  echo "installing docker.io"
  as_root apt-get -q update >/dev/null || echo "the list of packages could not be renewed; going on with the old one"
  # A package that starts its service would race with the daemon that is started here.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get -q -y install --no-install-recommends docker.io iptables >/dev/null || impossible "docker.io cannot be installed"
}

# dockerd with its own choice of storage, then with vfs, which works on any file system.
start_daemon() {
  local options
  mkdir -p "$STATE"
  for options in "" "--storage-driver=vfs" "--storage-driver=vfs --iptables=false --bridge=none"; do
    # shellcheck disable=SC2086 # several words on purpose
    as_root setsid dockerd --pidfile "$STATE/pid" $options >"$STATE/log" 2>&1 </dev/null &
    local tries=0
    while [ "$tries" -lt 150 ] && ! answers; do
      # It ended: these options do not work here.
      kill -0 "$!" 2>/dev/null || break
      tries=$((tries + 1))
      sleep 0.2
    done
    if answers; then echo "started dockerd${options:+ with $options}, $(docker info --format '{{.Driver}}') storage"; return; fi
    down
  done
  impossible "dockerd does not start here: $(grep -E 'level=(fatal|error)|failed to start' "$STATE/log" | tail -1)"
}

up() {
  if has docker && answers; then echo "a Docker daemon answers: $(docker version --format '{{.Server.Version}}')"; return; fi
  if [ -n "${DOCKER_HOST:-}" ]; then impossible "DOCKER_HOST is set to $DOCKER_HOST, and no daemon answers there"; fi
  if ! has dockerd || ! has docker; then install_docker; fi
  as_root true || impossible "no daemon answers, and starting dockerd needs root"
  start_daemon
}

down() {
  local pid
  pid=$(cat "$STATE/pid" 2>/dev/null) || return 0
  # Only the daemon that this script started, not another process that has its number now.
  case "$(ps -o comm= -p "$pid" 2>/dev/null)" in dockerd) as_root kill "$pid" && echo "stopped dockerd" ;; esac
  local tries=0
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.2
  done
  rm -f "$STATE/pid"
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  *) echo "usage: daemon.sh up|down"; exit 64 ;;
esac
