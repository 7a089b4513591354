#!/bin/sh
# Checks the alert rules, tries them, and checks that the dashboard is what dashboard.py writes and that rules and
# dashboard name only figures that the server has. Needs python3, and promtool: where that is missing it is fetched from
# Debian's package `prometheus`, as root or not, and where it cannot be had this fails.
# With the address of a running server (`check.sh http://127.0.0.1:7700`) its figures are checked, too.
set -eu
cd "$(dirname "$0")"

if ! command -v promtool >/dev/null; then
    tools=$(cd ../../.. && pwd)/target/tools/prometheus
    if [ ! -x "$tools/usr/bin/promtool" ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        # Unpacked, not installed: no service is started, and nothing outside target/ changes.
        mkdir -p "$tools"
        (
            cd "$tools"
            apt-get download prometheus || { apt-get update && apt-get download prometheus; }
            dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
            rm prometheus_*.deb
        ) >/dev/null || true
    fi
    PATH="$tools/usr/bin:$PATH"
fi
command -v promtool >/dev/null || {
    echo "promtool is missing and could not be fetched; install Prometheus (Debian: apt-get install prometheus)" >&2
    exit 2
}

promtool check rules alerts.yaml
promtool test rules alerts.test.yaml
python3 dashboard.py | diff -u dashboard.json - || { echo "dashboard.json: run python3 dashboard.py > dashboard.json" >&2; exit 1; }

known=$(grep -oh '"dialgraph_[a-z_]*"' ../src/telemetry/metrics.rs | tr -d '"' | sort -u)
named=$(grep -oh 'dialgraph_[a-z_]*' alerts.yaml dashboard.json | sort -u)
for name in $named; do
    base=$(echo "$name" | sed 's/_bucket$//; s/_count$//; s/_sum$//')
    echo "$known" | grep -qx "$name" || echo "$known" | grep -qx "$base" || {
        echo "$name is no figure of the server" >&2
        exit 1
    }
done

if [ $# -gt 0 ]; then
    # promtool also lints names; what it says about them does not make figures unreadable.
    curl -sf "$1/metrics" | promtool check metrics
fi
echo "rules, dashboard and figures fit together"
