#!/usr/bin/env bash
# Stand-ins for the images that the course's compose file names, where they cannot be pulled: `images.sh up` builds those
# that are missing, `images.sh down` removes what it built, `images.sh names` lists them.
#
# The stand-in of apache/kafka is a minimal Debian with a Java runtime, Kafka's own jars and its own reader of the KAFKA_*
# variables (kafka.docker.KafkaDockerWrapper), so it takes the same settings. That of the user interface answers every
# health check and nothing else. Both carry the label kgrade.stand-in; an image without it is the real one and stays.
# Exit code 75 means: they cannot be built here; the last line says why.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly here
readonly ROOT_IMAGE=kgrade-test/root:bookworm-jre17
readonly KAFKA_IMAGE=apache/kafka:4.3.1
readonly LABEL=kgrade.stand-in
readonly IMPOSSIBLE=75
readonly CACHE="${KGRADE_TEST_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/kgrade-test-images}"

has() { command -v "$1" >/dev/null 2>&1; }
impossible() { echo "no images: $*"; exit "$IMPOSSIBLE"; }
present() { docker image inspect "$1" >/dev/null 2>&1; }
label_of() { docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null || true; }

# The user interface that the course's compose file starts.
ui_image() {
  local named
  named=$(sed -n 's/^ *image: *"\{0,1\}\([^" ]*kafka-ui[^" ]*\)"\{0,1\} *$/\1/p' "$here/../compose.yaml" 2>/dev/null | head -1)
  echo "${named:-ghcr.io/kafbat/kafka-ui:v1.3.0}"
}

# What an image is built from: another digest, another image.
digest_of() { (cd "$here" && find "$1" -type f | LC_ALL=C sort | xargs cat images.sh | sha256sum | cut -c1-12); }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; return; fi
  sudo -n "$@" 2>/dev/null
}

debootstrap_installed() {
  has debootstrap || as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends debootstrap >/dev/null
}

# A minimal Debian with a Java runtime, as a tar file in the cache.
root_tar() {
  local tar="$CACHE/root.tar" root
  if [ -s "$tar" ]; then return; fi
  debootstrap_installed || impossible "debootstrap is not installed, and cannot be"
  root=$(mktemp -d)
  # shellcheck disable=SC2064 # this folder, not the next
  trap "as_root rm -rf '$root'" EXIT
  echo "making a minimal Debian with a Java runtime (once)"
  as_root debootstrap --variant=minbase --include=openjdk-17-jre-headless,busybox-static,procps bookworm "$root" \
    "${KGRADE_TEST_DEBIAN:-http://deb.debian.org/debian}" >"$CACHE/debootstrap.log" 2>&1 || impossible "debootstrap failed: $(tail -1 "$CACHE/debootstrap.log")"
  # Nothing that only installing needs, and nothing of this machine.
  as_root rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists" "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
  : | as_root tee "$root/etc/resolv.conf" >/dev/null
  echo localhost | as_root tee "$root/etc/hostname" >/dev/null
  as_root tar -C "$root" -c . >"$tar.part"
  mv "$tar.part" "$tar"
}

# Kafka's jars with its tools, in the cache.
jars() {
  local libs="$CACHE/libs-4.3.1"
  if [ -d "$libs" ]; then return; fi
  has mvn || impossible "mvn is not installed, and it fetches Kafka's jars"
  echo "fetching Kafka's jars (once)"
  rm -rf "$libs.part"
  mvn -q -B -f "$here/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$libs.part" -DincludeScope=runtime >"$CACHE/mvn.log" 2>&1 || impossible "mvn failed: $(grep -m1 ERROR "$CACHE/mvn.log")"
  mv "$libs.part" "$libs"
}

root_image() {
  if present "$ROOT_IMAGE"; then return; fi
  root_tar
  docker import --change "LABEL $LABEL=root" "$CACHE/root.tar" "$ROOT_IMAGE" >/dev/null
}

# build NAME FOLDER: the image from a folder here, unless it is there and up to date, or the real one is.
build() {
  local name=$1 folder=$2 wanted found context old
  wanted=$(digest_of "$folder")
  old=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null || true)
  found=$(label_of "$name")
  if present "$name" && [ -z "$found" ]; then echo "$name: the real image is here"; return; fi
  if [ "$found" = "$wanted" ]; then echo "$name: the stand-in is here"; return; fi
  root_image
  context=$(mktemp -d)
  cp -R "$here/$folder/." "$context/"
  if [ "$folder" = kafka ]; then
    jars
    cp -R "$CACHE/libs-4.3.1" "$context/libs"
  fi
  DOCKER_BUILDKIT=0 docker build -q --label "$LABEL=$wanted" -t "$name" "$context" >/dev/null 2>"$CACHE/build.log" || impossible "docker build failed: $(tail -1 "$CACHE/build.log")"
  rm -rf "$context"
  # The one before it has no name any more. A container may still use it.
  if [ -n "$old" ]; then docker image rm "$old" >/dev/null 2>&1 || true; fi
  echo "$name: built the stand-in"
}

up() {
  mkdir -p "$CACHE"
  build "$KAFKA_IMAGE" kafka
  build "$(ui_image)" ui
}

down() {
  local name
  for name in "$KAFKA_IMAGE" "$(ui_image)" "$ROOT_IMAGE"; do
    if [ -n "$(label_of "$name")" ]; then docker image rm -f "$name" >/dev/null && echo "$name: removed the stand-in"; fi
  done
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  names) printf '%s\n' "$KAFKA_IMAGE" "$(ui_image)" ;;
  *) echo "usage: images.sh up|down|names"; exit 64 ;;
esac
