"""The bus inside one process: no copies, no sockets, the same promises as the one between processes.

A message is delivered in a later turn of the loop, never inside `publish`. Handlers run as tasks of their own with an
empty context: what a caller set in its ContextVars does not travel here either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Backlog, Handler, Listener
from hubbub.infra.bus.queues import Member, Subscription, check_size
from hubbub.infra.bus.subjects import check_pattern, check_subject, matches

ROUTES = 4_096  # subjects whose listeners are remembered


class MemoryBus:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscriptions: list[Subscription] = []
        self._routes: dict[str, tuple[Subscription, ...]] = {}
        self._groups: dict[str, _Group] = {}
        self._finishing: list[Member] = []  # they serve no more and have not answered all
        self._closed = False
        self._stopped_dropped = 0  # by subscriptions that are no more

    @property
    def connected(self) -> bool:
        return not self._closed

    def publish(self, subject: str, payload: bytes) -> None:
        if self._closed:
            raise Unavailable("the bus is closed")
        check_size(payload)
        route = self._routes.get(subject)
        if route is None:
            route = self._find(subject)
        for subscription in route:
            subscription.put(subject, payload)

    async def subscribe(
        self, pattern: str, listener: Listener, lost: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        check_pattern(pattern)
        subscription = Subscription(self._loop, pattern, listener, lost)
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
        check_size(payload)
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
        member = Member(self._loop, subject, handler)
        members.add(member)

        def stop() -> None:
            members.remove(member)
            self._finishing = [each for each in (*self._finishing, member) if each.running or each.waiting]
            if not members and self._groups.get(subject) is members:
                del self._groups[subject]

        return stop

    def backlog(self) -> Backlog:
        members = (member for group in self._groups.values() for member in group.members)
        waiting = sum(len(each.waiting) for each in (*self._subscriptions, *members))
        return Backlog(waiting, self._stopped_dropped + sum(each.dropped for each in self._subscriptions))

    async def finish(self) -> None:
        await asyncio.gather(*(member.finish() for member in self._finishing))

    async def close(self) -> None:
        """What was published is still delivered; handlers at work are cancelled."""
        self._closed = True
        members = [member for group in self._groups.values() for member in group.members]
        self._groups.clear()
        await asyncio.gather(*(member.stop() for member in members))
        for subscription in self._subscriptions:
            subscription.flush()
        self._subscriptions.clear()
        self._routes.clear()

    def _find(self, subject: str) -> tuple[Subscription, ...]:
        check_subject(subject)
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        route = tuple(s for s in self._subscriptions if matches(s.pattern, subject))
        self._routes[subject] = route
        return route


class _Group:
    """Those who serve one subject; they take turns."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[Member] = []
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self.members)

    def add(self, member: Member) -> None:
        self.members.append(member)

    def remove(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)

    def next(self) -> Member:
        self._turn += 1
        return self.members[self._turn % len(self.members)]
