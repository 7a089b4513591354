#!/usr/bin/env bash
# The bridge's own tests, with the function as it is built for arm64 and glibc 2.34, run by qemu-user. Needs Debian's
# qemu-user-static and libc6-arm64-cross; builds with cargo-zigbuild from PyPI, unless a binary is given as argument.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
sysroot=/usr/aarch64-linux-gnu
if ! command -v qemu-aarch64-static >/dev/null || [ ! -d "$sysroot" ]; then
  echo "qemu-user-static and libc6-arm64-cross are not installed (both are in Debian)"
  exit 2
fi
binary="${1:-}"
if [ -z "$binary" ]; then
  tools="$target/release-tools"
  [ -x "$tools/bin/cargo-zigbuild" ] || {
    python3 -m venv "$tools" && "$tools/bin/pip" install -q 'cargo-zigbuild==0.24.1' 'ziglang==0.15.*'
  }
  rustup target add aarch64-unknown-linux-gnu
  PATH="$tools/bin:$PATH" cargo zigbuild --quiet --locked --profile small --target aarch64-unknown-linux-gnu.2.34 \
    -p dialgraph-lambda --bin dialgraph-lambda
  binary="$target/aarch64-unknown-linux-gnu/small/dialgraph-lambda"
fi
file="$(realpath "$binary")"
run="$(mktemp)"
trap 'rm -f "$run"' EXIT
printf '#!/bin/sh\nexec qemu-aarch64-static -L %s %s "$@"\n' "$sysroot" "$file" >"$run"
chmod +x "$run"
LAMBDA_UNDER_TEST="$run" cargo test --locked -p dialgraph-lambda --test bridge
