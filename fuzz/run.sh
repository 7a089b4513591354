#!/usr/bin/env bash
# Fuzzes: `fuzz/run.sh MINUTES [TARGET ...]`, each target for so long; all of them if none is named.
#
# Begins with fuzz/corpus/TARGET and what earlier runs have found (kept in fuzz/target/found, not in the repository).
# What fails is kept in fuzz/artifacts/TARGET; add it to the corpus with the fix. Needs a nightly toolchain
# (`rustup toolchain install nightly`) and cargo-fuzz (installed into fuzz/target if it is not there).
set -euo pipefail
cd "$(dirname "$0")"

minutes="${1:?usage: fuzz/run.sh MINUTES [TARGET ...]}"
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(signature connect_event flow_parser project script_parser plugin_loader stored)
nightly="${FUZZ_TOOLCHAIN:-nightly}"

if ! command -v cargo-fuzz >/dev/null; then
  [ -x target/tools/bin/cargo-fuzz ] || cargo install -q --locked --root target/tools cargo-fuzz
  export PATH="$PWD/target/tools/bin:$PATH"
fi

# The feature, the longest input, and the megabytes that it may use.
about() {
  case "$1" in
    signature) echo connect 4096 2048 ;;
    connect_event) echo connect 65536 2048 ;;
    flow_parser) echo flow 16384 2048 ;;
    project) echo flow 32768 2048 ;;
    script_parser) echo script 16384 2048 ;;
    stored) echo stored 65536 2048 ;;
    # Pools of linear memory are reserved, and components compiled: both count.
    plugin_loader) echo plugin 262144 4096 ;;
    *) echo "no target is named $1" >&2; exit 2 ;;
  esac
}

failed=()
for name in "${targets[@]}"; do
  read -r feature longest megabytes <<<"$(about "$name")"
  found="target/found/$name"
  mkdir -p "$found"
  printf '== %s, %s min\n' "$name" "$minutes"
  seconds="$(python3 -c 'import sys; print(round(float(sys.argv[1]) * 60))' "$minutes")"
  cargo "+$nightly" fuzz run --features "$feature" --fuzz-dir . "$name" "$found" "corpus/$name" -- \
    "-max_total_time=$seconds" "-max_len=$longest" "-rss_limit_mb=$megabytes" -timeout=20 -print_final_stats=1 \
    || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
