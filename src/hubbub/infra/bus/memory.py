"""The bus inside one process: no copies, no sockets, the same promises as the one between processes.

A message is delivered in a later turn of the loop, never inside `publish`. Handlers run as tasks of their own with an
empty context: what a caller set in its ContextVars does not travel here either.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Backlog, Handler, Listener
from hubbub.infra.bus.subjects import check_pattern, check_subject, matches

QUEUE = 65_536  # messages waiting for one listener
SLICE = 256  # messages delivered to one listener before others get their turn
PARALLEL = 256  # handlers of one `serve` at work
LARGEST = 1 << 20  # bytes of a payload
ROUTES = 4_096  # subjects whose listeners are remembered

log = logging.getLogger(__name__)


class MemoryBus:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscriptions: list[_Subscription] = []
        self._routes: dict[str, tuple[_Subscription, ...]] = {}
        self._groups: dict[str, _Group] = {}
        self._closed = False
        self._stopped_dropped = 0  # by subscriptions that are no more

    def publish(self, subject: str, payload: bytes) -> None:
        if self._closed:
            raise Unavailable("the bus is closed")
        _check_size(payload)
        route = self._routes.get(subject)
        if route is None:
            route = self._find(subject)
        for subscription in route:
            subscription.put(subject, payload)

    async def subscribe(
        self, pattern: str, listener: Listener, lost: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        check_pattern(pattern)
        subscription = _Subscription(self._loop, pattern, listener, lost)
        self._subscriptions.append(subscription)
        self._routes.clear()

        def stop() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
                self._stopped_dropped += subscription.dropped
                self._routes.clear()
            subscription.stop()

        return stop

    async def request(self, subject: str, payload: bytes, seconds: float) -> bytes:
        check_subject(subject)
        _check_size(payload)
        group = self._groups.get(subject)
        if self._closed or group is None:
            raise Unavailable(f"nobody serves {subject}", started=False)
        answer: asyncio.Future[bytes] = self._loop.create_future()
        group.next().put(payload, answer)
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise Unavailable(f"{subject}: no answer in {seconds:.1f} s", started=True) from None

    async def serve(self, subject: str, group: str, handler: Handler) -> Callable[[], None]:
        check_subject(subject)
        members = self._groups.setdefault(subject, _Group(group))
        if members.name != group:
            raise ValueError(f"{subject} is served by the group {members.name!r} already")
        member = _Member(self._loop, subject, handler)
        members.add(member)

        def stop() -> None:
            members.remove(member)
            if not members and self._groups.get(subject) is members:
                del self._groups[subject]

        return stop

    def backlog(self) -> Backlog:
        members = (member for group in self._groups.values() for member in group.members)
        waiting = sum(len(each.waiting) for each in (*self._subscriptions, *members))
        return Backlog(waiting, self._stopped_dropped + sum(each.dropped for each in self._subscriptions))

    async def close(self) -> None:
        """What was published is still delivered; handlers at work are cancelled."""
        self._closed = True
        running = [task for group in self._groups.values() for member in group.members for task in member.running]
        self._groups.clear()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for subscription in self._subscriptions:
            subscription.flush()
        self._subscriptions.clear()
        self._routes.clear()

    def _find(self, subject: str) -> tuple[_Subscription, ...]:
        check_subject(subject)
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        route = tuple(s for s in self._subscriptions if matches(s.pattern, subject))
        self._routes[subject] = route
        return route


class _Subscription:
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
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._deliver, SLICE)

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
        if self.waiting and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._deliver, SLICE)

    def _report_gap(self) -> None:
        log.warning("a listener of %s is too slow: messages were dropped", self.pattern)
        if self._lost:
            try:
                self._lost()
            except Exception:
                log.exception("a listener of %s failed on its gap", self.pattern)


class _Member:
    """One who serves a subject: bounded tasks, the rest waits in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, subject: str, handler: Handler) -> None:
        self._loop = loop
        self._subject = subject
        self._handler = handler
        self.waiting: deque[tuple[bytes, asyncio.Future[bytes]]] = deque()
        self.running: set[asyncio.Task[None]] = set()

    def put(self, payload: bytes, answer: asyncio.Future[bytes]) -> None:
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
            _check_size(reply)
            if not answer.done():
                answer.set_result(reply)
        except BaseException as error:
            if isinstance(error, Exception):
                log.exception("a handler of %s failed", self._subject)
            if not answer.done():
                answer.set_exception(Unavailable(f"{self._subject}: no answer", started=True))
            if not isinstance(error, Exception):
                raise


class _Group:
    """Those who serve one subject; they take turns."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[_Member] = []
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self.members)

    def add(self, member: _Member) -> None:
        self.members.append(member)

    def remove(self, member: _Member) -> None:
        if member in self.members:
            self.members.remove(member)

    def next(self) -> _Member:
        self._turn += 1
        return self.members[self._turn % len(self.members)]


def _check_size(payload: bytes) -> None:
    if len(payload) > LARGEST:
        raise ValueError(f"a payload of {len(payload)} bytes is over {LARGEST}")
