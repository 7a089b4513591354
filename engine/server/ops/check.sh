#!/bin/sh
# Checks the alert rules, tries them, and checks that the dashboard is what dashboard.py writes and that rules and
# dashboard name only figures that the server has. Needs promtool (Debian: `apt-get install prometheus`) and python3.
# With the address of a running server (`check.sh http://127.0.0.1:7700`) its figures are checked, too.
set -eu
cd "$(dirname "$0")"

promtool check rules alerts.yaml
promtool test rules alerts.test.yaml
python3 dashboard.py | diff -u dashboard.json - || { echo "dashboard.json: run python3 dashboard.py > dashboard.json" >&2; exit 1; }

known=$(grep -oh '"dialgraph_[a-z_]*"' ../src/telemetry/figures.rs | tr -d '"' | sort -u)
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
