"""Calling a service through its Api: the same over a bus, or only encoded.

Each test runs over every way: `ways` gives the Api as a caller sees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import msgspec
import pytest

from hubbub import trace
from hubbub.errors import Limited, Refused, Unavailable
from hubbub.infra.bus.base import Bus
from hubbub.infra.bus.memory import MemoryBus
from hubbub.infra.bus.nats import NatsBus
from hubbub.infra.database.base import Conflict
from hubbub.infra.parcels import LARGEST, PART
from hubbub.infra.rpc import TooLarge, encoded, operations, remote, serve, within
from tests.servers.engines import fresh_name

BIG = (1 << 63) - 1


class Circle(msgspec.Struct, frozen=True, tag="circle"):
    radius: int


class Box(msgspec.Struct, frozen=True, tag="box"):
    sides: tuple[int, int]
    label: str | None


Shape = Circle | Box


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    shapes: tuple[Shape, ...]
    counts: dict[str, int]
    thumbnail: bytes | None


class DrawingApi(Protocol):
    async def keep(self, drawing: Drawing, extra: dict[str, int], raw: bytes, next_to: int | None) -> Drawing: ...
    async def pair(self, shape: Shape, flags: tuple[bool, float]) -> tuple[Shape, tuple[bool, float]]: ...
    async def many(self, ids: list[int]) -> dict[int, str]: ...
    async def nothing(self) -> None: ...
    async def fail(self, how: str) -> None: ...
    async def take(self, size: int) -> bytes: ...
    async def give(self, payload: bytes) -> int: ...
    async def wait(self, seconds: float) -> None: ...
    async def relay(self, seconds: float) -> None: ...


class Drawings:
    """The service. `inner` is itself as others see it, to call through."""

    inner: DrawingApi

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.seen: list[object] = []

    async def keep(self, drawing: Drawing, extra: dict[str, int], raw: bytes, next_to: int | None) -> Drawing:
        self.seen += [drawing, extra, raw, next_to]
        return drawing

    async def pair(self, shape: Shape, flags: tuple[bool, float]) -> tuple[Shape, tuple[bool, float]]:
        return shape, flags

    async def many(self, ids: list[int]) -> dict[int, str]:
        return {id: str(id) for id in ids}

    async def nothing(self) -> None:
        pass

    async def fail(self, how: str) -> None:
        errors = {
            "refused": Refused("drawing.not_found", id=BIG, names=["a"], nested={"x": None}),
            "limited": Limited(1.25, "drawing.too_fast", bucket="a"),
            "unavailable": Unavailable("the pencil broke", started=True),
            "untouched": Unavailable("no pencil"),
            "conflict": Conflict("twice"),
            "defect": KeyError("a bug"),
        }
        raise errors[how]

    async def take(self, size: int) -> bytes:
        return bytes(size)

    async def give(self, payload: bytes) -> int:
        return len(payload)

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.stopped.set()
            raise

    async def relay(self, seconds: float) -> None:
        await self.inner.wait(seconds)


class Way:
    """One way to reach the service."""

    def __init__(self, api: DrawingApi, service: Drawings) -> None:
        self.api = api
        self.service = service
        service.inner = api


async def over_the_bus(bus: Bus, service: Drawings) -> DrawingApi:
    await serve(DrawingApi, service, bus, lambda _: None)
    return remote(DrawingApi, bus)


async def only_encoded(_bus: Bus, service: Drawings) -> DrawingApi:
    return encoded(DrawingApi, service, lambda _: None)


WAYS: dict[str, Callable[[Bus, Drawings], Awaitable[DrawingApi]]] = {
    "memory": over_the_bus,
    "nats": over_the_bus,
    "encoded": only_encoded,
}


@pytest.fixture
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    way = getattr(request.node, "callspec", None)
    if way is not None and way.params.get("way") == "nats":
        opened: Bus = await NatsBus.connect(request.getfixturevalue("nats_server").url, fresh_name(), lambda: None)
    else:
        opened = MemoryBus()
    yield opened
    await opened.close()


@pytest.fixture(params=WAYS)
async def way(request: pytest.FixtureRequest, bus: Bus) -> Way:
    service = Drawings()
    return Way(await WAYS[request.param](bus, service), service)


# ---- values ----------------------------------------------------------------------------------------------------------


async def test_everything_that_an_api_may_speak_of_travels(way: Way) -> None:
    shapes = (Circle(radius=1), Box(sides=(1, 2), label=None), Box(sides=(3, 4), label="\u00e9"))
    drawing = Drawing(id=BIG, shapes=shapes, counts={"a": BIG}, thumbnail=b"\0\xff")
    assert await way.api.keep(drawing, {"x": -1}, b"\xff\0", None) == drawing
    assert way.service.seen == [drawing, {"x": -1}, b"\xff\0", None]
    assert way.service.seen[0] is not drawing, "it went through the encoding"
    assert await way.api.pair(shapes[2], (True, 0.5)) == (shapes[2], (True, 0.5))
    assert await way.api.many([1, BIG]) == {1: "1", BIG: str(BIG)}
    assert await way.api.nothing() is None


async def test_arguments_may_be_named(way: Way) -> None:
    assert await way.api.pair(Circle(radius=1), flags=(False, 1.0)) == (Circle(radius=1), (False, 1.0))
    for wrong in ({}, {"flags": 1, "colour": 2}, {"shape": 1, "flags": 2}):
        with pytest.raises(TypeError):
            await way.api.pair(Circle(radius=1), **wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await way.api.nothing(1)  # type: ignore[call-arg]


async def test_a_wrong_type_is_not_let_in(way: Way) -> None:
    with pytest.raises(Unavailable, match="not understood") as refused:
        await way.api.give("text")  # type: ignore[arg-type]
    assert refused.value.started is False


# ---- errors ----------------------------------------------------------------------------------------------------------


async def test_refusals_keep_their_code_and_data(way: Way) -> None:
    with pytest.raises(Refused) as refused:
        await way.api.fail("refused")
    assert type(refused.value) is Refused
    assert refused.value.code == "drawing.not_found"
    assert refused.value.data == {"id": BIG, "names": ["a"], "nested": {"x": None}}


async def test_limits_keep_how_long_to_wait(way: Way) -> None:
    with pytest.raises(Limited) as limited:
        await way.api.fail("limited")
    assert limited.value.retry_after == 1.25
    assert (limited.value.code, limited.value.data) == ("drawing.too_fast", {"retry_after": 1.25, "bucket": "a"})


@pytest.mark.parametrize(("how", "started"), [("unavailable", True), ("untouched", False)])
async def test_unavailable_keeps_whether_it_was_started(way: Way, how: str, started: bool) -> None:
    with pytest.raises(Unavailable, match="pencil") as refused:
        await way.api.fail(how)
    assert refused.value.started is started


@pytest.mark.parametrize("how", ["conflict", "defect"])
async def test_what_a_service_must_not_raise_is_perhaps_done(way: Way, how: str) -> None:
    with pytest.raises(Unavailable) as refused:
        await way.api.fail(how)
    assert refused.value.started is True


async def test_a_defect_is_reported_where_it_happened(bus: Bus) -> None:
    reported: list[BaseException] = []
    await serve(DrawingApi, Drawings(), bus, reported.append)
    with pytest.raises(Unavailable):
        await remote(DrawingApi, bus).fail("defect")
    assert [type(error) for error in reported] == [KeyError]


@pytest.mark.parametrize("size", [PART - 100, PART - 5, PART, PART + 1, 2 * PART, 3 * PART + 7, LARGEST - 100])
async def test_long_answers_and_arguments_come_in_parts(way: Way, size: int) -> None:
    assert len(await way.api.take(size)) == size
    assert await way.api.give(bytes(size)) == size
    everything = bytes(range(251)) * (size // 251)
    kept = await way.api.keep(Drawing(id=1, shapes=(), counts={}, thumbnail=everything), {}, b"", None)
    assert kept.thumbnail == everything


async def test_larger_answers_and_arguments_must_page(way: Way) -> None:
    with pytest.raises(Unavailable, match="must page"):
        await way.api.take(LARGEST)
    with pytest.raises(TooLarge, match="must page"):
        await way.api.give(bytes(LARGEST))


# ---- time ------------------------------------------------------------------------------------------------------------


async def test_a_call_ends_by_its_deadline(way: Way) -> None:
    began = asyncio.get_running_loop().time()
    with within(0.2), pytest.raises(Unavailable) as refused:
        await way.api.wait(60)
    assert refused.value.started is True
    assert asyncio.get_running_loop().time() - began < 2


async def test_inner_calls_inherit_the_deadline(way: Way) -> None:
    began = asyncio.get_running_loop().time()
    with within(0.2), pytest.raises(Unavailable):
        await way.api.relay(60)
    async with asyncio.timeout(2):  # the innermost was told to stop too, not left to run for a minute
        await way.service.stopped.wait()
    assert asyncio.get_running_loop().time() - began < 2


async def test_no_time_left_is_not_even_tried(way: Way) -> None:
    with within(-1), pytest.raises(Unavailable, match="no time left") as refused:
        await way.api.keep(Drawing(id=1, shapes=(), counts={}, thumbnail=None), {}, b"", None)
    assert refused.value.started is False
    assert way.service.seen == []


async def test_an_inner_deadline_cannot_be_later_than_the_outer(way: Way) -> None:
    began = asyncio.get_running_loop().time()
    with within(0.1), within(60), pytest.raises(Unavailable):
        await way.api.wait(60)
    assert asyncio.get_running_loop().time() - began < 2
    await way.api.nothing()


# ---- who answers -----------------------------------------------------------------------------------------------------


async def test_nobody_serves(bus: Bus) -> None:
    with pytest.raises(Unavailable) as refused:
        await remote(DrawingApi, bus).nothing()
    assert refused.value.started is False


async def test_stopping_leaves_the_calls_to_the_others(bus: Bus) -> None:
    first, second = Drawings(), Drawings()
    stop = await serve(DrawingApi, first, bus, lambda _: None)
    await serve(DrawingApi, second, bus, lambda _: None)
    drawing = Drawing(id=1, shapes=(), counts={}, thumbnail=None)
    for _ in range(10):
        await remote(DrawingApi, bus).keep(drawing, {}, b"", None)
    assert len(first.seen) == len(second.seen) == 20
    stop()
    for _ in range(10):
        await remote(DrawingApi, bus).keep(drawing, {}, b"", None)
    assert (len(first.seen), len(second.seen)) == (20, 60)


async def test_a_method_or_version_that_the_other_does_not_know_is_unavailable(bus: Bus) -> None:
    class OldApi(Protocol):
        async def nothing(self) -> None: ...

    class NewApi(Protocol):
        async def nothing(self) -> None: ...
        async def something(self) -> None: ...

    class NextApi(Protocol):
        VERSION = 2

        async def nothing(self) -> None: ...

    NewApi.__name__ = NextApi.__name__ = OldApi.__name__
    await serve(OldApi, Drawings(), bus, lambda _: None)
    await remote(NewApi, bus).nothing()
    for call in (remote(NewApi, bus).something(), remote(NextApi, bus).nothing()):
        with pytest.raises(Unavailable) as refused:
            await call
        assert refused.value.started is False


async def test_a_changed_argument_is_not_understood(bus: Bus) -> None:
    class OldApi(Protocol):
        async def give(self, payload: bytes) -> int: ...

    class NewApi(Protocol):
        async def give(self, payload: bytes, times: int) -> int: ...

    NewApi.__name__ = OldApi.__name__
    reported: list[BaseException] = []
    await serve(OldApi, Drawings(), bus, reported.append)
    with pytest.raises(Unavailable, match="not understood") as refused:
        await remote(NewApi, bus).give(b"", 2)
    assert refused.value.started is False
    assert len(reported) == 1


# ---- what an Api may be ----------------------------------------------------------------------------------------------


class Defaults(Protocol):
    async def find(self, limit: int = 50) -> None: ...


class NotAsync(Protocol):
    def find(self) -> None: ...


class Untyped(Protocol):
    async def find(self, limit) -> None: ...  # type: ignore[no-untyped-def]


class Starred(Protocol):
    async def find(self, *ids: int) -> None: ...


class UntaggedUnion(Protocol):
    async def find(self, one: Drawing | Untagged) -> None: ...


class Untagged(msgspec.Struct):
    x: int


@pytest.mark.parametrize("api", [Defaults, NotAsync, Untyped, Starred, UntaggedUnion])
async def test_an_api_that_cannot_travel_is_refused_at_once(bus: Bus, api: type) -> None:
    for attempt in (lambda: operations(api), lambda: remote(api, bus), lambda: encoded(api, object())):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        await serve(api, object(), bus, lambda _: None)


class WhoApi(Protocol):
    async def asks(self) -> tuple[str, int]: ...


class Who:
    async def asks(self) -> tuple[str, int]:
        return trace.traceparent(), trace.person()


@pytest.mark.parametrize("way", ["bus", "encoded"])
async def test_trace_and_person_travel_with_a_call(way: str) -> None:
    bus = MemoryBus()
    stop = await serve(WhoApi, Who(), bus, lambda error: None)
    who = remote(WhoApi, bus) if way == "bus" else encoded(WhoApi, Who())
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert await who.asks() == ("", 0)
    acting = trace.acting(42)
    with trace.span("request", "server", parent):
        assert await who.asks() == (parent, 42)
        assert (trace.traceparent(), trace.person()) == (parent, 42)
    trace.acted(acting)
    assert await who.asks() == ("", 0)
    stop()
    await bus.close()
