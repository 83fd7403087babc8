"""How late the event loop is: a timer that ought to fire now, and when it did."""

from __future__ import annotations

import asyncio
from time import monotonic

from hubbub.measures import Distribution

PERIOD = 0.5  # seconds: two wake-ups a second cost nothing that can be measured


class LoopLag:
    def __init__(self) -> None:
        self.seconds = Distribution(bounds=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5))
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="loop-lag")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            since = monotonic()
            await asyncio.sleep(PERIOD)
            self.seconds.add(max(0.0, monotonic() - since - PERIOD))
