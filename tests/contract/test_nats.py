"""What is NATS's own: several connections, and a server that goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hubbub.errors import Unavailable
from hubbub.infra.bus import queues
from hubbub.infra.bus.nats import NatsBus
from tests.contract.test_bus import Ear
from tests.servers.engines import Nats, fresh_name


@pytest.fixture
async def own_server() -> AsyncIterator[Nats]:
    """For tests that stop it."""
    server = Nats()
    server.start()
    yield server
    server.stop()


async def test_one_process_hears_and_answers_another(nats_server: Nats) -> None:
    prefix, ear = fresh_name(), Ear()
    one, other = [await NatsBus.connect(nats_server.url, prefix, lambda: None) for _ in range(2)]
    stranger = await NatsBus.connect(nats_server.url, fresh_name(), lambda: None)

    async def answer(payload: bytes) -> bytes:
        return payload[::-1]

    await other.subscribe(">", ear)
    await other.serve("rpc.turn", "turners", answer)
    assert await one.request("rpc.turn", b"abc", 5) == b"cba"
    stranger.publish("not.ours", b"")
    with pytest.raises(Unavailable):
        await stranger.request("rpc.turn", b"abc", 5)
    one.publish("ours", b"1")
    assert await ear.wait_for(1) == [("ours", b"1")], "neither calls nor what is another instance's"
    for each in (one, other, stranger):
        await each.close()


async def test_members_in_several_processes_share_the_work(nats_server: Nats) -> None:
    prefix, counts = fresh_name(), [0, 0]
    buses = [await NatsBus.connect(nats_server.url, prefix, lambda: None) for _ in range(2)]
    for place, bus in enumerate(buses):

        async def handler(payload: bytes, place: int = place) -> bytes:
            counts[place] += 1
            return payload

        await bus.serve("ask", "everybody", handler)
    await asyncio.gather(*(buses[0].request("ask", b"", 5) for _ in range(400)))
    assert sum(counts) == 400
    assert min(counts) > 100
    for bus in buses:
        await bus.close()


async def test_after_an_interruption_everybody_is_told(own_server: Nats) -> None:
    told, lost, ear = asyncio.Event(), asyncio.Event(), Ear()
    bus = await NatsBus.connect(own_server.url, "x", told.set)
    await bus.subscribe("a", ear, lost.set)
    hanging = asyncio.Event()

    async def never(payload: bytes) -> bytes:
        hanging.set()
        await asyncio.sleep(60)
        return payload

    await bus.serve("ask", "everybody", never)
    asking = asyncio.create_task(bus.request("ask", b"", 60))
    await hanging.wait()
    await asyncio.to_thread(own_server.kill)
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable) as gone:
            await asking
    assert gone.value.started is True
    with pytest.raises(Unavailable) as refused:
        bus.publish("a", b"1")
    assert refused.value.started is False
    with pytest.raises(Unavailable):
        await bus.request("ask", b"", 60)
    await asyncio.to_thread(own_server.start)
    async with asyncio.timeout(20):
        await told.wait()
        await lost.wait()
    bus.publish("a", b"2")
    assert await ear.wait_for(1) == [("a", b"2")]
    await bus.close()


async def test_a_slow_listener_is_told_what_it_lost(nats_server: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "QUEUE", 100)
    bus = await NatsBus.connect(nats_server.url, fresh_name(), lambda: None)
    ear, lost = Ear(), asyncio.Event()
    await bus.subscribe("a", ear, lost.set)
    for n in range(20_000):
        bus.publish("a", str(n).encode())
    async with asyncio.timeout(20):
        await lost.wait()
        while ear.heard[-1:] != [("a", b"19999")]:
            await ear.wait_for(len(ear.heard) + 1)
    numbers = [int(payload) for _, payload in ear.heard]
    assert numbers == sorted(numbers), "what is left keeps its order, the newest included"
    await bus.close()


async def test_no_server_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.infra.bus.nats.CONNECTING", 0.5)
    with pytest.raises(Unavailable):
        await NatsBus.connect("nats://127.0.0.1:1", "x", lambda: None)


async def test_leaving_while_the_server_is_gone_does_not_hang(own_server: Nats) -> None:
    bus = await NatsBus.connect(own_server.url, "x", lambda: None)
    await bus.subscribe("a", Ear())
    await asyncio.to_thread(own_server.kill)
    with contextlib.suppress(Unavailable):
        bus.publish("a", b"1")
    async with asyncio.timeout(10):
        await bus.close()


async def test_whoever_serves_is_found_at_once(nats_server: Nats) -> None:
    """From another connection, a hundred times: the server must know of it when `serve` returns."""
    prefix = fresh_name()
    one, other = [await NatsBus.connect(nats_server.url, prefix, lambda: None) for _ in range(2)]

    async def answer(payload: bytes) -> bytes:
        return payload

    for n in range(100):
        other.publish("noise", bytes(200_000))  # something that the socket is busy with
        stop = await other.serve(f"ask.{n}", "everybody", answer)
        assert await one.request(f"ask.{n}", b"x", 5) == b"x"
        stop()
    for each in (one, other):
        await each.close()
