#!/usr/bin/env bash
# Packs one built kgrade: DIST/kgrade-VERSION-TARGET.tar.gz with the program, the licence and the README.
#
# Reads: VERSION (v0.1.0), TARGET (a Rust target), BINARY (the program), DIST (a folder). The version must be the one that
# the program says: a tag that does not fit Cargo.toml is found here, not by those who install it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

said=$("$BINARY" --version)
if [ "$said" != "kgrade ${VERSION#v}" ]; then
  echo "::error title=release::the program says '$said', the tag says $VERSION: set the version in Cargo.toml"
  exit 1
fi
name="kgrade-$VERSION-$TARGET"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/$name" "$DIST"
cp "$BINARY" "$place/$name/kgrade"
cp "$root/LICENSE" "$root/README.md" "$place/$name/"
chmod 755 "$place/$name/kgrade"
tar -czf "$DIST/$name.tar.gz" -C "$place" "$name"
echo "$DIST/$name.tar.gz"
