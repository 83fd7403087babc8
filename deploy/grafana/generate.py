"""Writes the dashboards: `python deploy/grafana/generate.py`. Panels are listed here, once; Grafana's JSON follows.

A panel is (title, unit, [(query, legend)…]); a row of the screen holds three. `$instance` picks processes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
DATA = {"type": "prometheus", "uid": "prometheus"}
ON = 'instance=~"$instance"'
Panel = tuple[str, str, list[tuple[str, str]]]


def rate(metric: str, by: str = "instance", labels: str = "") -> tuple[str, str]:
    only = f"{ON},{labels}" if labels else ON
    return f"sum by ({by}) (rate({metric}{{{only}}}[$__rate_interval]))", f"{{{{{by}}}}}"


def now(metric: str, by: str = "instance") -> tuple[str, str]:
    return f"sum by ({by}) ({metric}{{{ON}}})", f"{{{{{by}}}}}"


def quantiles(metric: str, labels: str = "") -> list[tuple[str, str]]:
    only = f"{ON},{labels}" if labels else ON
    spread = f"sum by (le) (rate({metric}_bucket{{{only}}}[$__rate_interval]))"
    return [(f"histogram_quantile({q}, {spread})", f"p{round(q * 100)}") for q in (0.5, 0.95, 0.99)]


DASHBOARDS: dict[str, tuple[str, list[Panel]]] = {
    "health": (
        "Service health",
        [
            ("Processes that answer", "short", [('sum(up{job="hubbub"})', "up"), ('count(up{job="hubbub"})', "all")]),
            (
                "Ready, by dependency",
                "short",
                [(f"min by (instance, dependency) (hubbub_ready{{{ON}}})", "{{instance}} {{dependency}}")],
            ),
            ("Up for", "s", [(f"time() - process_start_time_seconds{{{ON}}}", "{{instance}}")]),
            ("Requests, by status", "reqps", [rate("http_requests_total", "status")]),
            ("Request duration", "s", quantiles("http_request_duration_seconds")),
            (
                "Slowest routes, p95",
                "s",
                [
                    (
                        f"topk(8, histogram_quantile(0.95, sum by (le, method, route) (rate(http_request_duration_seconds_bucket{{{ON}}}[$__rate_interval]))))",
                        "{{method}} {{route}}",
                    )
                ],
            ),
            ("Calls between services, by outcome", "ops", [rate("hubbub_rpc_asked_seconds_count", "outcome")]),
            (
                "Calls that fail, by service and verb",
                "ops",
                [
                    (
                        f'sum by (service, verb) (rate(hubbub_rpc_asked_seconds_count{{{ON},outcome=~"unavailable|defect|cancelled"}}[$__rate_interval]))',
                        "{{service}}/{{verb}}",
                    )
                ],
            ),
            (
                "Duration of calls, p95, by service",
                "s",
                [
                    (
                        f"histogram_quantile(0.95, sum by (le, service) (rate(hubbub_rpc_answered_seconds_bucket{{{ON}}}[$__rate_interval])))",
                        "{{service}}",
                    )
                ],
            ),
            ("Event loop lag", "s", quantiles("hubbub_loop_lag_seconds")),
            ("Memory", "bytes", [now("process_resident_memory_bytes")]),
            ("CPU (cores)", "short", [rate("process_cpu_seconds_total")]),
            ("Open files", "short", [now("process_open_fds")]),
            (
                "Backlog of the bus, and of services",
                "short",
                [now("hubbub_bus_backlog"), now("hubbub_inbox_backlog", "service")],
            ),
            ("Dropped by the bus", "ops", [rate("hubbub_bus_dropped_total")]),
        ],
    ),
    "messages": (
        "Message throughput",
        [
            (
                "Messages stored",
                "ops",
                [("sum(rate(messages_sent_total[$__rate_interval]))", "all"), rate("messages_sent_total")],
            ),
            ("Events handed to sessions", "ops", [rate("hubbub_gateway_frames_total")]),
            (
                "Events per message",
                "short",
                [
                    (
                        "sum(rate(hubbub_gateway_frames_total[$__rate_interval])) / sum(rate(messages_sent_total[$__rate_interval]))",
                        "events",
                    )
                ],
            ),
            ("Outbox: not yet published", "short", [now("hubbub_outbox_unpublished")]),
            (
                "Outbox: age of the oldest",
                "s",
                [(f"max by (instance) (hubbub_outbox_lag_seconds{{{ON}}})", "{{instance}}")],
            ),
            ("Holes and repairs", "ops", [rate("hubbub_gateway_gaps_total"), rate("hubbub_gateway_repaired_total")]),
            ("Left out under load (typing, speaking)", "ops", [rate("hubbub_gateway_skipped_total")]),
        ],
    ),
    "connections": (
        "Users and connections",
        [
            ("Open sockets", "short", [now("websocket_connections")]),
            ("Sockets of people who are logged in", "short", [now("active_websocket_connections")]),
            ("Gateway sessions", "short", [now("hubbub_gateway_sessions")]),
            (
                "Sessions begun and resumed",
                "ops",
                [rate("hubbub_gateway_opened_total"), rate("hubbub_gateway_resumed_total")],
            ),
            (
                "Sessions that had to begin anew",
                "ops",
                [rate("hubbub_gateway_unresumed_total"), rate("hubbub_gateway_invalidated_total")],
            ),
            ("Cut off as too slow, refused", "ops", [rate("websocket_dropped_total"), rate("websocket_refused_total")]),
            ("In voice rooms", "short", [now("voice_sessions_active")]),
        ],
    ),
    "database": (
        "Database performance",
        [
            ("Writes, by outcome", "ops", [rate("hubbub_database_write_seconds_count", "outcome")]),
            ("What a writer waits", "s", quantiles("hubbub_database_write_seconds", 'outcome="done"')),
            ("Commit of a batch", "s", quantiles("hubbub_database_commit_seconds")),
            ("Commits", "ops", [rate("hubbub_database_commit_seconds_count")]),
            (
                "Writes that share a commit, mean",
                "short",
                [
                    (
                        f"sum(rate(hubbub_database_batch_writes_sum{{{ON}}}[$__rate_interval])) / sum(rate(hubbub_database_batch_writes_count{{{ON}}}[$__rate_interval]))",
                        "writes",
                    )
                ],
            ),
            ("Reads", "ops", [rate("hubbub_database_reads_total")]),
        ],
    ),
    "media": (
        "Media",
        [
            ("Rooms", "short", [now("hubbub_media_rooms")]),
            ("People connected", "short", [now("hubbub_media_peers")]),
            ("Tracks published, subscribed", "short", [now("hubbub_media_tracks"), now("hubbub_media_subscriptions")]),
            (
                "Packets in and out",
                "pps",
                [rate("hubbub_media_packets_in_total"), rate("hubbub_media_packets_out_total")],
            ),
            ("Traffic in and out", "Bps", [rate("hubbub_media_bytes_in_total"), rate("hubbub_media_bytes_out_total")]),
            ("Packets that could not be forwarded", "pps", [rate("hubbub_media_dropped_total")]),
            (
                "Share of packets lost",
                "percentunit",
                [(f"avg by (direction) (hubbub_media_loss_ratio{{{ON}}})", "{{direction}}")],
            ),
            ("People, by quality of their connection", "short", [now("hubbub_media_connections", "quality")]),
        ],
    ),
}


def panel(number: int, title: str, unit: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": DATA,
        "gridPos": {"x": number % 3 * 8, "y": number // 3 * 8, "w": 8, "h": 8},
        "fieldConfig": {
            "defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(65 + index), "datasource": DATA, "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(queries)
        ],
    }


def dashboard(name: str) -> dict[str, Any]:
    title, panels = DASHBOARDS[name]
    instance = {
        "name": "instance",
        "type": "query",
        "datasource": DATA,
        "query": {"query": "label_values(hubbub_info, instance)", "refId": "instance"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }
    return {
        "uid": f"hubbub-{name}",
        "title": f"Hubbub: {title}",
        "tags": ["hubbub"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [instance]},
        "panels": [panel(number, *each) for number, each in enumerate(panels)],
    }


def text(name: str) -> str:
    return json.dumps(dashboard(name), indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in DASHBOARDS:
        (FOLDER / f"{each}.json").write_text(text(each))
