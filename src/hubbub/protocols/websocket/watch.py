"""One timer for all gateway sockets: who does not identify or falls silent is closed. A timer each would cost memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

EVERY = 1.0


class Watched(Protocol):
    def tick(self, now: float) -> None: ...


class Watch:
    """Runs only while there is somebody to watch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._watched: dict[Watched, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def add(self, watched: Watched) -> None:
        self._watched[watched] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._tick)

    def discard(self, watched: Watched) -> None:
        self._watched.pop(watched, None)

    def _tick(self) -> None:
        self._timer = None
        now = self._now()
        for each in tuple(self._watched):
            each.tick(now)
        if self._watched:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._tick)
