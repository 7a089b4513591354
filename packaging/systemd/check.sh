#!/usr/bin/env bash
# The unit is one that systemd takes, it is confined well, and the engine makes no system call that the unit forbids.
# Takes the binary as its argument (default: the debug build). Needs systemd-analyze and strace (Debian: systemd, strace).
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
dialgraph="$(realpath "${1:-$target/debug/dialgraph}")"
unit=packaging/systemd/dialgraph.service
# `systemd-analyze security` counts exposure from 0 (none) to 10; what the unit cannot forgo is named in it.
most_exposed=1.5
for tool in systemd-analyze strace python3; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed (Debian: systemd, strace, python3)"; exit 2; }
done
[ -x "$dialgraph" ] || { echo "there is no $dialgraph; build it: cargo build -p dialgraph"; exit 2; }

work="$(mktemp -d)"
server=""
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

# In a root of its own, where the binary is where the unit looks for it.
root="$work/root"
mkdir -p "$root/usr/bin" "$root/etc/systemd/system"
cp "$dialgraph" "$root/usr/bin/dialgraph"
cp "$unit" "$root/etc/systemd/system/"
for target_unit in network-online.target multi-user.target basic.target sysinit.target shutdown.target system.slice; do
  printf '[Unit]\nDescription=%s\n' "$target_unit" >"$root/etc/systemd/system/$target_unit"
done
told="$(systemd-analyze verify --root="$root" --man=no "$root/etc/systemd/system/dialgraph.service" 2>&1 |
  grep -i dialgraph || true)"
[ -z "$told" ] || { printf 'FAIL  systemd-analyze verify\n%s\n' "$told"; exit 1; }
echo "ok    systemd-analyze verify"

systemd-analyze security --offline=true --no-pager "$unit" >"$work/security"
exposure="$(sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p' "$work/security")"
if ! python3 -c "import sys; sys.exit(not float('$exposure') <= $most_exposed)"; then
  cat "$work/security"
  printf 'FAIL  exposure %s, at most %s\n' "$exposure" "$most_exposed"
  exit 1
fi
printf 'ok    systemd-analyze security: exposure %s\n' "$exposure"
sed -n 's/^✗ */      /p' "$work/security"

# What the engine asks of the kernel, from the start through a call to its end.
cat >"$work/dialgraph.toml" <<'TOML'
[server]
listen = "127.0.0.1:0"
TOML
# It is read at once, maybe before the process that writes it has begun.
: >"$work/log"
env -i PATH="$PATH" HOME="$work" DIALGRAPH_CACHE="$work/cache" DIALGRAPH_PROJECT__FOLDER="$PWD/flows/support-desk" \
  DIALGRAPH_STORE__FOLDER="$work/store" NOTIFY_SOCKET="$work/nobody" \
  strace --follow-forks --quiet=all --trace=all --output="$work/calls" \
  "$dialgraph" serve --config "$work/dialgraph.toml" 2>"$work/log" &
server=$!
for _ in $(seq 600); do
  address="$(sed -n 's|.*takes calls at http://||p' "$work/log")"
  [ -z "$address" ] || break
  kill -0 "$server" 2>/dev/null || { cat "$work/log"; exit 1; }
  sleep 0.5
done
"$dialgraph" health --ready --server "http://$address"
python3 - "$address" <<'PY'
import json, sys, urllib.request

def ask(path, body):
    url = f"http://{sys.argv[1]}/v1/calls{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request))

answer = ask("", {"id": "checked"})
answer = ask("/checked/turns", {"event": "pressed", "keys": "1", "turn": answer["turn"]})
answer = ask("/checked/turns", {"event": "hung_up", "turn": answer["turn"]})
assert answer["status"] == "ended", answer
PY
# The child of strace is the engine.
kill -TERM "$(pgrep -P "$server" | head -1)"
wait "$server" || true
server=""
python3 - "$work/calls" <<'PY'
import re, subprocess, sys

made = {m.group(1) for line in open(sys.argv[1], errors="replace")
        if (m := re.match(r"\d+ +([a-z0-9_]+)\(", line))}
sets = {}
for line in subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True).stdout.splitlines():
    if line.startswith("@"):
        current = sets.setdefault(line.strip(), set())
    elif line.strip() and not line.strip().startswith("#"):
        current.add(line.strip())
def members(name):
    out = set()
    for entry in sets[name]:
        out |= members(entry) if entry.startswith("@") else {entry}
    return out
allowed = members("@system-service") | members("@default")
allowed -= members("@privileged") | members("@resources")
# What the unit gives back, call by call.
allowed |= {line.split("=", 1)[1].strip() for line in open("packaging/systemd/dialgraph.service")
            if re.match(r"SystemCallFilter=[a-z]", line)}
forbidden = sorted(made - allowed)
print(f"{'FAIL' if forbidden else 'ok  '}  {len(made)} kinds of system calls, forbidden by the unit: {', '.join(forbidden) or 'none'}")
sys.exit(bool(forbidden))
PY
