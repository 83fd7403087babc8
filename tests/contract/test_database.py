"""What the database port promises of values and transactions, on every engine.

Bodies run again where engines differ: nothing here counts how often.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from hubbub.errors import Refused, Unavailable
from hubbub.infra.database.base import Conflict, Database, Transaction
from tests.contract.library import (
    ADD,
    ALL,
    BIG,
    BY_ID,
    BY_TITLE,
    COUNT,
    DROP,
    LEND,
    ONCE,
    ONE,
    PUT,
    ROW,
    BookAdded,
    Engine,
    add,
    count,
)

# ---- values ----------------------------------------------------------------------------------------------------------


async def test_values_come_back_as_they_went_in(database: Database) -> None:
    values = {
        "title": "h\u00e9 \u4f60 \U0001f600 \0",
        "extra": '{"b": [1, null], "a":"\u00e9"}',
        "cover": b"\0\xff" * 9,
    }
    if type(database).__name__ != "SqliteDatabase":
        values["title"] = values["title"].replace("\0", "")  # PostgreSQL has no NUL in texts; protocols refuse it
    await database.write(add(BIG, **values, lent=1))
    row = (await database.fetch(ONE, id=BIG))[0]
    assert tuple(row) == (BIG, values["title"], values["extra"], values["cover"], 1, None)


async def test_lists_of_any_length_are_one_statement(database: Database) -> None:
    for id in (1, 2, BIG):
        await database.write(add(id, title=f'"{id}"'))
    assert [row[0] for row in await database.fetch(BY_ID, ids=[2, BIG, 5])] == [2, BIG]
    assert [row[0] for row in await database.fetch(BY_ID, ids=[])] == []
    assert [row[0] for row in await database.fetch(BY_TITLE, titles=['"1"', "x", '"2"'])] == [1, 2]
    assert len(await database.fetch(BY_ID, ids=list(range(5_000)))) == 2


async def test_a_missing_or_unknown_value_is_an_error(database: Database) -> None:
    with pytest.raises(KeyError):
        await database.fetch(ONE)
    with pytest.raises(TypeError, match="colour"):
        await database.fetch(ONE, id=1, colour="red")


# ---- transactions ----------------------------------------------------------------------------------------------------


async def test_a_write_returns_its_value_and_is_read_back_at_once(database: Database) -> None:
    async def body(tx: Transaction) -> str:
        await tx.execute(ADD, id=1, title="one", **ROW)
        assert [tuple(row) for row in await tx.fetch(ALL)] == [(1, "one")]
        return (await tx.fetch(PUT, id=1, title="first", **ROW))[0][0]

    assert await database.write(body) == "first"
    assert [tuple(row) for row in await database.fetch(ALL)] == [(1, "first")]


async def test_execute_counts_the_rows_it_changed(database: Database) -> None:
    async def body(tx: Transaction) -> list[int]:
        added = [await tx.execute(ONCE, id=id, title=str(id), **ROW) for id in (1, 2, 2)]
        lent = await tx.execute(LEND, was=0, becomes=1)
        return [*added, lent, await tx.execute(LEND, was=0, becomes=1), await tx.execute(DROP, id=2)]

    assert await database.write(body) == [1, 1, 0, 2, 0, 1]


async def test_one_statement_for_many_rows_answers_in_their_order(database: Database) -> None:
    async def body(tx: Transaction) -> tuple[Any, ...]:
        added = await tx.fetch_many(ADD, [{"id": id, "title": f"book {id}", **ROW} for id in (3, 1, 2)])
        put = await tx.fetch_many(PUT, [{"id": id, "title": f"again {id}", **ROW} for id in (2, 4, 3)])
        found = await tx.fetch_many(BY_ID, [{"ids": [4, 1]}, {"ids": []}, {"ids": [2]}])
        return list(added), [row[0] for row in put], [row[0] for row in found], list(await tx.fetch_many(ADD, []))

    assert await database.write(body) == ([], ["again 2", "again 4", "again 3"], [1, 4, 2], [])
    assert [tuple(row) for row in await database.fetch(ALL)] == [
        (1, "book 1"),
        (2, "again 2"),
        (3, "again 3"),
        (4, "again 4"),
    ]


async def test_thousands_of_rows_are_one_statement_too(database: Database) -> None:
    rows = [{"id": id, "title": f"book {id}" + "x" * 2_000, **ROW} for id in range(2_000)]
    assert len(await database.write(lambda tx: tx.fetch_many(PUT, rows))) == 2_000
    assert await count(database) == 2_000


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"id": 2, "title": "book 1"}, Conflict),
        ({"id": 2, "title": "\ud800"}, Exception),  # no UTF-8 says that: the driver refuses it before it is sent
        ({"id": 2}, KeyError),
    ],
)
async def test_a_bad_row_among_many_undoes_all_of_them(
    engine: Engine, database: Database, bad: dict[str, Any], error: type[Exception]
) -> None:
    rows = [{**ROW, "id": 1, "title": "book 1"}, {**ROW, **bad}, {**ROW, "id": 3, "title": "book 3"}]

    async def body(tx: Transaction) -> None:
        await tx.emit_all("shelf:7", [(BookAdded(id=id, shelf=7), "") for id in (1, 2)])
        await tx.fetch_many(ADD, rows)

    for _ in range(30):  # whatever link it was on, it still serves
        with pytest.raises(error) as refused:
            await database.write(body)
        assert not isinstance(refused.value, Unavailable)
    assert await count(database) == 0
    assert await database.write(add(1, "shelf:7")) == 1
    assert engine.facts() == [("shelf:7", 1, 1)]


async def test_a_body_that_raises_writes_nothing(engine: Engine, database: Database) -> None:
    async def body(tx: Transaction) -> None:
        await add(1, "shelf:7")(tx)
        raise Refused("book.unwanted", id=1)

    with pytest.raises(Refused, match="unwanted"):
        await database.write(body)
    assert await count(database) == 0
    assert await database.heads(["shelf:7"]) == {"shelf:7": 0}
    assert engine.published == []


async def test_an_error_that_the_body_caught_undoes_it_all_the_same(database: Database) -> None:
    await database.write(add(1))

    async def body(tx: Transaction) -> str:
        await add(2)(tx)
        with contextlib.suppress(Conflict):
            await add(1)(tx)
        return "as if nothing had happened"

    async def going_on(tx: Transaction) -> None:
        await body(tx)
        await add(3)(tx)

    for each in (body, going_on):
        with pytest.raises(Conflict):
            await database.write(each)
        assert await count(database) == 1


@pytest.mark.parametrize(
    "values", [{"id": 1}, {"id": 2, "title": "book 1"}, {"id": 2, "shelf_id": 99}, {"id": 2, "lent": 2}]
)
async def test_constraints_are_conflicts(database: Database, values: dict[str, Any]) -> None:
    await database.write(add(1))
    with pytest.raises(Conflict):
        await database.write(add(**values))
    assert await count(database) == 1


async def test_bodies_that_share_a_commit_fail_alone(engine: Engine, database: Database) -> None:
    await database.write(add(1_000))

    def body(n: int) -> Callable[[Transaction], Any]:
        async def run(tx: Transaction) -> int:
            await add(n, "shelf:7")(tx)
            if n % 4 == 1:
                raise Refused("book.unwanted")
            if n % 4 == 3:
                await add(1_000)(tx)
            return n

        return run

    results = await asyncio.gather(*(database.write(body(n)) for n in range(64)), return_exceptions=True)
    kinds = [type(result).__name__ for result in results]
    assert kinds == ["int", "Refused", "int", "Conflict"] * 16
    assert [result for result in results if isinstance(result, int)] == list(range(0, 64, 2))
    assert await count(database) == 33
    assert sorted(book for _, _, book in engine.facts()) == list(range(0, 64, 2))
    assert [seq for _, seq, _ in engine.facts()] == list(range(1, 33))


async def test_a_fetch_sees_every_write_acknowledged_before_it(database: Database) -> None:
    async def writer(first: int) -> None:
        for id in range(first, first + 40):
            await database.write(add(id))
            assert await database.fetch(ONE, id=id)

    await asyncio.gather(*(writer(first) for first in range(0, 800, 100)))
    assert await count(database) == 320


async def test_a_lock_is_held_by_one_body_at_a_time(database: Database) -> None:
    """Each reads how many there are and writes the next number: without a lock two would choose the same."""

    async def body(tx: Transaction) -> int:
        await tx.lock(7)
        id = (await tx.fetch(COUNT))[0][0]
        await add(id)(tx)
        return id

    assert sorted(await asyncio.gather(*(database.write(body) for _ in range(50)))) == list(range(50))


async def test_cancelling_the_caller_harms_nobody_else(engine: Engine, database: Database) -> None:
    tasks = [asyncio.create_task(database.write(add(n, "shelf:7"))) for n in range(100)]
    for turns, task in enumerate(tasks[::7]):
        for _ in range(turns % 4):
            await asyncio.sleep(0)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    kept = {n for n, result in enumerate(results) if not isinstance(result, BaseException)}
    rows = {row[0] for row in await database.fetch(ALL)}
    assert len(kept) >= 80
    assert kept <= rows
    assert {book for _, _, book in engine.facts()} == rows, "a fact is published exactly when its body was committed"
    await database.write(add(500))


# ---- the end ---------------------------------------------------------------------------------------------------------


async def test_close_finishes_what_was_accepted_and_refuses_the_rest(engine: Engine, database: Database) -> None:
    writing = [asyncio.create_task(database.write(add(n))) for n in range(200)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writing) == [0] * 200
    with pytest.raises(Unavailable) as refused:
        await database.write(add(500))
    assert refused.value.started is False
    with pytest.raises(Unavailable):
        await database.fetch(COUNT)
    assert await count(await engine.open()) == 200
