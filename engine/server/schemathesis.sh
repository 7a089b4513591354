#!/bin/sh
# Holds a live server to its two OpenAPI documents, of the calls API and of the admin API, with schemathesis: requests
# that fit the document and requests that do not, single and linked, must be answered as the document says, and never
# with a server error.
#
#     engine/server/schemathesis.sh [BINARY]      default: target/debug/dialgraph
#
# Needs python3 with venv; schemathesis comes from PyPI into target/schemathesis.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=${1:-$root/target/debug/dialgraph}
venv=$root/target/schemathesis
[ -x "$venv/bin/schemathesis" ] || {
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet 'schemathesis>=4.5,<5'
}

work=$(mktemp -d)
# Webhooks and messages of KakaoTalk are taken where there are secrets; requests without proof, and with made-up ones, are refused.
secret=$(head -c 24 /dev/urandom | base64)
# It is read at once, maybe before the process that writes it has begun.
: >"$work/log"
DIALGRAPH_STORE__FOLDER=$work/store DIALGRAPH_SERVER__LISTEN=127.0.0.1:0 DIALGRAPH_LOG__LEVEL=warn \
    DIALGRAPH_TICKETS__INCOMING_SECRETS=whsec_$secret DIALGRAPH_TICKETS__ZENDESK_SECRETS=$secret \
    DIALGRAPH_KAKAO__SECRETS=$secret \
    "$binary" serve --project "$root/flows/support-desk" 2>"$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM

url=
for _ in $(seq 600); do
    url=$(sed -n 's/.*takes calls at \(http[^ ]*\).*/\1/p' "$work/log")
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 2; }
    sleep 0.1
done
[ -n "$url" ] || { echo "the server did not start" >&2; cat "$work/log" >&2; exit 2; }

# hold DOCUMENT EXAMPLES
hold() {
    SCHEMATHESIS_HOOKS=$root/engine/server/schemathesis_hooks.py "$venv/bin/schemathesis" run "$url/$1" \
        --url "$url" \
        --max-examples "$2" \
        --seed "${SEED:-1}" \
        --exclude-checks positive_data_acceptance \
        --no-color || { echo "--- the server's log" >&2; tail -n 40 "$work/log" >&2; exit 1; }
}

# Events of one call in any order answer 409 by design, so "positive data is accepted" is not asked for there, and a
# path without its call is a 404. Nor is it of the admin API: whatever is made up is no flow and no plugin. That API
# comes last, for it changes what calls find.
hold openapi.json "${EXAMPLES:-60}"
hold openapi-admin.json "${ADMIN_EXAMPLES:-12}"
