#!/usr/bin/env bash
# The function that has the engine within, under cargo-lambda's emulation of AWS Lambda, with a table of DynamoDB behind it
# (moto stands in for it), and a whole call through a stand-in for Amazon Connect. Then the function is killed in mid-call, and
# another process of it goes on with the call. Everything that it starts it ends.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
if ! command -v cargo-lambda >/dev/null; then
  venv="$target/cargo-lambda"
  [ -x "$venv/bin/cargo-lambda" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q 'cargo-lambda==1.9.*'; }
  export PATH="$venv/bin:$PATH"
fi
# With PREBUILT set, what `cargo test --workspace` has built is taken as it is.
built="${PREBUILT:-}"
# The function reads the environment, and refuses what it does not know.
unset PREBUILT DIALGRAPH
[ -n "$built" ] || {
  cargo build -q --locked -p dialgraph --features dialgraph/full -p dialgraph-serverless
  cargo build -q --locked -p dialgraph-tests --example connect_call
  # Puts moto where the tests have it.
  cargo test -q --locked -p dialgraph-stand-ins >/dev/null
}

work="$(mktemp -d)"
table=""
apis=""
function=""
stop() {
  [ -z "$function" ] || kill "$function" 2>/dev/null || true
  [ -z "$apis" ] || kill "$apis" 2>/dev/null || true
  [ -z "$table" ] || kill "$table" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

export AWS_REGION=ap-northeast-2 AWS_ACCESS_KEY_ID=stand-in AWS_SECRET_ACCESS_KEY=stand-in AWS_EC2_METADATA_DISABLED=true
mkfifo "$work/open"
# The stand-in ends with whoever holds its input open.
"$target/stand-ins/venv/bin/python" tests/stand-ins/run.py moto <"$work/open" >"$work/moto" 2>/dev/null &
table=$!
exec 9>"$work/open"
until grep -q listening "$work/moto"; do
  kill -0 "$table" 2>/dev/null || { echo "moto does not start" >&2; exit 1; }
  sleep 0.1
done
AWS_ENDPOINT_URL="http://127.0.0.1:$(sed 's/listening on //' "$work/moto")"
export AWS_ENDPOINT_URL
"$target/debug/dialgraph" store create-table --table desk

"$target/debug/dialgraph-serverless" --precompile flows/support-desk "$work/plugins-cache"
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
# cargo-lambda offers Lambda's APIs; the function is started beside it, as it was built, so that nothing is compiled again.
cargo lambda watch --quiet --only-lambda-apis --invoke-address 127.0.0.1 --invoke-port "$port" >"$work/apis.log" 2>&1 9>&- &
apis=$!
for _ in $(seq 240); do
  if python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; then break; fi
  kill -0 "$apis" 2>/dev/null || { cat "$work/apis.log" >&2; exit 1; }
  sleep 0.25
done
start() {
  DIALGRAPH_FALLBACK_QUEUE=general DIALGRAPH_STORE__TABLE=desk DIALGRAPH_STORE__FOLDER="$work/$1" \
    DIALGRAPH_PROJECT__FOLDER="$PWD/flows/support-desk" DIALGRAPH_PLUGINS__CACHE="$work/plugins-cache" \
    AWS_LAMBDA_RUNTIME_API="http://127.0.0.1:$port/.rt/dialgraph-serverless" AWS_LAMBDA_FUNCTION_NAME=dialgraph-serverless \
    AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512 \
    "$target/debug/dialgraph-serverless" >"$work/$1.log" 2>&1 9>&- &
  function=$!
  # A round of its chores waits until the engine is there.
  for _ in $(seq 60); do
    kill -0 "$function" 2>/dev/null || break
    if invoke '{"source":"aws.events","detail-type":"Scheduled Event"}' 2>/dev/null | grep -q open_calls; then return; fi
    sleep 0.5
  done
  cat "$work/$1.log" >&2
  exit 1
}
invoke() {
  timeout 60 cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port "$port" --data-ascii "$1" dialgraph-serverless
}
call() {
  printf '%s\n' "$@" | "$target/debug/examples/connect_call" \
    "$work/bridge.json" "http://127.0.0.1:$port/dialgraph-serverless"
}

at=arn:aws:connect:ap-northeast-2:111122223333:instance/here/queue
queues=()
for queue in $(sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' flows/support-desk/data/queues.yaml); do queues+=(--queue "$queue=$at/$queue"); done
"$target/debug/dialgraph" connect bridge-flow "${queues[@]}" \
  --lambda-arn arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph \
  --lex-bot-alias-arn ko-KR=arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/ko-KR \
  --lex-bot-alias-arn en-US=arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/en-US >"$work/bridge.json"

start first
heard="$(call 1 푸른별상사 홍예시 1 '운영 서버가 다운됐어요')"
if grep -qE '상담 시간이 아닙니다|휴무입니다' <<<"$heard"; then
  # Out of office hours the caller is first asked whether it is urgent.
  heard="$(call 1 1 푸른별상사 홍예시 1)"
fi
printf '%s\n' "$heard"
grep -qF 'Ringing("+821000000201")' <<<"$heard" || { cat "$work/first.log" >&2; exit 1; }

# A process that never saw the call goes on with it: everything is in the table.
turn() {
  python3 - "$1" "$2" <<'PY'
import json, sys
turn, key = sys.argv[1:]
contact = "11111111-2222-3333-4444-555555555555"
parameters = {"turn": turn, "did": "pressed", "input": key} if turn != "0" else {}
print(json.dumps({"Name": "ContactFlowEvent", "Details": {"ContactData": {
    "ContactId": contact, "InitialContactId": contact, "Channel": "VOICE", "LanguageCode": "ko-KR",
    "InitiationMethod": "INBOUND", "Queue": None,
    "InstanceARN": "arn:aws:connect:ap-northeast-2:111122223333:instance/here"}, "Parameters": parameters}}))
PY
}
first="$(invoke "$(turn 0 -)")"
kill -9 "$function"
wait "$function" 2>/dev/null || true
function=""
start second
second="$(invoke "$(turn 1 1)")"
python3 - "$first" "$second" <<'PY'
import json, sys
first, second = map(json.loads, sys.argv[1:])
assert first["action"] == "listen" and first["turn"] == "1", first
assert second["action"] == "listen" and second["turn"] == "2", second
print(f"killed after turn {first['turn']}, went on with turn {second['turn']} in another process")
PY
