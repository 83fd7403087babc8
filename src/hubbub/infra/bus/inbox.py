"""Facts from the bus to one service, decoded, one after the other: `on_event` may wait, order is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from hubbub import events, trace
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.infra.bus.base import Bus
from hubbub.infra.tasks import end

log = logging.getLogger(__name__)
_BOUND = 65_536
RETRY = 0.5  # seconds until what could not be made up for is tried again


class Inbox:
    """An exception in `on_event` is logged and costs that fact only: the next one must not wait for a repair."""

    def __init__(
        self,
        name: str,
        on_event: Callable[[Event], Awaitable[None]],
        on_gap: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`on_gap` is called in the order of the facts, where some were lost."""
        self.name = name
        self._on_gap = on_gap
        self._on_event = on_event
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_BOUND)
        self._gap = False
        self._task: asyncio.Task[None] | None = None
        self._stops: list[Callable[[], None]] = []

    async def start(self, bus: Bus, patterns: Sequence[str]) -> None:
        self._task = asyncio.create_task(self._work(), name=f"inbox-{self.name}")
        for pattern in patterns:
            self._stops.append(await bus.subscribe(pattern, self._put, self._lost))

    @property
    def waiting(self) -> int:
        """Facts that came and were not handled yet."""
        return self._queue.qsize()

    async def close(self) -> None:
        for stop in self._stops:
            stop()
        if self._task is not None:
            await end(self._task)

    def _put(self, _: str, payload: bytes) -> None:
        if self._queue.full():
            self._lost()
            return
        self._queue.put_nowait(payload)

    def _lost(self) -> None:
        log.error("facts were lost on the way to %s", self.name)
        self._gap = True
        if self._queue.empty():
            self._queue.put_nowait(b"")  # wakes it up

    async def _caught_up(self) -> bool:
        self._gap = False
        try:
            if self._on_gap is not None:
                await self._on_gap()
        except Unavailable:
            log.warning("%s cannot make up for lost facts yet", self.name)
            self._gap = True
            await asyncio.sleep(RETRY)
        return not self._gap

    async def _work(self) -> None:
        while True:
            payload = await self._queue.get()
            try:
                if self._gap and not await self._caught_up() and self._queue.empty():
                    self._queue.put_nowait(b"")
                if not payload:
                    continue
                fact, event = events.decode(payload)
                if event is None:
                    continue
                with trace.span(f"{self.name} hears {fact.name}", "consumer", fact.trace or None):
                    await self._on_event(event)
            except Exception:
                log.exception("a fact could not be handled by %s", self.name)
