"""What the figures share: a started instance, its CPU and memory, percentiles, the machine in words."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios.place import Place

TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def instance(**settings: str) -> Iterator[Place]:
    """A fresh instance on a free port, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
        place = Place(Path(folder), **settings)
        place.start()
        try:
            yield place
        finally:
            place.stop()


def cpu_seconds(place: Place) -> float:
    """User and system time of the whole server process."""
    assert place.process is not None
    return cpu_of(place.process.pid)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(place: Place) -> float:
    assert place.process is not None
    for line in Path(f"/proc/{place.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def machine() -> dict[str, object]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    ).stdout.strip()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"commit": commit, "cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}
