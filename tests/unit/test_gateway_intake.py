"""Facts reach the gateway once and in order, whatever the bus does to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub import events
from hubbub.errors import Unavailable
from hubbub.events import Event, Fact
from hubbub.services.chat.api import ReadState
from hubbub.services.chat.events import ReadStateChanged
from hubbub.services.gateway.health import Health
from hubbub.services.gateway.intake import Intake


class Unknown(Event, frozen=True, kw_only=True):
    """Of a newer version: nobody registered it."""

    subject: ClassVar[str] = "unknown"


def fact(stream: str, seq: int) -> bytes:
    state = ReadState(channel_id=seq, last_message_id=None, mention_count=0)
    return events.encode(ReadStateChanged(user_id=1, state=state), stream, seq, 0)


class Outbox:
    def __init__(self, heads: dict[str, int]) -> None:
        self._heads = heads
        self.oldest = 0
        self.failures = 0
        self.questions = 0

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        self._answer()
        return {each: self._heads.get(each, 0) for each in streams}

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        self.questions += 1
        await asyncio.sleep(0)
        self._answer()
        if seq < self.oldest:
            return None
        return [fact(stream, each) for each in range(seq + 1, self._heads[stream] + 1)][:limit]

    def _answer(self) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("busy")


class Seen:
    def __init__(self, head: int) -> None:
        self.outbox = Outbox({"s": head})
        self.seqs: list[int] = []
        self.broken: list[str] = []
        self.health = Health()
        self.intake = Intake(self.outbox, self._deliver, lambda stream, event: self.broken.append(stream), self.health)

    def _deliver(self, fact: Fact, event: Event) -> None:
        self.seqs.append(fact.seq)

    async def receive(self, *seqs: int) -> None:
        for each in seqs:
            self.intake.receive(fact("s", each))
        for _ in range(20):
            await asyncio.sleep(0)


async def test_in_order_and_once() -> None:
    seen = Seen(9)
    await seen.receive(3, 4, 4, 3, 5)
    assert seen.seqs == [3, 4, 5]
    assert seen.outbox.questions == 0


async def test_a_hole_is_filled_and_what_comes_meanwhile_waits() -> None:
    seen = Seen(9)
    await seen.receive(1, 4, 5, 2, 9)
    assert seen.seqs == list(range(1, 10))
    assert seen.health.gaps == 1


async def test_a_snapshot_shows_a_hole_before_the_first_event() -> None:
    seen = Seen(9)
    seen.intake.expect({"s": 6})
    seen.intake.expect({"s": 5, "other": 2})
    seen.intake.expect({"s": 7})
    await seen.receive(8)
    assert seen.seqs == [6, 7, 8, 9]


@pytest.mark.parametrize("first", [4, 5, 6, 7])
async def test_what_a_snapshot_contains_may_still_arrive(first: int) -> None:
    seen = Seen(9)
    seen.intake.expect({"s": 6})
    await seen.receive(first, first + 1)
    assert seen.seqs == [first, first + 1]
    assert seen.health.gaps == 0


async def test_a_hole_that_cannot_be_filled_is_told_and_life_goes_on() -> None:
    seen = Seen(9)
    seen.outbox.oldest = 5
    await seen.receive(1, 8)
    assert (seen.seqs, seen.broken) == ([1, 8], ["s"])
    await seen.receive(9)
    assert seen.seqs == [1, 8, 9]


async def test_a_busy_owner_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.services.gateway.intake.RETRY_AFTER", (0.001, 0.002))
    seen = Seen(4)
    seen.outbox.failures = 9
    await seen.receive(1, 4)
    async with asyncio.timeout(5):
        while len(seen.seqs) < 4:  # noqa: ASYNC110  (the pauses between the questions are real)
            await asyncio.sleep(0.001)
    assert (seen.seqs, seen.broken) == ([1, 2, 3, 4], [])


async def test_a_recheck_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.services.gateway.intake.RETRY_AFTER", (0.001, 0.002))
    seen = Seen(4)
    await seen.receive(1, 2)
    seen.outbox.failures = 9
    async with asyncio.timeout(5):
        await seen.intake.recheck()
    await seen.receive()
    assert seen.seqs == [1, 2, 3, 4]


async def test_recheck_finds_a_lost_tail() -> None:
    seen = Seen(4)
    await seen.receive(1, 2)
    await seen.intake.recheck()
    await seen.receive()
    assert seen.seqs == [1, 2, 3, 4]
    await seen.intake.recheck()
    assert seen.health.gaps == 1


async def test_events_of_the_moment_pass_and_unknown_kinds_count() -> None:
    seen = Seen(9)
    seen.intake.receive(fact("", 0))
    newer = msgspec.msgpack.encode(Fact("s", 1, 0, "Unknown", msgspec.Raw(msgspec.msgpack.encode({}))))
    seen.intake.receive(newer)
    await seen.receive(2)
    assert seen.seqs == [0, 2]
    assert seen.health.gaps == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=25))
def test_any_loss_repetition_and_delay(plan: list[tuple[int, bool, bool]]) -> None:
    """Each step commits some events; the bus loses them, or brings them twice. The last one always arrives."""

    async def run() -> None:
        seen = Seen(1)
        await seen.receive(1)
        head = 1
        for count, lost, twice in plan:
            fresh = range(head + 1, head + 1 + count)
            head += count
            seen.outbox._heads["s"] = head  # pyright: ignore[reportPrivateUsage]
            if not lost:
                for each in (*fresh, *(fresh if twice else ())):
                    seen.intake.receive(fact("s", each))
        seen.outbox._heads["s"] = head + 1  # pyright: ignore[reportPrivateUsage]
        await seen.receive(head + 1)
        assert seen.seqs == list(range(1, head + 2))

    asyncio.run(run())
