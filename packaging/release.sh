#!/usr/bin/env bash
# The archives of a release, each with its size and its SHA-256, in target/release-archives (or the folder given).
#
#   packaging/release.sh [--without-arm64-serverless] [FOLDER]
#
#   dialgraph-VERSION-x86_64-linux.tar.gz         the engine with all features, flows, unit of systemd
#   dialgraph-bridge-VERSION-{x86_64,arm64}.zip   the Lambda function that asks an engine elsewhere
#   dialgraph-serverless-VERSION-{x86_64,arm64}.zip   the one with the engine within, flows, compiled plugins
#
# The same commit gives the same bytes on every machine with the same toolchain: times are the commit's, entries are
# sorted, paths of this machine are in no binary. All are linked against glibc 2.34 by zig, so that they run on Amazon
# Linux 2023 and whatever is younger. Plugins for arm64 are compiled to machine code by running the function under
# qemu-user (Debian: qemu-user-static, libc6-arm64-cross) where this machine is none.
set -euo pipefail
cd "$(dirname "$0")/.."

glibc=2.34
arm64_serverless=yes
if [ "${1:-}" = --without-arm64-serverless ]; then arm64_serverless=no; shift; fi
target="${CARGO_TARGET_DIR:-$PWD/target}"
out="$(realpath -m "${1:-$target/release-archives}")"
version="$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
[ -z "$(git status --porcelain)" ] || echo "warning: there are changes that are in no commit; their time is the last commit's" >&2
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C

tools="$target/release-tools"
[ -x "$tools/bin/cargo-zigbuild" ] || {
  command -v python3 >/dev/null || { echo "cargo-zigbuild needs Python: install python3 with venv"; exit 2; }
  python3 -m venv "$tools" && "$tools/bin/pip" install -q 'cargo-zigbuild==0.24.1' 'ziglang==0.15.*'
}
export PATH="$tools/bin:$PATH"
rustup target add x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu wasm32-wasip2

cargo_home="${CARGO_HOME:-$HOME/.cargo}"
# Where sources lie is nobody's business, and must not make a difference.
export RUSTFLAGS="--remap-path-prefix=$PWD=/dialgraph --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$(rustc --print sysroot)=/rust"

build() { cargo zigbuild --quiet --locked "$@"; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out"/dialgraph-* "$out/SHA256SUMS"

# zip FOLDER FILE: sorted, with the commit's time, `bootstrap` executable.
zip_folder() {
  python3 - "$1" "$2" <<'PY'
import os, pathlib, sys, time, zipfile
root, out = pathlib.Path(sys.argv[1]), sys.argv[2]
# Zip knows no time before 1980.
moment = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), moment)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
        archive.writestr(entry, path.read_bytes())
PY
}

# Wants nothing younger than Amazon Linux 2023 has.
old_enough() {
  local wants
  wants="$(grep -aoE 'GLIBC_[0-9.]+' "$1" | sort -uV | tail -1)"
  [ "$(printf 'GLIBC_%s\n%s\n' "$glibc" "$wants" | sort -V | tail -1)" = "GLIBC_$glibc" ] || {
    echo "$1 wants $wants; Amazon Linux 2023 has GLIBC_$glibc" >&2
    exit 1
  }
}

for machine in x86_64 aarch64; do
  triple="$machine-unknown-linux-gnu"
  name="${machine/aarch64/arm64}"
  build --profile small --target "$triple.$glibc" -p dialgraph-lambda --bin dialgraph-lambda
  binary="$target/$triple/small/dialgraph-lambda"
  old_enough "$binary"
  install -D -m 0755 "$binary" "$work/bridge-$name/bootstrap"
  zip_folder "$work/bridge-$name" "$out/dialgraph-bridge-$version-$name.zip"
done

# serverless MACHINE: the binary that was built, the flows, and plugins as machine code.
serverless() {
  local name="${1/aarch64/arm64}" binary="$target/$1-unknown-linux-gnu/dist/dialgraph-serverless" run=()
  old_enough "$binary"
  if [ "$1" != "$(uname -m)" ]; then
    command -v "qemu-$1-static" >/dev/null || { echo "qemu-$1-static is needed (Debian: qemu-user-static)"; exit 2; }
    run=("qemu-$1-static" -L "/usr/$1-linux-gnu")
  fi
  install -D -m 0755 "$binary" "$work/serverless-$name/bootstrap"
  mkdir -p "$work/serverless-$name/flows"
  git archive HEAD:flows/support-desk | tar -x -C "$work/serverless-$name/flows"
  "${run[@]}" "$binary" --precompile flows/support-desk "$work/serverless-$name/plugins-cache"
  zip_folder "$work/serverless-$name" "$out/dialgraph-serverless-$version-$name.zip"
}

build --profile dist --target "x86_64-unknown-linux-gnu.$glibc" -p dialgraph -p dialgraph-serverless --features dialgraph/full
serverless x86_64
if [ "$arm64_serverless" = yes ]; then
  build --profile dist --target "aarch64-unknown-linux-gnu.$glibc" -p dialgraph-serverless
  serverless aarch64
fi

engine="$target/x86_64-unknown-linux-gnu/dist/dialgraph"
old_enough "$engine"
folder="dialgraph-$version-x86_64-linux"
mkdir -p "$work/$folder"
install -m 0755 "$engine" "$work/$folder/dialgraph"
git archive HEAD flows LICENSE packaging/systemd/dialgraph.service docs | tar -x -C "$work/$folder"
find "$work/$folder" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -cf - "$folder" |
  gzip -9 --no-name >"$out/$folder.tar.gz"

cd "$out"
sha256sum dialgraph-* >SHA256SUMS
printf '\n%12s  %s\n' bytes archive
for archive in dialgraph-*; do printf '%12d  %s\n' "$(stat -c %s "$archive")" "$archive"; done
cat SHA256SUMS
