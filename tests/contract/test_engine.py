"""What every `infra.sfu.base.Engine` must do, whoever connects to it. Media itself is tested in `crates/media/tests`."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from typing import TypeVar

import pytest

from hubbub.infra.sfu import base
from hubbub.infra.sfu.embedded import EmbeddedEngine

E = TypeVar("E")

PATIENCE = 10.0


@pytest.fixture
def engine() -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine("127.0.0.1", 0)
    yield engine
    engine.close()


def readable(engine: base.Engine, timeout: float) -> bool:
    return bool(select.select([engine.fileno()], [], [], timeout)[0])


def next_events(engine: base.Engine) -> list[base.EngineEvent]:
    assert readable(engine, PATIENCE)
    return list(engine.drain())


def one(engine: base.Engine, kind: type[E]) -> E:
    """The next event of this kind; others before it are dropped."""
    while True:
        for event in next_events(engine):
            if isinstance(event, kind):
                return event


def open_peer(engine: base.Engine, peer: str = "PA_1") -> None:
    engine.open_room("R")
    engine.open_peer("R", peer)


def test_it_is_an_engine(engine: EmbeddedEngine) -> None:
    port: base.Engine = engine
    assert port.stats() == base.EngineStats(0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_subscriber_side_begins_with_an_offer_of_the_data_section(engine: EmbeddedEngine) -> None:
    open_peer(engine)
    engine.open_subscriber("PA_1")
    offer = one(engine, base.SubscriberOffer)
    assert offer.peer == "PA_1"
    assert "m=application 9 UDP/DTLS/SCTP webrtc-datachannel" in offer.sdp
    assert f" 127.0.0.1 {engine.port} typ host" in offer.sdp


def test_subscription_is_offered_with_publisher_and_track(engine: EmbeddedEngine) -> None:
    open_peer(engine, "PA_1")
    engine.open_peer("R", "PA_2")
    engine.announce_track("PA_1", "cid", "TR_x", "audio")
    engine.subscribe("PA_2", "TR_x")
    engine.open_subscriber("PA_2")
    assert "a=msid:PA_1|TR_x TR_x\r\n" in one(engine, base.SubscriberOffer).sdp


@pytest.mark.parametrize("side", ["publisher", "subscriber"])
def test_nonsense_is_refused_with_a_reason(engine: EmbeddedEngine, side: base.Side) -> None:
    open_peer(engine)
    if side == "publisher":
        engine.publisher_offer("PA_1", "nonsense")
    else:
        engine.subscriber_answer("PA_1", "an answer nobody waits for")
    failed = one(engine, base.NegotiationFailed)
    assert (failed.peer, failed.side) == ("PA_1", side)
    assert failed.reason


def test_fileno_is_readable_only_while_events_wait(engine: EmbeddedEngine) -> None:
    assert not readable(engine, 0.05)
    open_peer(engine)
    engine.open_subscriber("PA_1")
    assert readable(engine, PATIENCE)
    assert readable(engine, 0), "level-triggered"
    assert engine.drain()
    assert not readable(engine, 0.05)
    assert list(engine.drain()) == []


async def test_event_loop_can_watch_it(engine: EmbeddedEngine) -> None:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(engine.fileno(), woken.set)
    try:
        open_peer(engine)
        engine.open_subscriber("PA_1")
        await asyncio.wait_for(woken.wait(), PATIENCE)
    finally:
        loop.remove_reader(engine.fileno())
    assert isinstance(engine.drain()[0], base.SubscriberOffer)


def test_ids_that_are_gone_are_harmless(engine: EmbeddedEngine) -> None:
    engine.close_room("no")
    engine.open_peer("no", "PA_no")
    engine.close_peer("no")
    engine.announce_track("no", "cid", "TR_no", "video")
    engine.withdraw_track("no")
    engine.mute_track("no", True)
    engine.publisher_offer("no", "v=0")
    engine.open_subscriber("no")
    engine.subscriber_answer("no", "v=0")
    engine.restart_subscriber("no")
    engine.subscribe("no", "no")
    engine.unsubscribe("no", "no")
    engine.pause("no", "no", True)
    engine.send_data(["no", "PA_no"], True, b"x")
    open_peer(engine, "PA_after")
    engine.open_subscriber("PA_after")
    assert [type(event) for event in next_events(engine)] == [base.SubscriberOffer]


def test_commands_take_effect_in_order(engine: EmbeddedEngine) -> None:
    for i in range(200):
        engine.open_room(f"R{i}")
        engine.open_peer(f"R{i}", f"PA_{i}")
        engine.announce_track(f"PA_{i}", "cid", f"TR_{i}", "audio")
    for i in range(200):
        engine.subscribe(f"PA_{i}", f"TR_{(i + 1) % 200}")
    engine.open_subscriber("PA_0")  # answered when all before it are done
    one(engine, base.SubscriberOffer)
    stats = engine.stats()
    assert (stats.rooms, stats.peers, stats.tracks, stats.subscriptions) == (200, 200, 200, 200)
    for i in range(200):
        engine.close_room(f"R{i}")
    open_peer(engine, "PA_last")
    engine.open_subscriber("PA_last")
    one(engine, base.SubscriberOffer)
    stats = engine.stats()
    assert (stats.rooms, stats.peers, stats.tracks, stats.subscriptions) == (1, 1, 0, 0)


def test_closing_frees_the_port_and_may_be_repeated(engine: EmbeddedEngine) -> None:
    port = engine.port
    with pytest.raises(OSError):
        EmbeddedEngine("127.0.0.1", port)
    engine.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", port))
    engine.close()
    engine.open_room("late")
    assert list(engine.drain()) == []


@pytest.mark.parametrize("arguments", [("nonsense", 0, []), ("127.0.0.1", 0, ["nonsense"]), ("192.0.2.77", 0, [])])
def test_addresses_that_are_none_are_refused(arguments: tuple[str, int, list[str]]) -> None:
    with pytest.raises(OSError):
        EmbeddedEngine(*arguments)


def test_advertised_addresses_are_told_instead() -> None:
    engine = EmbeddedEngine("127.0.0.1", 0, ["203.0.113.9", "[2001:db8::9]:4000"])
    try:
        open_peer(engine)
        engine.open_subscriber("PA_1")
        sdp = one(engine, base.SubscriberOffer).sdp
    finally:
        engine.close()
    assert f" 203.0.113.9 {engine.port} typ host" in sdp
    assert " 2001:db8::9 4000 typ host" in sdp
    assert "127.0.0.1 " not in sdp.split("m=application")[1]
