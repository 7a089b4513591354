#!/usr/bin/env bash
# The README's Connect quick start on one machine: engine, Lambda function under cargo-lambda, bridge flow, and a whole
# call through a stand-in for Amazon Connect. Everything that it starts it ends.
set -euo pipefail
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
if ! command -v cargo-lambda >/dev/null; then
  venv="$target/cargo-lambda"
  [ -x "$venv/bin/cargo-lambda" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'cargo-lambda==1.9.*'; }
  export PATH="$venv/bin:$PATH"
fi
cargo build -q --locked -p dialgraph -p dialgraph-lambda

work="$(mktemp -d)"
engine=""
watch=""
stop() {
  [ -z "$watch" ] || kill -- "-$watch" 2>/dev/null || true
  [ -z "$engine" ] || kill "$engine" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
engine_port="$(port)"
lambda_port="$(port)"
key="$(openssl rand -hex 32)"

DIALGRAPH_SERVER__LISTEN="127.0.0.1:$engine_port" DIALGRAPH_STORE__FOLDER="$work/store" \
  DIALGRAPH_CONNECT__KEYS="here:$key" "$target/debug/dialgraph" serve 2>"$work/engine.log" &
engine=$!
DIALGRAPH_URL="http://127.0.0.1:$engine_port" DIALGRAPH_KEY_ID=here DIALGRAPH_KEY="$key" \
  DIALGRAPH_FALLBACK_QUEUE=general setsid cargo lambda watch --quiet --ignore-changes --locked -p dialgraph-lambda \
  --bin dialgraph-lambda --invoke-address 127.0.0.1 --invoke-port "$lambda_port" >"$work/lambda.log" 2>&1 &
watch=$!
for _ in $(seq 300); do
  if grep -q 'takes calls at' "$work/engine.log"; then break; fi
  kill -0 "$engine" 2>/dev/null || { cat "$work/engine.log" >&2; exit 1; }
  sleep 0.2
done
for _ in $(seq 120); do
  if python3 -c "import socket; socket.create_connection(('127.0.0.1', $lambda_port), 1)" 2>/dev/null; then break; fi
  sleep 0.5
done

at=arn:aws:connect:ap-northeast-2:111122223333:instance/here/queue
queues=()
for queue in $(sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' flows/data/queues.yaml); do queues+=(--queue "$queue=$at/$queue"); done
"$target/debug/dialgraph" connect bridge-flow "${queues[@]}" \
  --lambda-arn arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph \
  --lex-bot-alias-arn ko-KR=arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/ko-KR \
  --lex-bot-alias-arn en-US=arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/en-US >"$work/bridge.json"
"$target/debug/dialgraph" connect lint "$work/bridge.json"

call() {
  printf '%s\n' "$@" |
    cargo run -q --locked -p dialgraph-tests --example connect_call -- "$work/bridge.json" "http://127.0.0.1:$lambda_port"
}
heard="$(call 1 푸른별상사 홍예시 1 '운영 서버가 다운됐어요')"
if grep -qF '상담 시간이 아닙니다' <<<"$heard"; then
  # Out of office hours the caller is first asked whether it is urgent.
  heard="$(call 1 1 푸른별상사 홍예시 1)"
fi
printf '%s\n' "$heard"
grep -qF 'queue/msp-emergency' <<<"$heard" || { cat "$work/engine.log" "$work/lambda.log" >&2; exit 1; }
