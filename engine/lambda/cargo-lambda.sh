#!/usr/bin/env bash
# The bridge under cargo-lambda's emulation of AWS Lambda, with the engine up, slow, refusing, failing, talking nonsense
# and dead. Takes cargo-lambda from PATH, or puts it (PyPI) into a virtual environment in the target folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/processes.sh

target="${CARGO_TARGET_DIR:-$PWD/target}"
here="engine/lambda/tests/cargo_lambda"
secret="$(printf '5a%.0s' {1..32})"

if ! command -v cargo-lambda >/dev/null; then
  venv="$target/cargo-lambda"
  [ -x "$venv/bin/cargo-lambda" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'cargo-lambda==1.9.*'; }
  export PATH="$venv/bin:$PATH"
fi

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
engine_port="$(free_port)"
lambda_port="$(free_port)"
work="$(mktemp -d)"
engine=""
watch=""
stop() {
  end_group "$watch"
  [ -z "$engine" ] || kill "$engine" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

python3 "$here/stand_in.py" "$engine_port" "$secret" &
engine=$!

cat >"$work/env" <<ENV
DIALGRAPH_URL=http://127.0.0.1:$engine_port
DIALGRAPH_KEY_ID=2026-11
DIALGRAPH_KEY=$secret
DIALGRAPH_BUDGET_MS=2000
DIALGRAPH_FALLBACK_QUEUE=night-desk
ENV
# Built first, so that nothing that is measured in seconds waits for a compiler.
cargo build -q --locked -p dialgraph-lambda
# In a group of its own: cargo-lambda leaves the function running when it is ended alone.
setsid cargo lambda watch --quiet --ignore-changes --locked -p dialgraph-lambda --bin dialgraph-lambda \
  --invoke-address 127.0.0.1 --invoke-port "$lambda_port" --env-file "$work/env" >"$work/log" 2>&1 &
watch=$!

invoke() {
  cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port "$lambda_port" --data-file "$here/$1" dialgraph-lambda
}

mode() {
  python3 - "$engine_port" "$1" <<'PY'
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/mode", sys.argv[2].encode(), method="PUT"))
PY
}

failures=0
# expect TITLE EVENT PYTHON: invokes, and looks at the answer `a`.
expect() {
  local answer
  answer="$(invoke "$2" 2>&1)" || true
  if ANSWER="$answer" python3 -c "
import json, os, sys
try:
    a = json.loads(os.environ['ANSWER'])
except ValueError:
    sys.exit(1)
sys.exit(not ($3))"; then
    printf 'ok    %s\n' "$1"
  else
    printf 'FAIL  %s\n      %s\n' "$1" "$answer"
    failures=$((failures + 1))
  fi
}

up='a["action"] == "listen" and a["heard"] == "2"'
fallback() {
  printf 'a["action"] == "fallback" and a["reason"] == "%s" and a["queue"] == "night-desk" and all(a.values())' "$1"
}

for _ in $(seq 120); do
  if python3 -c "import socket; socket.create_connection(('127.0.0.1', $lambda_port), 1)" 2>/dev/null; then break; fi
  sleep 0.5
done
expect "engine up" turn.json "$up"
expect "engine up, warm" turn.json "$up"
mode once
expect "engine that fails once" turn.json "$up"
mode failing
expect "engine that fails" turn.json "$(fallback engine-failed)"
mode refusing
expect "engine that refuses the signature" turn.json "$(fallback engine-unauthorized)"
mode garbage
expect "engine that talks nonsense" turn.json "$(fallback engine-bad-answer)"
mode slow
expect "engine that is slow" turn.json "$(fallback engine-slow)"
mode up
expect "engine that is well again" turn.json "$up"
kill "$engine"
wait "$engine" 2>/dev/null || true
engine=""
expect "dead engine" turn.json "$(fallback engine-unreachable)"
expect "Lex needs no engine" lex.json 'a["sessionState"]["sessionAttributes"]["transcript"] == "42"'

lines="$(grep -c '"message":"turn"' "$work/log" || true)"
if [ "$lines" -ne 9 ] || grep -qE '서버가|12025550123|"42"' "$work/log"; then
  printf 'FAIL  the log has one line for each turn and nothing of the caller\n'
  cat "$work/log"
  failures=$((failures + 1))
else
  printf 'ok    the log has one line for each turn and nothing of the caller\n'
fi
[ "$failures" -eq 0 ] || { printf '%s failed; the end of the log:\n' "$failures"; tail -20 "$work/log"; exit 1; }
