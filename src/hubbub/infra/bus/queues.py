"""What waits on the way to one listener or one who serves: bounded, in order, and fair to others on the loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Handler, Listener

QUEUE = 65_536  # messages waiting for one listener
SLICE = 256  # messages delivered to one listener before others get their turn
PARALLEL = 256  # handlers of one `serve` at work
LARGEST = 1 << 20  # bytes of a payload

log = logging.getLogger(__name__)


class Subscription:
    """One listener and what waits for it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pattern: str, listener: Listener, lost: Callable[[], None] | None
    ) -> None:
        self.pattern = pattern
        self._loop = loop
        self._listener: Listener | None = listener
        self._lost = lost
        self.waiting: deque[tuple[str, bytes]] = deque()
        self._scheduled = False
        self._gap = False  # the oldest were dropped since the last delivery
        self.dropped = 0

    def put(self, subject: str, payload: bytes) -> None:
        if len(self.waiting) >= QUEUE:
            self.waiting.popleft()
            self.dropped += 1
            self._gap = True
        self.waiting.append((subject, payload))
        self._schedule()

    def gap(self) -> None:
        """Something may have been lost on the way to here."""
        self._gap = True
        self._schedule()

    def stop(self) -> None:
        self._listener = None
        self.waiting.clear()

    def flush(self) -> None:
        self._deliver(len(self.waiting))

    def _deliver(self, most: int) -> None:
        self._scheduled = False
        if self._gap:
            self._gap = False
            self._report_gap()
        for _ in range(min(most, len(self.waiting))):
            if self._listener is None:  # stopped by a listener
                return
            subject, payload = self.waiting.popleft()
            try:
                self._listener(subject, payload)
            except Exception:
                log.exception("a listener of %s failed on %s", self.pattern, subject)
        if self.waiting:
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._deliver, SLICE)

    def _report_gap(self) -> None:
        log.warning("messages on the way to a listener of %s were lost", self.pattern)
        if self._lost and self._listener:
            try:
                self._lost()
            except Exception:
                log.exception("a listener of %s failed on its gap", self.pattern)


class Member:
    """One who serves a subject: bounded tasks, the rest waits in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, subject: str, handler: Handler) -> None:
        self._loop = loop
        self._subject = subject
        self._handler = handler
        self.waiting: deque[tuple[bytes, asyncio.Future[bytes]]] = deque()
        self.running: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Handlers at work are cancelled; what waits is not answered."""
        self.waiting.clear()
        running = list(self.running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def finish(self) -> None:
        """Until everything taken so far is answered."""
        while self.running or self.waiting:
            await asyncio.wait(self.running)

    def put(self, payload: bytes, answer: asyncio.Future[bytes]) -> None:
        if len(self.waiting) >= QUEUE:
            answer.set_exception(Unavailable(f"{self._subject}: too much is waiting"))
            return
        self.waiting.append((payload, answer))
        self._start()

    def _start(self) -> None:
        while self.waiting and len(self.running) < PARALLEL:
            payload, answer = self.waiting.popleft()
            if answer.done():  # the caller gave up before its turn
                continue
            task = self._loop.create_task(self._answer(payload, answer), context=Context())
            self.running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self._start()

    async def _answer(self, payload: bytes, answer: asyncio.Future[bytes]) -> None:
        try:
            reply = await self._handler(payload)
            check_size(reply)
            if not answer.done():
                answer.set_result(reply)
        except BaseException as error:
            if isinstance(error, Exception):
                log.exception("a handler of %s failed", self._subject)
            if not answer.done():
                answer.set_exception(Unavailable(f"{self._subject}: no answer", started=True))
            if not isinstance(error, Exception):
                raise


def check_size(payload: bytes) -> None:
    if len(payload) > LARGEST:
        raise ValueError(f"a payload of {len(payload)} bytes is over {LARGEST}")
