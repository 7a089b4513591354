#!/usr/bin/env bash
# The CloudFormation templates of `dialgraph connect deploy-template`, in every form, under cfn-lint: no error, no
# warning, no remark. And YAML says what JSON says, as CloudFormation's kind of YAML reads it. Takes cfn-lint from PyPI
# into a virtual environment in the target folder. Needs a built `dialgraph`, or builds it.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=1.58.0
target="${CARGO_TARGET_DIR:-$PWD/target}"
venv="$target/cfn-lint-$version"
if [ ! -x "$venv/bin/cfn-lint" ]; then
  command -v python3 >/dev/null || { echo "cfn-lint needs Python: install python3 with venv"; exit 2; }
  python3 -m venv "$venv" && "$venv/bin/pip" install -q "cfn-lint==$version"
fi
# With PREBUILT set, what `cargo test --workspace` has built is taken as it is.
[ -n "${PREBUILT:-}" ] || cargo build -q --locked -p dialgraph
dialgraph="$target/debug/dialgraph"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

bot=arn:aws:lex:ap-northeast-2:111122223333:bot-alias/ABCDEFGHIJ
services=(--lex-bot default=ABCDEFGHIJ/KLMNOPQRST --model apac.anthropic.claude-3-haiku-20240307-v1:0
  --embedding-model amazon.titan-embed-text-v2:0 --guardrail default=abcdefghij/1 --polly)
# print NAME ARGUMENTS…: the template in both formats.
print() {
  local name="$1"
  shift
  "$dialgraph" connect deploy-template "$@" 2>>"$work/warnings" >"$work/$name.yaml"
  "$dialgraph" connect deploy-template "$@" --format json 2>>"$work/warnings" >"$work/$name.json"
}
print bridge
print bridge-with-all --table "${services[@]}" --holidays 2026-11-26..2027-12-31 --attribute company \
  --lex-bot-alias-arn "ko-KR=$bot/KOKOKOKOKO" --lex-bot-alias-arn "en-US=$bot/ENENENENEN"
print serverless --form serverless
print serverless-with-all --form serverless "${services[@]}" --holidays 2026-11-26..2027-12-31 \
  --lex-bot-alias-arn "$bot/KLMNOPQRST"

"$venv/bin/cfn-lint" --version
# ap-northeast-2 and us-east-1 stand for all regions that have Amazon Connect.
"$venv/bin/cfn-lint" --include-checks I --regions ap-northeast-2 us-east-1 -- "$work"/*.yaml "$work"/*.json
"$venv/bin/python" - "$work"/*.json <<'PY'
import json, pathlib, sys
import yaml

failed = False
for path in map(pathlib.Path, sys.argv[1:]):
    told = json.loads(path.read_text())
    # YAML 1.1, which turns an unquoted `no` or `2012-10-17` into something that is no text.
    read = yaml.safe_load(path.with_suffix(".yaml").read_text())
    size = path.stat().st_size
    small = len(json.dumps(told, ensure_ascii=False).encode())
    same = read == told
    failed |= not same
    kinds = len({r["Type"] for r in told["Resources"].values()})
    print(f"{'ok  ' if same else 'FAIL'}  {path.stem}: {len(told['Resources'])} resources of {kinds} types, "
          f"{path.with_suffix('.yaml').stat().st_size} bytes of YAML, {small} of JSON")
    if small > 1_000_000:
        failed = True
        print("FAIL  larger than CloudFormation takes from a bucket")
sys.exit(failed)
PY
