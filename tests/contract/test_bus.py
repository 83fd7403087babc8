"""What the bus port promises, on every backend.

To add a backend: a function that opens a bus, and its name in `BACKENDS`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar

import pytest

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Bus
from hubbub.infra.bus.memory import MemoryBus
from hubbub.infra.bus.nats import NatsBus
from tests.servers.engines import fresh_name

MIB = 1 << 20


async def memory(request: pytest.FixtureRequest) -> Bus:
    return MemoryBus()


async def nats(request: pytest.FixtureRequest) -> Bus:
    return await NatsBus.connect(request.getfixturevalue("nats_server").url, fresh_name(), lambda: None)


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Awaitable[Bus]]] = {"memory": memory, "nats": nats}


@pytest.fixture(params=BACKENDS)
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    opened = await BACKENDS[request.param](request)
    yield opened
    await opened.close()


class Ear:
    """A listener that one can wait for."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._more = asyncio.Event()

    def __call__(self, subject: str, payload: bytes) -> None:
        self.heard.append((subject, payload))
        self._more.set()

    async def wait_for(self, count: int) -> list[tuple[str, bytes]]:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self._more.clear()
                await self._more.wait()
        return self.heard


async def heard(bus: Bus, ear: Ear) -> list[tuple[str, bytes]]:
    """What the ear has heard once everything published so far was delivered. The ear listens to `end`."""
    bus.publish("end", b"")
    async with asyncio.timeout(10):
        while ("end", b"") not in ear.heard:
            await ear.wait_for(len(ear.heard) + 1)
    return [each for each in ear.heard if each[0] != "end"]


# ---- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "subjects"),
    [
        ("a.b", ["a.b"]),
        ("a.*", ["a.b", "a.c"]),
        ("*.b", ["a.b", "b.b"]),
        ("a.*.c", ["a.b.c"]),
        ("a.>", ["a.b", "a.c", "a.b.c", "a.b.c.d"]),
        ("*.*.>", ["a.b.c", "a.b.c.d"]),
        (">", ["a", "a.b", "b.b", "a.c", "a.b.c", "a.b.c.d"]),
    ],
)
async def test_a_pattern_hears_what_it_matches(bus: Bus, pattern: str, subjects: list[str]) -> None:
    ear = Ear()
    await bus.subscribe(pattern, ear)
    if pattern != ">":
        await bus.subscribe("end", ear)
    for subject in ("a", "a.b", "b.b", "a.c", "a.b.c", "a.b.c.d"):
        bus.publish(subject, subject.encode())
    assert sorted(await heard(bus, ear)) == sorted((subject, subject.encode()) for subject in subjects)


@pytest.mark.parametrize("subject", ["", "a..b", ".a", "a.", "a.*", "a.>", "a b", "a\n"])
async def test_what_is_no_subject_cannot_be_published(bus: Bus, subject: str) -> None:
    with pytest.raises(ValueError):
        bus.publish(subject, b"")


@pytest.mark.parametrize("pattern", ["", "a..b", ">.a", "a*", "a.b>", "a b"])
async def test_what_is_no_pattern_cannot_be_subscribed(bus: Bus, pattern: str) -> None:
    with pytest.raises(ValueError):
        await bus.subscribe(pattern, Ear())


async def test_messages_of_one_subject_keep_their_order(bus: Bus) -> None:
    ear = Ear()
    await bus.subscribe("count.*", ear)
    for n in range(5_000):
        bus.publish("count.up", str(n).encode())
    assert [int(payload) for _, payload in await ear.wait_for(5_000)] == list(range(5_000))


async def test_publish_calls_no_listener(bus: Bus) -> None:
    ear = Ear()
    await bus.subscribe("a", ear)
    bus.publish("a", b"1")
    assert ear.heard == []
    await ear.wait_for(1)


async def test_each_subscription_hears_a_message_once(bus: Bus) -> None:
    ears = [Ear() for _ in range(3)]
    for ear, pattern in zip(ears, ["a.b", "a.*", "a.b"], strict=True):
        await bus.subscribe(pattern, ear)
        await bus.subscribe("end", ear)
    bus.publish("a.b", b"x")
    for ear in ears:
        assert await heard(bus, ear) == [("a.b", b"x")]


async def test_nothing_is_heard_after_stopping(bus: Bus) -> None:
    ear = Ear()
    stop = await bus.subscribe("a", ear)
    await bus.subscribe("end", ear)
    bus.publish("a", b"1")
    await ear.wait_for(1)
    bus.publish("a", b"2")
    stop()
    stop()
    bus.publish("a", b"3")
    assert await heard(bus, ear) == [("a", b"1")]


