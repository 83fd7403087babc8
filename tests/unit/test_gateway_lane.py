"""Steps of one server keep their order; fan-out keeps it too, in slices and joined writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from hubbub.errors import Unavailable
from hubbub.services.gateway import fanout
from hubbub.services.gateway.dispatch import Batch, Outgoing
from hubbub.services.gateway.events import Notice, SessionResumed
from hubbub.services.gateway.fanout import Fanout
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.lane import Lane
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.voice.events import SpeakingChanged


def lane_of(failures: list[str]) -> Lane:
    return Lane(Health(), lambda: failures.append("failed"))


async def test_later_steps_wait_for_an_asking_one() -> None:
    lane, done, gate = lane_of([]), list[int](), asyncio.Event()

    async def ask(number: int) -> None:
        await gate.wait()
        done.append(number)

    steps: list[Callable[[], Awaitable[None] | None]] = [
        lambda: done.append(1),
        lambda: ask(2),
        lambda: done.append(3),
        lambda: ask(4),
        lambda: done.append(5),
    ]
    for step in steps:
        lane.put(step)
    assert done == [1]
    assert not lane.idle
    gate.set()
    await asyncio.sleep(0.01)
    assert done == [1, 2, 3, 4, 5]
    assert lane.idle


async def test_unavailable_is_asked_again_until_the_time_of_a_step_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.services.gateway.lane.RETRY_AFTER", (0.001, 0.002))
    failures, tries, done = list[str](), list[int](), list[str]()
    lane = lane_of(failures)

    async def ask(good: int) -> None:
        tries.append(good)
        if len(tries) < good:
            raise Unavailable("busy")

    lane.put(lambda: ask(9))
    lane.put(lambda: done.append("after"))
    async with asyncio.timeout(5):
        while not lane.idle:  # noqa: ASYNC110  (the pauses between the questions are real)
            await asyncio.sleep(0.001)
    assert (len(tries), failures, done) == (9, [], ["after"])
    tries.clear()
    monkeypatch.setattr("hubbub.services.gateway.lane.STEP_SECONDS", 0.05)
    lane.put(lambda: ask(1_000_000))
    lane.put(lambda: done.append("still after"))
    assert done == ["after"], "nothing passes while rights are asked for"
    async with asyncio.timeout(5):
        while not lane.idle:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert (failures, done) == (["failed"], ["after", "still after"])


async def test_a_step_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.services.gateway.lane.STEP_SECONDS", 0.01)
    failures, done = list[str](), list[int]()
    lane = lane_of(failures)
    lane.put(lambda: asyncio.sleep(60))
    lane.put(lambda: done.append(1))
    await asyncio.sleep(0.05)
    assert (failures, done) == (["failed"], [1])


async def test_a_bug_in_a_step_fails_it_and_not_the_next() -> None:
    failures, done = list[str](), list[int]()
    lane = lane_of(failures)

    def bug() -> None:
        raise RuntimeError("a bug")

    lane.put(bug)
    lane.put(lambda: done.append(1))
    assert (failures, done) == (["failed"], [1])


class Member:
    """Notes what arrives and in how many writes."""

    id = "member"

    def __init__(self) -> None:
        self.got: list[int] = []
        self.writes = 0

    def dispatch(self, batch: Batch) -> None:
        self.writes += 1
        self.got += [cast(SessionResumed, each.notice).replayed for each in batch.events]


def numbered(number: int) -> Outgoing:
    return Outgoing(SessionResumed(replayed=number), "", 0, 0.0)


def members_of(count: int) -> tuple[list[Member], tuple[GatewaySession, ...]]:
    members = [Member() for _ in range(count)]
    return members, cast(Any, tuple(members))


async def test_bursts_are_joined_and_stay_in_order() -> None:
    health = Health()
    out = Fanout(health)
    members, listed = members_of(250)
    for number in range(10):
        out.publish(numbered(number), listed)
    await asyncio.sleep(0.02)
    assert all(each.got == list(range(10)) and each.writes == 1 for each in members)
    assert health.frames == 2500


async def test_other_work_gets_in_between() -> None:
    out = Fanout(Health())
    members, listed = members_of(1000)
    out.publish(numbered(1), listed)
    turns = 0
    while not members[-1].got:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 1000 // fanout.SLICE


async def test_who_joins_later_gets_only_what_comes_later() -> None:
    out = Fanout(Health())
    (first, second), listed = members_of(2)
    out.publish(numbered(1), listed[:1])
    out.publish(numbered(2), listed)
    out.publish(numbered(3), listed[1:])
    await asyncio.sleep(0.01)
    assert (first.got, second.got) == ([1, 2], [2, 3])


async def test_a_bug_with_one_member_stays_with_it(caplog: pytest.LogCaptureFixture) -> None:
    out = Fanout(Health())
    (first, second, third), listed = members_of(3)

    def bug(batch: Batch) -> None:
        raise RuntimeError("a bug")

    second.dispatch = bug  # type: ignore[method-assign]
    out.publish(numbered(1), listed)
    await asyncio.sleep(0.01)
    out.publish(numbered(2), listed)
    await asyncio.sleep(0.01)
    assert first.got == third.got == [1, 2]
    assert "could not be handed" in caplog.text


async def test_a_crowd_loses_only_what_nobody_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "CROWDED", 3)
    health = Health()
    out = Fanout(health)
    _, listed = members_of(1)
    talk: Notice = SpeakingChanged(server_id=1, channel_id=1, user_ids=())
    for number in range(5):
        out.publish(numbered(number), listed)
    out.publish(Outgoing(talk, "", 0, 0.0), listed)
    assert health.skipped == 1
