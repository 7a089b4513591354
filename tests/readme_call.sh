#!/usr/bin/env bash
# The whole call that the README shows: it must reach an engineer, with a ticket and a call log.
set -euo pipefail
cd "$(dirname "$0")/.."

heard=$(printf '%s\n' 1 푸른별상사 홍예시 1 '운영 서버가 다운됐어요' ':rings answered' \
  | ${DIALGRAPH:-cargo run -q --locked --} call --at 2026-11-20T10:00:00+09:00 --from +82-10-0000-0101)
printf '%s\n' "$heard"

for wanted in '= rings +821000000201 for 20 s' '! tickets.create urgent' '! records.put call_logs/' 'Disposition: transferred'; do
  grep -qF -- "$wanted" <<<"$heard" || { echo "missing: $wanted" >&2; exit 1; }
done
