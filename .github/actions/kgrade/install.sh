#!/usr/bin/env bash
# Puts kgrade on this machine, and says where it is.
#
# A release is taken when its digests stand in the file SHA256SUMS beside this script: a copy of the one that the release
# was published with, committed by the instructor. Nothing is run that does not have the digest written there. Without
# that file, or with BUILD=true, kgrade is built from the sources that this script came with.
#
# Reads: REPOSITORY (OWNER/NAME whose release it is), BUILD, RUNNER_OS, RUNNER_ARCH, RUNNER_TEMP, GITHUB_SERVER_URL.
# Sets the outputs: path, version, origin (release or source), cache-key.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly pins="$here/SHA256SUMS"
readonly into="$RUNNER_TEMP/kgrade-bin"

fail() {
  printf '::error title=kgrade cannot be installed::%s. Nothing was graded.\n' "$*"
  exit 1
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

target() {
  case "$RUNNER_OS-$RUNNER_ARCH" in
    Linux-X64) echo x86_64-unknown-linux-gnu ;;
    Linux-ARM64) echo aarch64-unknown-linux-gnu ;;
    macOS-ARM64) echo aarch64-apple-darwin ;;
    macOS-X64) echo x86_64-apple-darwin ;;
    *) fail "there is no kgrade for $RUNNER_OS on $RUNNER_ARCH: use a Linux or macOS runner" ;;
  esac
}

from_release() {
  local target line wanted archive version seen
  target=$(target)
  line=$(grep -E "^[0-9a-f]{64} [ *]kgrade-v[0-9A-Za-z.+-]+-$target\.tar\.gz$" "$pins" || true)
  [ "$(printf '%s' "$line" | grep -c .)" -eq 1 ] || fail "SHA256SUMS must have one line for $target"
  wanted=${line%% *}
  archive=${line#* ?}
  version=${archive#kgrade-}
  version=${version%-"$target".tar.gz}
  echo "kgrade $version for $target, from $REPOSITORY"
  curl --fail --silent --show-error --location --retry 3 --max-time 300 --output "$into/$archive" \
    "$GITHUB_SERVER_URL/$REPOSITORY/releases/download/$version/$archive" ||
    fail "$archive cannot be fetched from the releases of $REPOSITORY; run the job again, or look there whether $version exists"
  seen=$(digest "$into/$archive")
  if [ "$seen" != "$wanted" ]; then
    rm -f "$into/$archive"
    fail "$archive has the SHA-256 $seen, SHA256SUMS says $wanted: this is not the file that was released"
  fi
  tar -xzf "$into/$archive" -C "$into" --strip-components 1 "${archive%.tar.gz}/kgrade"
  rm -f "$into/$archive"
}

from_source() {
  local root
  root=$(cd "$here/../../.." && pwd)
  echo "building kgrade from its sources; this takes some minutes (docs/github.md says how to use a release)"
  command -v cargo >/dev/null || fail "there is no cargo on this runner to build kgrade with"
  (cd "$root" && cargo build --release --locked --bin kgrade --target-dir "$RUNNER_TEMP/kgrade-build") || fail "kgrade cannot be built"
  cp "$RUNNER_TEMP/kgrade-build/release/kgrade" "$into/kgrade"
}

rm -rf "$into"
mkdir -p "$into"
origin=source
if [ "${BUILD:-false}" != true ] && [ -f "$pins" ]; then origin=release; fi
"from_$origin"
chmod 755 "$into" "$into/kgrade"
version=$("$into/kgrade" --version)
echo "$version"
{
  echo "path=$into/kgrade"
  echo "version=$version"
  echo "origin=$origin"
  # What kgrade fetches belongs to its version: the same kgrade finds it again, another one begins anew.
  echo "cache-key=kgrade-kafka-$RUNNER_OS-$RUNNER_ARCH-$(digest "$into/kgrade" | cut -c 1-16)"
} >>"$GITHUB_OUTPUT"
