#!/usr/bin/env bash
# The README's "First five minutes with Amazon Connect", by its own words: the shell blocks of that section are taken from the
# README and run, one after the other, on ports that are free. Everything that it starts it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/processes.sh

target="${CARGO_TARGET_DIR:-$PWD/target}"
if ! command -v cargo-lambda >/dev/null; then
  venv="$target/cargo-lambda"
  [ -x "$venv/bin/cargo-lambda" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'cargo-lambda==1.9.*'; }
  export PATH="$venv/bin:$PATH"
fi
cargo build -q --locked -p dialgraph -p dialgraph-lambda
# The README calls the command by its name.
export PATH="$target/debug:$PATH"

work="$(mktemp -d)"
engine=""
watch=""
stop() {
  end_group "$watch"
  end_group "$engine"
  rm -rf "$work"
}
trap stop EXIT
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
engine_port="$(port)"
lambda_port="$(port)"

# block N: the N-th shell block of the section, with the files in a folder of their own and the ports that are free.
block() {
  awk -v wanted="$1" '
    /^## / { here = /Amazon Connect$/ }
    here && /^```sh$/ { number++; inside = (number == wanted); next }
    /^```$/ { inside = 0 }
    inside' README.md |
    sed -e "s|/tmp/|$work/|g" -e "s|bridge\.json|$work/bridge.json|g" -e "s|127\.0\.0\.1:7700|127.0.0.1:$engine_port|g" \
      -e "s|127\.0\.0\.1:9000|127.0.0.1:$lambda_port|g" -e '/^pip install/d' \
      -e "s|cargo lambda watch|& --quiet --ignore-changes --invoke-address 127.0.0.1 --invoke-port $lambda_port|"
}
# With PREBUILT set, what `cargo test --workspace` has built is taken as it is.
built() {
  if [ -z "${PREBUILT:-}" ]; then cat; else sed "s|cargo run -p dialgraph-tests --example connect_call --|$target/debug/examples/connect_call|"; fi
}
for number in 1 2 3; do
  block "$number" | built >"$work/$number.sh"
  [ -s "$work/$number.sh" ] || { echo "the README has no shell block $number for Amazon Connect"; exit 1; }
done

DIALGRAPH_SERVER__LISTEN="127.0.0.1:$engine_port" DIALGRAPH_STORE__FOLDER="$work/store" \
  setsid bash -e "$work/1.sh" >"$work/engine.log" 2>&1 &
engine=$!
for _ in $(seq 300); do
  if grep -q "takes calls at http://127.0.0.1:$engine_port" "$work/engine.log"; then break; fi
  kill -0 "$engine" 2>/dev/null || { cat "$work/engine.log" >&2; exit 1; }
  sleep 0.2
done
setsid bash -e "$work/2.sh" >"$work/lambda.log" 2>&1 &
watch=$!
for _ in $(seq 120); do
  if grep -q 'starting Runtime server' "$work/lambda.log"; then break; fi
  sleep 0.5
done

heard="$(bash -e "$work/3.sh")"
if grep -qE '상담 시간이 아닙니다|휴무입니다' <<<"$heard"; then
  # Out of office hours the caller is first asked whether it is urgent, as the README says.
  sed -i "s|^printf .*|printf '%s\\\\n' 1 1 푸른별상사 홍예시 1 \| \\\\|" "$work/3.sh"
  heard="$(bash -e "$work/3.sh")"
fi
dialgraph connect lint "$work/bridge.json"
printf '%s\n' "$heard"
grep -qF 'Ringing("+821000000201")' <<<"$heard" || { cat "$work/engine.log" "$work/lambda.log" >&2; exit 1; }
