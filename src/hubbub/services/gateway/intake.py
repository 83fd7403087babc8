"""Facts from the bus, once each and in the order of their streams; what the bus lost is had again from the outbox."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from hubbub import events
from hubbub.errors import Unavailable
from hubbub.events import Event, Fact
from hubbub.services.gateway.api import Streams
from hubbub.services.gateway.health import Health

PAGE = 500  # facts asked for at a time
STREAMS_PAGE = 1_000  # heads asked for at a time
RETRY_AFTER = (0.05, 0.2, 0.5)  # seconds until a database that is away is asked again; from then on the last of them
PATIENCE = 10.0  # seconds; what comes meanwhile is held

Deliver = Callable[[Fact, Event], None]
Broken = Callable[[str, Event | None], None]
T = TypeVar("T")

log = logging.getLogger(__name__)


class Intake:
    """`deliver(fact, event)` for each fact; `broken(stream, event)` when some of a stream are lost for good (`event`: the
    one that showed the hole, if any).

    Invariant: of each stream, `deliver` sees seq n + 1 after n, or `broken` was called in between."""

    def __init__(self, streams: Streams, deliver: Deliver, broken: Broken, health: Health) -> None:
        self._streams = streams
        self._deliver = deliver
        self._broken = broken
        self._health = health
        self._last: dict[str, int] = {}  # newest delivered
        self._expected: dict[str, int] = {}  # heads that a snapshot contained, of streams that were silent so far
        self._repairs: dict[str, list[tuple[Fact, Event | None]]] = {}  # facts that came during a repair
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, heads: Mapping[str, int]) -> None:
        """Somebody has a snapshot as of these heads: the next event of a silent stream must follow it."""
        for stream, head in heads.items():
            if stream not in self._last:
                self._expected[stream] = min(head, self._expected.get(stream, head))

    def receive(self, payload: bytes) -> None:
        fact, event = events.decode(payload)
        if not fact.seq:
            if event is not None:
                self._deliver(fact, event)
        elif (held := self._repairs.get(fact.stream)) is not None:
            held.append((fact, event))
        else:
            self._take(fact, event)

    async def recheck(self) -> None:
        """The bus lost something somewhere: compare every known stream with its head, however long nobody can say it."""
        known = [*self._last, *self._expected]
        for start in range(0, len(known), STREAMS_PAGE):
            piece = known[start : start + STREAMS_PAGE]
            for stream, head in (await _patiently(lambda names=piece: self._streams.heads(names), math.inf)).items():
                last = self._last.get(stream, self._expected.get(stream))
                if last is not None and head > last and stream not in self._repairs:
                    self._repair(stream, last, None)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _take(self, fact: Fact, event: Event | None) -> None:
        if (last := self._last.get(fact.stream)) is None:
            # Silent so far. What a snapshot contained may still be on its way: its own session leaves that out, others
            # may need it. So a stream may begin anywhere up to the next one after the oldest snapshot.
            last = min(self._expected.pop(fact.stream, fact.seq), fact.seq - 1)
        if fact.seq <= last:
            return
        if fact.seq > last + 1:
            self._repair(fact.stream, last, (fact, event))
            return
        self._last[fact.stream] = fact.seq
        if event is not None:
            self._deliver(fact, event)

    def _repair(self, stream: str, last: int, came: tuple[Fact, Event | None] | None) -> None:
        self._health.gaps += 1
        self._last[stream] = last
        self._repairs[stream] = [came] if came else []
        task = asyncio.get_running_loop().create_task(self._fetch(stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, stream: str) -> None:
        """Deliver what is missing, then what came meanwhile. Nothing else of this stream is delivered until the end."""
        whole = False
        try:
            whole = await self._fetch_missing(stream)
        except Exception:
            log.exception("asking for lost events of %s failed", stream)
        held = self._repairs.pop(stream)
        if not whole:
            self._broken(stream, next((event for _, event in held if event is not None), None))
            del self._last[stream]  # begin again with whatever comes next
        for fact, event in held:
            if (again := self._repairs.get(stream)) is not None:
                again.append((fact, event))
            else:
                self._take(fact, event)

    async def _fetch_missing(self, stream: str) -> bool:
        while True:
            page = await self._page(stream)
            if page is None:
                return False
            for payload in page:
                fact, event = events.decode(payload)
                self._last[stream] = fact.seq
                self._health.repaired += 1
                if event is not None:
                    self._deliver(fact, event)
            if len(page) < PAGE:
                return True

    async def _page(self, stream: str) -> list[bytes] | None:
        return await _patiently(lambda: self._streams.events_after(stream, self._last[stream], PAGE), PATIENCE)


async def _patiently(ask: Callable[[], Awaitable[T]], seconds: float) -> T:
    end = asyncio.get_running_loop().time() + seconds
    for pause in itertools.chain(RETRY_AFTER, itertools.repeat(RETRY_AFTER[-1])):
        try:
            return await ask()
        except Unavailable:
            if asyncio.get_running_loop().time() + pause > end:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("the pauses have no end")
