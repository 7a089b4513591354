# For the scripts that start servers; sourced.

# alive LEADER: whether anybody of the process group of LEADER still runs. Who has ended and was reaped by nobody does not.
alive() {
  # Whoever ends meanwhile cannot be read any more, which is no failure of this look.
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } | sed 's/.*) //' |
    awk -v group="$1" '$3 == group && $1 != "Z" { found = 1 } END { exit !found }'
}

# end_group LEADER: ends the process group of LEADER, which `setsid` has made, and returns when it is gone. A server that stops
# in order outlives the shell that started it, and goes on writing into the folder that the script is about to remove.
end_group() {
  [ -n "$1" ] || return 0
  kill -TERM -- "-$1" 2>/dev/null || true
  for _ in $(seq 300); do
    alive "$1" || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
  for _ in $(seq 100); do
    alive "$1" || return 0
    sleep 0.1
  done
  echo "process group $1 does not end" >&2
}
