"""How late the event loop is: a timer that ought to fire now, and when it did."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

import msgspec

from hubbub.measures import Distribution

PERIOD = 0.1  # seconds: each look wakes an idle process, for about 150 µs
RECENT = 300  # looks: half a minute


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds over the last half minute. uvloop's timers count whole milliseconds: below 1,000 is none."""

    p50_us: int
    p99_us: int
    worst_us: int


class LoopLag:
    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self.seconds = Distribution(bounds=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5))
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        self._due = monotonic() + PERIOD
        self._timer = asyncio.get_running_loop().call_later(PERIOD, self._look)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def figures(self) -> Lag:
        ordered = sorted(self._recent) or [0.0]
        last = len(ordered) - 1
        return Lag(p50_us=_us(ordered[last // 2]), p99_us=_us(ordered[last * 99 // 100]), worst_us=_us(ordered[-1]))

    def _look(self) -> None:
        late = max(0.0, monotonic() - self._due)
        self.seconds.add(late)
        self._recent.append(late)
        self.start()


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
