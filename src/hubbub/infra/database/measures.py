"""What a database counts of itself, the same on every engine."""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub.errors import Unavailable
from hubbub.measures import Distribution

_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class DatabaseMeasures:
    """Levels are asked for at the moment of reading; the others only grow."""

    def __init__(self) -> None:
        self.commits = Distribution()  # seconds from BEGIN to durable, per batch
        self.sizes = Distribution(bounds=_SIZES)  # bodies per batch
        self.writes = Distribution(("outcome",))  # seconds a caller of `write` waited: done, undone, failed, cancelled
        self.reads = 0
        self.replica_reads = 0  # of them answered by read replicas
        self.replica_behind = 0  # asked of one that had not come far enough


def outcome(done: asyncio.Future[Any]) -> str:
    """How a write ended, as `writes` counts it."""
    if not done.done() or done.cancelled():
        return "cancelled"
    error = done.exception()
    return "failed" if isinstance(error, Unavailable) else "undone" if error else "done"
