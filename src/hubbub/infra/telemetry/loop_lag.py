"""How late the event loop is: a timer that ought to fire now, and when it did."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

import msgspec

from hubbub.measures import Distribution

PERIOD = 0.05  # seconds: twenty wake-ups a second are 0.1 % of a core
RECENT = 600  # looks: half a minute


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds over the last half minute. uvloop's timers count whole milliseconds: below 1,000 is none."""

    p50_us: int
    p99_us: int
    worst_us: int


class LoopLag:
    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self.seconds = Distribution(bounds=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5))
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="loop-lag")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def figures(self) -> Lag:
        ordered = sorted(self._recent) or [0.0]
        last = len(ordered) - 1
        return Lag(p50_us=_us(ordered[last // 2]), p99_us=_us(ordered[last * 99 // 100]), worst_us=_us(ordered[-1]))

    async def _watch(self) -> None:
        while True:
            since = monotonic()
            await asyncio.sleep(PERIOD)
            late = max(0.0, monotonic() - since - PERIOD)
            self.seconds.add(late)
            self._recent.append(late)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
