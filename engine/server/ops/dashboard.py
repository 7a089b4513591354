#!/usr/bin/env python3
"""Writes dashboard.json, the Grafana dashboard: `python3 dashboard.py > dashboard.json`.

A dashboard by hand is a thousand lines of which ten matter; those are here.
"""

import json

RATE = "$__rate_interval"


def panel(title, kind, unit, *targets, width=8):
    return {
        "title": title,
        "type": kind,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if kind == "timeseries" else {},
        "width": width,
        "targets": [
            {"refId": chr(ord("A") + number), "expr": expr, "legendFormat": legend}
            for number, (expr, legend) in enumerate(targets)
        ],
    }


def quantile(q, metric, by):
    return f"histogram_quantile({q}, sum by (le, {by}) (rate({metric}_bucket[{RATE}])))"


def total(metric, by):
    return f"sum by ({by}) (rate({metric}[{RATE}]))"


ROWS = {
    "Callers": [
        panel("Calls in progress", "stat", "short", ("max(dialgraph_open_calls)", ""), width=4),
        panel(
            "Fallback answers, 1 h", "stat", "short",
            ("sum(increase(dialgraph_fallback_answers_total[1h]))", ""), width=4,
        ),
        panel("Turns by outcome", "timeseries", "reqps", (total("dialgraph_turns_total", "outcome"), "{{outcome}}")),
        panel(
            "Turn time by channel", "timeseries", "s",
            (quantile(0.5, "dialgraph_turn_seconds", "channel"), "{{channel}} p50"),
            (quantile(0.99, "dialgraph_turn_seconds", "channel"), "{{channel}} p99"),
        ),
        panel("Calls ended, by disposition", "timeseries", "reqps",
              (total("dialgraph_calls_ended_total", "disposition"), "{{disposition}}")),
        panel("Fallback answers by reason", "timeseries", "reqps",
              (total("dialgraph_fallback_answers_total", "reason"), "{{reason}}")),
        panel("Attributes that calls began without", "timeseries", "reqps",
              (total("dialgraph_attributes_refused_total", "attribute, reason"), "{{attribute}} {{reason}}")),
        panel("Calls whose caller was gone", "timeseries", "reqps", (total("dialgraph_calls_reaped_total", "instance"), "{{instance}}")),
    ],
    "Queues": [
        panel("Callers given to queues", "timeseries", "reqps", (total("dialgraph_queue_entries_total", "queue"), "{{queue}}")),
        panel("Time until in the queue, p90", "timeseries", "s",
              (quantile(0.9, "dialgraph_queue_entry_after_seconds", "queue"), "{{queue}}")),
        panel("Wait in the queue, p90, and the promise", "timeseries", "s",
              (quantile(0.9, "dialgraph_queue_wait_seconds", "queue"), "{{queue}}"),
              ("max by (queue) (dialgraph_queue_sla_seconds)", "{{queue}} promised")),
        panel("Callers who left a queue, by its promise", "timeseries", "short",
              ("sum by (queue, promise) (increase(dialgraph_queue_left_total[1h]))", "{{queue}} {{promise}}"), width=12),
        panel("Promises kept, 1 h", "timeseries", "percentunit",
              ('sum by (queue) (increase(dialgraph_queue_left_total{promise="met"}[1h]))'
               ' / sum by (queue) (increase(dialgraph_queue_left_total{promise=~"met|missed"}[1h]))', "{{queue}}"), width=12),
    ],
    "Nodes and plugins": [
        panel("Nodes by port taken", "timeseries", "reqps",
              (f"topk(15, {total('dialgraph_nodes_total', 'flow, node, port')})", "{{flow}}/{{node}} {{port}}"), width=12),
        panel("Time of plugin nodes, p99, providers included", "timeseries", "s",
              (quantile(0.99, "dialgraph_node_seconds", "plugin, port"), "{{plugin}} {{port}}"), width=12),
        panel("Time of plugin runs alone, p99", "timeseries", "s",
              (quantile(0.99, "dialgraph_plugin_run_seconds", "plugin"), "{{plugin}}"), width=12),
        panel("Plugin runs by outcome", "timeseries", "reqps",
              (total("dialgraph_plugin_run_seconds_count", "plugin, outcome"), "{{plugin}} {{outcome}}"), width=12),
        panel("Places of the instance pool in use", "timeseries", "short", ("dialgraph_plugin_runs", "{{instance}} in use"),
              ("dialgraph_plugin_runs_most", "{{instance}} places"), width=12),
    ],
    "Providers": [
        panel("Requests by result", "timeseries", "reqps", (total("dialgraph_host_calls_total", "provider, result"), "{{provider}} {{result}}")),
        panel("Time, p99", "timeseries", "s", (quantile(0.99, "dialgraph_host_call_seconds", "provider"), "{{provider}}")),
        panel("Left alone, retried, late", "timeseries", "short",
              ("max by (provider) (dialgraph_breaker_open)", "{{provider}} left alone"),
              (total("dialgraph_host_call_retries_total", "provider"), "{{provider}} retries/s"),
              ("sum(dialgraph_late_replies)", "late replies awaited")),
    ],
    "Engine": [
        panel("Room for turns", "timeseries", "short", ("dialgraph_turns_inside", "{{instance}} inside"), ("dialgraph_turns_most", "{{instance}} most")),
        panel("Commit time", "timeseries", "s",
              (quantile(0.5, "dialgraph_store_commit_seconds", "instance"), "{{instance}} p50"),
              (quantile(0.99, "dialgraph_store_commit_seconds", "instance"), "{{instance}} p99")),
        panel("Commits in one flush", "timeseries", "short",
              (f"rate(dialgraph_store_commits_total[{RATE}]) / rate(dialgraph_store_groups_total[{RATE}])", "{{instance}}")),
        panel("Store on disk", "timeseries", "bytes", ("dialgraph_store_bytes", "{{instance}}")),
        panel("Hot loads", "timeseries", "short", ("sum by (result) (increase(dialgraph_hot_loads_total[5m]))", "{{result}}")),
        panel("HTTP by status", "timeseries", "reqps", (total("dialgraph_http_requests_total", "status"), "{{status}}")),
    ],
}


def dashboard():
    panels, y, ident = [], 0, 1
    for title, row in ROWS.items():
        panels.append({"id": ident, "type": "row", "title": title, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
        ident, y, x = ident + 1, y + 1, 0
        for item in row:
            width = item.pop("width")
            if x + width > 24:
                x, y = 0, y + 8
            panels.append({"id": ident, **item, "gridPos": {"x": x, "y": y, "w": width, "h": 8}})
            ident, x = ident + 1, x + width
        y += 8
    return {
        "title": "Dialgraph",
        "uid": "dialgraph",
        "tags": ["dialgraph"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "panels": panels,
    }


print(json.dumps(dashboard(), indent=2, ensure_ascii=False))
