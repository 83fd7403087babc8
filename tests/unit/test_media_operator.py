"""Rooms that an operator's tools make: how many, how long, and for whom."""

from __future__ import annotations

import pytest
from tests.fakes.clock import HandClock
from tests.fakes.engine import RecordingEngine

from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import RoomPlan
from hubbub.services.media.leases import OnlyNode
from hubbub.services.media.node import MediaNode
from hubbub.services.media.operator import ROOMS, OperatorRooms
from hubbub.services.media.service import MediaService


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine() -> RecordingEngine:
    return RecordingEngine()


@pytest.fixture
def node(engine: RecordingEngine, clock: HandClock) -> MediaNode:
    tokens, events = AccessTokens({"own": "s" * 32}, "own", clock), list[Event]()
    return MediaNode(engine, tokens, Admissions(clock), clock, events.append, OnlyNode())


@pytest.fixture
def rooms(node: MediaNode, clock: HandClock) -> OperatorRooms:
    tokens = AccessTokens({"own": "s" * 32}, "own", clock)
    return OperatorRooms(node, MediaService(node, tokens, Admissions(clock), ""), clock)


def plan(name: str, empty: int = 10) -> RoomPlan:
    return RoomPlan(name=name, metadata="", empty_timeout=empty, departure_timeout=0, limit=0)


async def test_only_so_many_rooms_are_kept(rooms: OperatorRooms, node: MediaNode, clock: HandClock) -> None:
    for number in range(ROOMS):
        await rooms.open(plan(f"room {number}"))
    with pytest.raises(Refused) as refused:
        await rooms.open(plan("one more"))
    assert refused.value.code == "media.too_many_rooms"
    await rooms.open(plan("room 0"))  # is there already
    clock.now += 10
    node.sweep()
    await rooms.open(plan("one more"))


async def test_a_room_closes_once_when_its_time_is_over(
    rooms: OperatorRooms, node: MediaNode, clock: HandClock, engine: RecordingEngine
) -> None:
    made = await rooms.open(plan("studio", empty=10))
    clock.now += 9
    node.sweep()
    assert [each.name for each in await rooms.rooms(())] == ["studio"]
    clock.now += 1
    node.sweep()
    node.sweep()
    assert await rooms.rooms(()) == ()
    assert engine.take("close_room") == [("close_room", made.sid)]


@pytest.mark.parametrize("name", ["1:2", "", "x" * 300])
async def test_some_names_are_not_theirs(rooms: OperatorRooms, name: str) -> None:
    with pytest.raises(Refused):
        await rooms.open(plan(name))
    assert await rooms.rooms(()) == ()
