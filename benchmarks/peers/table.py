"""Both systems side by side, for people."""

from __future__ import annotations

from statistics import median
from typing import Any

SYSTEMS = ("hubbub", "livekit")
# What a load's row tells: heading, way into the generator's line, whether more is better.
LOADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CPU us/packet", ("server_us_per_packet",)),
    ("server CPU %", ("server_cpu_percent",)),
    ("memory MiB", ("server_rss_mib",)),
    ("packets/s", ("received_pps",)),
    ("lost share", ("loss",)),
    ("latency p50 ms", ("latency_ms", "p50")),
    ("latency p99 ms", ("latency_ms", "p99")),
    ("join p50 ms", ("join_ms", "p50")),
    ("join p99 ms", ("join_ms", "p99")),
    ("first packet p50 ms", ("first_packet_ms", "p50")),
    ("first packet p99 ms", ("first_packet_ms", "p99")),
)


def table(report: dict[str, Any]) -> str:
    """Two tables in Markdown."""
    lines: list[str] = []
    if report["loads"]:
        lines += ["", "| load | figure | hubbub | livekit |", "|---|---|---:|---:|"]
        shapes = dict.fromkeys(shape for rows in report["loads"].values() for shape in rows)
        for shape in shapes:
            for heading, way in LOADS:
                found = (_find(report["loads"].get(name, {}).get(shape), way) for name in SYSTEMS)
                lines.append(f"| {shape} | {heading} | {' | '.join(map(_words, found))} |")
    if report["figures"]:
        lines += ["", "| figure (ms unless it says otherwise) | hubbub: median, worst | livekit: median, worst |"]
        lines.append("|---|---:|---:|")
        names = dict.fromkeys(name for samples in report["figures"].values() for name in samples)
        for name in names:
            found = (_spread(report["figures"].get(system, {}).get(name)) for system in SYSTEMS)
            lines.append(f"| {name} | {' | '.join(found)} |")
    return "\n".join(lines)


def _find(row: Any, way: tuple[str, ...]) -> float | None:
    for name in way:
        row = row.get(name) if row else None
    return row


def _words(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _spread(samples: list[float] | None) -> str:
    if not samples:
        return "-"
    return f"{median(samples):.0f}" if len(samples) == 1 else f"{median(samples):.0f}, {max(samples):.0f}"
