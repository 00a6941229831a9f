#!/usr/bin/env bash
# Gets this machine ready for the course: looks for Docker and Python, makes .venv and installs the course's packages.
#
#   ./scripts/setup-env.sh && source .venv/bin/activate
#
# It may be run again at any time and does only what is still missing. It installs nothing outside .venv: what the system
# lacks is named, with the command that mends it. Exit code 1 when something is missing. For bash 3.2 (macOS) and newer.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
venv=$root/.venv
requirements=$root/checks/requirements.txt
problems=0

ok() { printf '  ok       %s\n' "$1"; }
did() { printf '  done     %s\n' "$1"; }
# missing WHAT COMMAND: what is wrong, and what to type.
missing() {
  problems=$((problems + 1))
  printf '  missing  %s\n' "$1"
  printf '           mend it: %s\n' "$2"
}
has() { command -v "$1" >/dev/null 2>&1; }
on_mac() { [ "$(uname -s)" = Darwin ]; }

# The command that installs packages here: Debian's and Ubuntu's name, Fedora's, and Homebrew's.
install_with() {
  if on_mac; then
    printf 'brew install %s' "$3"
  elif has dnf; then
    printf 'sudo dnf install %s' "$2"
  else
    printf 'sudo apt-get install %s' "$1"
  fi
}

check_docker() {
  local said
  if ! has docker; then
    missing "Docker is not installed" "$(install_with docker.io moby-engine '--cask docker')"
    return
  fi
  if said=$(docker info --format '{{.ServerVersion}}' 2>&1); then
    ok "Docker $said answers"
  else
    case "$said" in
      *"ermission denied"*)
        # shellcheck disable=SC2016 # the learner's shell replaces it
        missing "you may not use Docker's socket" 'sudo usermod -aG docker "$USER", then log out and in again' ;;
      *)
        if on_mac; then
          missing "Docker is installed but not running" "open -a Docker, and wait until it is up"
        else
          missing "Docker is installed but not running" "sudo systemctl start docker (with Docker Desktop: start it)"
        fi ;;
    esac
  fi
  if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
    ok "docker compose"
  elif has docker-compose; then
    compose="docker-compose"
    ok "docker-compose"
  else
    missing "Docker Compose is not installed" "$(install_with docker-compose docker-compose docker-compose)"
  fi
}

# Prints the first Python that is new enough.
find_python() {
  local name
  for name in python3 python; do
    if has "$name" && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
      printf '%s' "$name"
      return 0
    fi
  done
  return 1
}

# Whether every package of the requirements is in .venv in the version that is asked for.
has_packages() {
  "$venv/bin/python" - "$requirements" >/dev/null 2>&1 <<'PY'
import sys
from importlib.metadata import version
lines = (line.split("#")[0].strip() for line in open(sys.argv[1], encoding="utf-8"))
for line in filter(None, lines):
    name, wanted = line.split("==")
    assert version(name.strip()) == wanted.strip()
PY
}

check_python() {
  local python said
  if ! python=$(find_python); then
    missing "Python 3.9 or newer is not installed" "$(install_with 'python3 python3-venv' python3 python)"
    return
  fi
  ok "$("$python" --version 2>&1)"
  if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    ok ".venv is there"
  elif said=$("$python" -m venv --clear "$venv" 2>&1); then
    did "made .venv"
  else
    case "$said" in
      *ensurepip* | *"No module named venv"*)
        missing "this Python cannot make virtual environments" "$(install_with python3-venv python3 python)" ;;
      *) missing ".venv cannot be made: $(printf '%s' "$said" | tail -n 1)" "make the folder $root writable, and run this again" ;;
    esac
    return
  fi
  if has_packages; then
    ok "the course's packages are installed"
  elif said=$("$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" 2>&1); then
    did "installed the course's packages ($(grep -c '==' "$requirements"))"
  else
    printf '%s\n' "$said" | tail -n 5
    missing "the course's packages cannot be installed" "check your network, and run this again"
  fi
}

compose="docker compose"
echo "Setting up the course in $root"
check_docker
check_python
if [ "$problems" -gt 0 ]; then
  printf '\nNot ready: %s missing. Mend what is named above, and run ./scripts/setup-env.sh again.\n' "$problems"
  exit 1
fi
printf '\nReady. Next:\n  source .venv/bin/activate\n  cd docker\n  %s up -d\n' "$compose"
