"""The bus between processes, on NATS (core: no stream of it is stored; what must not be lost is in the outbox).

Subjects on the wire: `<prefix>.e.<subject>` for events, `<prefix>.q.<subject>` for requests, so that whoever listens
to everything (`>`) hears events and no calls; an answer goes to `_INBOX.<connection>.<number>`.
What is published while the connection is gone is refused (Unavailable), not kept: the outbox keeps it. After an
interruption each listener is told `lost()`, for nobody can know what passed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from nats import errors
from nats.aio.client import PING_PROTO, Client

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Backlog, Handler, Listener
from hubbub.infra.bus.queues import Member, Subscription, check_size
from hubbub.infra.bus.subjects import check_pattern, check_subject

CONNECTING = 10.0  # seconds until a start without the server is given up
ALIVE = 5  # seconds between two pings; a link that answers neither of two is dead
LEAVING = 2.0  # seconds for a clean goodbye
OUTGOING = 65_536  # messages that wait for the socket
KNOWN = 8_192  # subjects that were found to be good
FAILED = {"Hubbub-Failed": "1"}  # header of an answer that is none

log = logging.getLogger(__name__)


class _Client(Client):
    """nats-py 2.16 writes the ping of a flush past commands that still wait for the socket, so a flush may be answered
    before the server has seen the subscription that it was to make sure of. Here the ping waits its turn."""

    async def _send_ping(self, future: asyncio.Future[bool] | None = None) -> None:
        self._pongs.append(future or asyncio.get_running_loop().create_future())
        await self._send_command(PING_PROTO)
        await self._flush_pending()


class _Outgoing(NamedTuple):
    subject: str
    payload: bytes
    headers: dict[str, str] | None


class _Served(NamedTuple):
    member: Member
    subscription: Any


class NatsBus:
    def __init__(self, client: Client, prefix: str, interrupted: Callable[[], None]) -> None:
        self._client = client
        self._events, self._calls = f"{prefix}.e.", f"{prefix}.q."
        self._interrupted = interrupted
        self._loop = asyncio.get_running_loop()
        self._known: set[str] = set()
        self._subscriptions: dict[Subscription, Any] = {}
        self._served: dict[Member, _Served] = {}
        self._finishing: list[Member] = []  # they serve no more and have not answered all
        self._outgoing: deque[_Outgoing] = deque()
        self._more = asyncio.Event()
        self._inbox = f"_INBOX.{secrets.token_hex(8)}."
        self._numbers = itertools.count(1)
        self._asked: dict[str, asyncio.Future[bytes]] = {}
        self._leaving: set[asyncio.Task[None]] = set()  # unsubscriptions under way
        self._sender: asyncio.Task[None] | None = None
        self._closed = False
        self._stopped_dropped = 0  # by subscriptions that are no more

    @classmethod
    async def connect(cls, servers: str, prefix: str, interrupted: Callable[[], None]) -> NatsBus:
        """`servers`: addresses, comma separated. `interrupted()` is called when the connection is there again after it
        was not: what this process published shortly before may be lost. Raises Unavailable."""
        client = _Client()
        bus = cls(client, prefix, interrupted)
        try:
            async with asyncio.timeout(CONNECTING):
                await client.connect(
                    [each.strip() for each in servers.split(",")],
                    name="hubbub",
                    error_cb=bus._failed,
                    disconnected_cb=bus._disconnected,
                    reconnected_cb=bus._reconnected,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,  # pyright: ignore[reportArgumentType]  (it is only slept)
                    ping_interval=ALIVE,
                    pending_size=8 * 1024 * 1024,
                )
                await client.subscribe(f"{bus._inbox}*", cb=bus._answered)
                await client.flush(5)
        except (errors.Error, OSError, TimeoutError) as error:
            with contextlib.suppress(Exception):
                await client.close()
            raise Unavailable(f"NATS: {error!r}") from error
        bus._sender = asyncio.create_task(bus._send(), name="bus-sender")
        return bus

    @property
    def connected(self) -> bool:
        return not self._closed and self._client.is_connected

    def publish(self, subject: str, payload: bytes) -> None:
        check_size(payload)
        if subject not in self._known:
            self._learn(subject)
        self._put(self._events + subject, payload, None)

    async def subscribe(
        self, pattern: str, listener: Listener, lost: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        check_pattern(pattern)
        subscription = Subscription(self._loop, pattern, listener, lost)
        skip = len(self._events)

        async def arrived(message: Any) -> None:
            subscription.put(message.subject[skip:], message.data)

        theirs = await self._subscribed(self._events + pattern, "", arrived)
        self._subscriptions[subscription] = theirs

        def stop() -> None:
            subscription.stop()
            if self._subscriptions.pop(subscription, None) is not None:
                self._stopped_dropped += subscription.dropped
                self._unsubscribe(theirs)

        return stop

    async def request(self, subject: str, payload: bytes, seconds: float) -> bytes:
        check_subject(subject)
        check_size(payload)
        if self._leaving:
            await asyncio.wait(self._leaving)
        self._check()
        token = str(next(self._numbers))
        answer = self._asked[token] = self._loop.create_future()
        try:
            await self._client.publish(self._calls + subject, payload, reply=self._inbox + token)
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise Unavailable(f"{subject}: no answer in {seconds:.1f} s", started=True) from None
        except errors.NoRespondersError:
            raise Unavailable(f"nobody serves {subject}", started=False) from None
        except errors.Error as error:
            raise Unavailable(f"NATS: {error!r}", started=False) from error
        finally:
            del self._asked[token]

    async def serve(self, subject: str, group: str, handler: Handler) -> Callable[[], None]:
        check_subject(subject)
        member = Member(self._loop, subject, handler)

        async def asked(message: Any) -> None:
            answer: asyncio.Future[bytes] = self._loop.create_future()
            answer.add_done_callback(partial(self._reply, message.reply))
            member.put(message.data, answer)

        theirs = await self._subscribed(self._calls + subject, group, asked)
        self._served[member] = _Served(member, theirs)

        def stop() -> None:
            if self._served.pop(member, None) is not None:
                self._finishing = [each for each in (*self._finishing, member) if each.running or each.waiting]
                self._unsubscribe(theirs)

        return stop

    def backlog(self) -> Backlog:
        waiting = len(self._outgoing) + sum(len(each.waiting) for each in (*self._subscriptions, *self._served))
        return Backlog(waiting, self._stopped_dropped + sum(each.dropped for each in self._subscriptions))

    async def finish(self) -> None:
        await asyncio.gather(*(member.finish() for member in self._finishing))

    async def close(self) -> None:
        """No more calls are taken, those at work are cancelled; what was published before leaves and is delivered."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(LEAVING):
                for served in self._served.values():
                    await served.subscription.unsubscribe()
                await asyncio.gather(*(member.stop() for member in (*self._served, *self._finishing)))
                while self._outgoing and self._client.is_connected:
                    self._more.set()
                    await asyncio.sleep(0)
                await self._client.drain()
        except (errors.Error, OSError, TimeoutError) as error:
            log.warning("the bus was left without a goodbye: %r", error)
            with contextlib.suppress(Exception):
                await self._client.close()
        for subscription in self._subscriptions:
            subscription.flush()
        if self._sender:
            self._sender.cancel()

    # ---- outwards

    def _check(self) -> None:
        if self._closed:
            raise Unavailable("the bus is closed")
        if not self._client.is_connected:
            raise Unavailable("the bus is not connected")

    def _learn(self, subject: str) -> None:
        check_subject(subject)
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known.add(subject)

    def _put(self, subject: str, payload: bytes, headers: dict[str, str] | None) -> None:
        self._check()
        if len(self._outgoing) >= OUTGOING:
            raise Unavailable("the bus does not keep up")
        self._outgoing.append(_Outgoing(subject, payload, headers))
        self._more.set()

    async def _send(self) -> None:
        while True:
            while self._outgoing:
                subject, payload, headers = self._outgoing.popleft()
                try:
                    await self._client.publish(subject, payload, headers=headers)
                except (errors.Error, OSError) as error:
                    log.warning("a message on %s was lost: %r", subject, error)
            self._more.clear()
            await self._more.wait()

    def _reply(self, to: str, answer: asyncio.Future[bytes]) -> None:
        if answer.cancelled() or not to:
            return
        with contextlib.suppress(Unavailable):  # then the caller's time runs out
            if answer.exception() is None:
                self._put(to, answer.result(), None)
            else:
                self._put(to, b"", FAILED)

    # ---- inwards

    async def _subscribed(self, subject: str, group: str, arrived: Any) -> Any:
        self._check()
        try:
            theirs = await self._client.subscribe(subject, queue=group, cb=arrived)
            await self._client.flush(5)  # or the server may not know it yet when we say that we are ready
        except (errors.Error, OSError) as error:
            raise Unavailable(f"NATS: {error!r}") from error
        return theirs

    def _unsubscribe(self, theirs: Any) -> None:
        async def leave() -> None:
            with contextlib.suppress(errors.Error, OSError):
                await theirs.drain()  # what is here already is still taken

        task = self._loop.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _answered(self, message: Any) -> None:
        answer = self._asked.get(message.subject[len(self._inbox) :])
        if answer is None or answer.done():
            return  # too late
        if (headers := message.headers) is None:
            answer.set_result(message.data)
        elif headers.get("Status") == "503":
            answer.set_exception(errors.NoRespondersError())
        else:
            answer.set_exception(Unavailable("no answer", started=True))

    # ---- the connection

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, errors.SlowConsumerError):
            for subscription, theirs in self._subscriptions.items():
                if theirs is error.sub:
                    subscription.gap()
        log.warning("NATS: %r", error)

    async def _disconnected(self) -> None:
        if self._closed:
            return
        log.warning("the bus is gone")
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Unavailable("the bus went away before an answer came", started=True))

    async def _reconnected(self) -> None:
        log.warning("the bus is there again")
        for subscription in self._subscriptions:
            subscription.gap()
        self._interrupted()
