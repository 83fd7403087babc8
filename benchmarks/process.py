"""The process at rest: cold start, memory, CPU and disk while nobody does anything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.measure import cpu_seconds, instance, resident_mb


def rest(seconds: float = 20) -> dict[str, Any]:
    began = time.perf_counter()
    with instance() as place:
        first = time.perf_counter() - began
        place.stop()
        began = time.perf_counter()
        place.start()
        again = time.perf_counter() - began
        assert place.process is not None
        time.sleep(2)
        written = _written(place.process.pid)
        cpu = cpu_seconds(place)
        time.sleep(seconds)
        return {
            "first_start_s": round(first, 2),
            "start_s": round(again, 2),
            "idle_rss_mb": round(resident_mb(place), 1),
            "idle_cpu_percent": round((cpu_seconds(place) - cpu) / seconds * 100, 2),
            "idle_written_mb_per_hour": round((_written(place.process.pid) - written) / 1e6 * 3600 / seconds, 2),
        }


def _written(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes")))