async def test_a_listener_that_fails_loses_that_message_only(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    ear, other = Ear(), Ear()

    def clumsy(subject: str, payload: bytes) -> None:
        if payload == b"2":
            raise KeyError("dropped it")
        ear(subject, payload)

    await bus.subscribe("a", clumsy)
    await bus.subscribe("a", other)
    with caplog.at_level(logging.CRITICAL):
        for n in range(1, 4):
            bus.publish("a", str(n).encode())
        assert await ear.wait_for(2) == [("a", b"1"), ("a", b"3")]
        assert len(await other.wait_for(3)) == 3


async def test_a_payload_has_a_size(bus: Bus) -> None:
    ear = Ear()
    await bus.subscribe("a", ear)
    bus.publish("a", bytes(MIB))
    with pytest.raises(ValueError):
        bus.publish("a", bytes(MIB + 1))
    assert len((await ear.wait_for(1))[0][1]) == MIB


# ---- requests --------------------------------------------------------------------------------------------------------


async def echo(payload: bytes) -> bytes:
    return b"re: " + payload


async def test_a_request_is_answered(bus: Bus) -> None:
    await bus.serve("ask", "everybody", echo)
    answers = await asyncio.gather(*(bus.request("ask", str(n).encode(), 5) for n in range(500)))
    assert answers == [f"re: {n}".encode() for n in range(500)]


async def test_nobody_serves_is_known_at_once(bus: Bus) -> None:
    stop = await bus.serve("ask", "everybody", echo)
    await bus.request("ask", b"", 5)
    stop()
    async with asyncio.timeout(2):
        with pytest.raises(Unavailable) as refused:
            await bus.request("ask", b"", 30)
    assert refused.value.started is False


async def test_no_answer_in_time_may_have_been_started(bus: Bus) -> None:
    started = asyncio.Event()

    async def slow(payload: bytes) -> bytes:
        started.set()
        await asyncio.sleep(60)
        return payload

    await bus.serve("ask", "everybody", slow)
    with pytest.raises(Unavailable) as refused:
        await bus.request("ask", b"", 0.1)
    assert refused.value.started is True
    assert started.is_set()


async def test_a_handler_that_fails_is_unavailable(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(payload: bytes) -> bytes:
        raise KeyError("a bug")

    await bus.serve("ask", "everybody", broken)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Unavailable) as refused:
        await bus.request("ask", b"", 1)
    assert refused.value.started is True


async def test_members_of_a_group_share_the_work(bus: Bus) -> None:
    counts = [0, 0, 0]

    def member(number: int) -> Callable[[bytes], Awaitable[bytes]]:
        async def handler(payload: bytes) -> bytes:
            counts[number] += 1
            return payload

        return handler

    stops = [await bus.serve("ask", "everybody", member(n)) for n in range(3)]
    await asyncio.gather(*(bus.request("ask", b"", 5) for _ in range(300)))
    assert sum(counts) == 300
    assert min(counts) > 30
    stops[1]()
    before = counts[1]
    await asyncio.gather(*(bus.request("ask", b"", 5) for _ in range(100)))
    assert counts[1] == before
    assert sum(counts) == 400


async def test_a_slow_handler_holds_up_nobody(bus: Bus) -> None:
    free = asyncio.Event()

    async def handler(payload: bytes) -> bytes:
        if payload == b"slow":
            await free.wait()
        return payload

    await bus.serve("ask", "everybody", handler)
    slow = asyncio.create_task(bus.request("ask", b"slow", 10))
    assert await bus.request("ask", b"quick", 10) == b"quick"
    assert not slow.done()
    free.set()
    assert await slow == b"slow"


async def test_at_most_256_handlers_run_at_once(bus: Bus) -> None:
    running, most = 0, 0
    full, free = asyncio.Event(), asyncio.Event()

    async def handler(payload: bytes) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 256:
            full.set()
        await free.wait()
        running -= 1
        return payload

    await bus.serve("ask", "everybody", handler)
    asking = [asyncio.create_task(bus.request("ask", b"", 20)) for _ in range(400)]
    async with asyncio.timeout(10):
        await full.wait()
    free.set()
    await asyncio.gather(*asking)
    assert most == 256


async def test_what_a_caller_set_for_itself_does_not_travel(bus: Bus) -> None:
    mood: ContextVar[str] = ContextVar("mood", default="none")

    async def handler(payload: bytes) -> bytes:
        return mood.get().encode()

    await bus.serve("ask", "everybody", handler)
    mood.set("cross")
    assert await bus.request("ask", b"", 5) == b"none"


async def test_a_closed_bus_refuses(bus: Bus) -> None:
    ear = Ear()
    await bus.subscribe("a", ear)
    await bus.serve("ask", "everybody", echo)
    bus.publish("a", b"1")
    await bus.close()
    assert ear.heard == [("a", b"1")], "what was published before is delivered"
    with pytest.raises(Unavailable) as refused:
        await bus.request("ask", b"", 1)
    assert refused.value.started is False
    with pytest.raises(Unavailable):
        bus.publish("a", b"2")


# ---- what is the memory bus's own ------------------------------------------------------------------------------------


async def test_a_slow_listener_loses_the_oldest_and_is_told_once() -> None:
    bus, order = MemoryBus(), list[str]()
    ear = Ear()

    def listen(subject: str, payload: bytes) -> None:
        order.append("heard")
        ear(subject, payload)

    await bus.subscribe("a", listen, lambda: order.append("lost"))
    for n in range(65_536 + 1_000):
        bus.publish("a", str(n).encode())
    last = str(65_536 + 999).encode()
    async with asyncio.timeout(30):
        while ("a", last) not in ear.heard[-1:]:
            await ear.wait_for(len(ear.heard) + 1)
    numbers = [int(payload) for _, payload in ear.heard]
    assert numbers == list(range(1_000, 65_536 + 1_000))
    assert order.count("lost") == 1
    assert order[0] == "lost", "before the first message after the gap"
    await bus.close()
