#!/usr/bin/env bash
# The Helm chart: linted and rendered by Helm's own library, each object held against Kubernetes' schemas. Both come from
# PyPI into a virtual environment in the target folder; no cluster is asked.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
venv="$target/helm-check"
if ! [ -x "$venv/bin/kubernetes-validate" ]; then
  command -v python3 >/dev/null || { echo "the check needs Python: install python3 with venv"; exit 2; }
  python3 -m venv "$venv" && "$venv/bin/pip" install -q 'helm-python-sdk==0.2.2' 'kubernetes-validate==1.33.*' pyyaml
fi
"$venv/bin/python" - packaging/helm/dialgraph <<'PY'
import re, sys
import helm_python as helm
import kubernetes_validate, yaml

folder, failed = sys.argv[1], False
def complain(words):
    global failed
    failed = True
    print(f"FAIL  {words}")

report = helm.lint(folder, strict=True)
messages = report.get("messages") or []
for message in messages:
    # An icon is for a market that this chart is in none of.
    if "icon is recommended" not in str(message):
        complain(f"lint: {message}")
print(f"ok    lint by Helm {helm.helm_sdk_version()}")
shared = {"replicas": 3, "store": {"backend": "dynamodb", "table": "desk"}, "settings": {"DIALGRAPH_LOG__LEVEL": "info"}}
for title, values in {"one process": {}, "three over one table": shared}.items():
    with helm.Chart.load(folder) as chart:
        rendered = chart.render(values, name="desk", namespace="calls")
    objects = [o for text in rendered.values() for o in yaml.safe_load_all(text) if o]
    for found in objects:
        try:
            kubernetes_validate.validate(found, "1.33", strict=True)
        except kubernetes_validate.ValidationError as error:
            complain(f"{title}: {found['kind']}: {error}")
    print(f"ok    {title}: {', '.join(sorted(o['kind'] for o in objects))}")
    engine = next(o for o in objects if o["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    if not (engine["securityContext"]["runAsNonRoot"] and engine["containers"][0]["securityContext"]["readOnlyRootFilesystem"]):
        complain(f"{title}: the engine could be root or write to its root")
for title, values in {"three processes over one sled store": {"replicas": 3}, "a misspelt key": {"replica": 3}}.items():
    try:
        with helm.Chart.load(folder) as chart:
            chart.render(values, name="desk", namespace="calls")
        complain(f"{title} was taken")
    except helm.HelmError as error:
        print(f"ok    {title}: refused: {re.sub(chr(10), ' ', str(error))[-110:]}")
sys.exit(failed)
PY
