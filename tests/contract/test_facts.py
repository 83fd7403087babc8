"""What the database port promises of facts, on every engine: counted without gaps, told after their commit, kept a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from hubbub import events
from hubbub.infra.database import outbox
from hubbub.infra.database.base import Database, Transaction
from tests.contract.library import (
    BookAdded,
    Engine,
    add,
    count,
)


async def test_a_stream_counts_without_gaps_and_is_published_in_order(engine: Engine, database: Database) -> None:
    results = await asyncio.gather(*(database.write(add(n, f"shelf:{n % 3}")) for n in range(300)))
    assert await database.heads(["shelf:0", "shelf:1", "shelf:2", "shelf:9"]) == {
        "shelf:0": 100,
        "shelf:1": 100,
        "shelf:2": 100,
        "shelf:9": 0,
    }
    for stream in range(3):
        told = [(seq, book) for name, seq, book in engine.facts() if name == f"shelf:{stream}"]
        assert [seq for seq, _ in told] == list(range(1, 101))
        assert all(results[book] == seq for seq, book in told)
    assert {topic for topic, _ in engine.published} == {"book.added.7"}


async def test_one_body_may_emit_several_facts(engine: Engine, database: Database) -> None:
    async def body(tx: Transaction) -> list[int]:
        return [await tx.emit(stream, BookAdded(id=n, shelf=7)) for n, stream in enumerate(["a", "b", "a", "a"])]

    assert await database.write(body) == [1, 1, 2, 3]
    assert engine.facts() == [("a", 1, 0), ("b", 1, 1), ("a", 2, 2), ("a", 3, 3)]


async def test_many_facts_at_once_follow_each_other_in_one_stream(engine: Engine, database: Database) -> None:
    async def body(tx: Transaction, first: int, many: int) -> int:
        told = [(BookAdded(id=id, shelf=id), f"cause {id}") for id in range(first, first + many)]
        if first % 200:
            return await tx.emit_all("s", told)
        before = await tx.emit("s", BookAdded(id=first, shelf=first))
        assert await tx.emit_all("s", told[1:-1]) == before + 1
        assert await tx.emit("s", BookAdded(id=first + many - 1, shelf=first + many - 1)) == before + many - 1
        return before

    sizes = [3, 1, 40, 5, 7, 100, 20, 9]
    firsts = await asyncio.gather(
        *(database.write(partial(body, first=100 * at, many=many)) for at, many in enumerate(sizes))
    )
    expected = {
        seq + n: 100 * at + n for at, (seq, many) in enumerate(zip(firsts, sizes, strict=True)) for n in range(many)
    }
    assert sorted(expected) == list(range(1, sum(sizes) + 1))
    assert engine.facts() == [("s", seq, expected[seq]) for seq in sorted(expected)]
    assert [topic for topic, _ in engine.published] == [f"book.added.{expected[seq]}" for seq in sorted(expected)]
    causes = [events.decode(payload)[0].trace for _, payload in engine.published]
    assert all(cause in ("", f"cause {expected[seq]}") for seq, cause in enumerate(causes, 1))
    assert causes.count("") == 2 * 4, "those that were told one by one, outside of any trace"
    kept = await database.events_after("s", 0, 1_000)
    assert kept == [payload for _, payload in engine.published]
    assert await database.heads(["s"]) == {"s": sum(sizes)}


async def test_a_fact_is_published_after_its_commit(engine: Engine) -> None:
    seen: list[int] = []
    database = await engine.open(lambda facts: watchers.append(asyncio.ensure_future(look(len(facts)))))
    watchers: list[asyncio.Future[None]] = []

    async def look(told: int) -> None:
        seen.append(await count(database) - told)

    await asyncio.gather(*(database.write(add(n, "shelf:7")) for n in range(20)))
    await asyncio.gather(*watchers)
    assert len(seen) >= 1
    assert min(seen) >= 0


async def test_missed_facts_can_be_asked_for(database: Database) -> None:
    for n in range(1, 11):
        await database.write(add(n, "shelf:7"))
    assert await database.events_after("shelf:7", 10, 100) == []
    assert await database.events_after("never", 0, 100) == []
    missed = await database.events_after("shelf:7", 4, 3)
    assert missed is not None
    assert [events.decode(payload)[0].seq for payload in missed] == [5, 6, 7]
    assert await database.events_after("shelf:7", 11, 100) is None, "a head from another life: read the state afresh"


async def test_facts_are_kept_for_ten_minutes(engine: Engine, database: Any) -> None:
    for n in range(1, 1_201):
        await database.write(add(n, "shelf:7"))
    engine.clock.forward(599)
    assert await database.sweep() == 0
    await database.write(add(5_000, "shelf:7"))
    engine.clock.forward(2)
    assert await database.sweep() == 1_200
    assert await database.sweep() == 0
    assert await database.events_after("shelf:7", 1_199, 10) is None
    assert len(await database.events_after("shelf:7", 1_200, 10) or []) == 1
    assert await database.heads(["shelf:7"]) == {"shelf:7": 1_201}


async def test_facts_stay_in_order_when_everything_old_was_deleted(engine: Engine, database: Any) -> None:
    for n in range(6):
        await database.write(add(n, "shelf:7"))
        engine.clock.forward(1_000)
        await database.sweep()
    await database.close()
    again = await engine.open(engine.published.extend)
    await again.write(add(100, "shelf:7"))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 8))


async def test_facts_wait_until_somebody_publishes(engine: Engine) -> None:
    database = await engine.open()
    for n in range(1, 1_101):
        await database.write(add(n, "shelf:7"))
    engine.clock.forward(3_600)
    assert await database.sweep() == 0, "nobody has heard of them yet"
    adding = asyncio.create_task(database.write(add(5_000, "shelf:7")))
    await database.publish_to(engine.published.extend)
    await adding
    await database.write(add(5_001, "shelf:7"))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 1_103))


async def test_nothing_is_published_again_after_a_clean_end(engine: Engine) -> None:
    first = await engine.open(engine.published.extend)
    await first.write(add(1, "shelf:7"))
    await first.close()
    second = await engine.open(engine.published.extend)
    await second.write(add(2, "shelf:7"))
    assert engine.facts() == [("shelf:7", 1, 1), ("shelf:7", 2, 2)]


async def test_facts_that_could_not_be_published_are_kept_and_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "RETRY", 0.02)
    caplog.set_level(logging.CRITICAL)
    working, caught_up = True, asyncio.Event()

    def publish(facts: Sequence[tuple[str, bytes]]) -> None:
        if not working:
            raise OSError("no route")
        engine.published.extend(facts)
        if len(engine.published) == 20:
            caught_up.set()

    database = await engine.open(publish)
    for n in range(1, 11):
        await database.write(add(n, "shelf:7"))
    working = False
    for n in range(11, 20):
        assert await database.write(add(n, "shelf:7")) == n, "the write stands"
    engine.clock.forward(3_600)
    assert await database.sweep() == 10, "what nobody heard of is not deleted"
    working = True
    await database.write(add(20, "shelf:7"))
    async with asyncio.timeout(10):
        await caught_up.wait()
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 21))
