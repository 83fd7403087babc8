"""Lines of work: what waited together is done together, and nobody pays for another one's fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import pytest

from hubbub.errors import Refused, Unavailable
from hubbub.services.chat import line
from hubbub.services.chat.line import Lines

WHO: ContextVar[int] = ContextVar("who", default=-1)


class Work:
    """Doubles numbers; each round waits to be let go. Numbers in `bad` spoil their round."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.acted: list[int] = []
        self.bad: dict[int, Exception] = {}
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.rounds.append(list(items))
        self.acted.append(WHO.get())
        await self.go.wait()
        for item in items:
            if item in self.bad:
                raise self.bad[item]
        return [item * 2 for item in items]


def put(lines: Lines[int, int], *items: int, key: int = 1) -> list[asyncio.Task[int]]:
    async def one(item: int) -> int:
        WHO.set(item)
        return await lines.put(key, item)

    return [asyncio.create_task(one(item)) for item in items]


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def waiting(*items: int, bad: dict[int, Exception] | None = None) -> tuple[Work, Any, list[asyncio.Task[int]]]:
    """0 is under way, the items wait behind it."""
    work = Work()
    work.bad = bad or {}
    work.go.clear()
    lines: Lines[int, int] = Lines(work)
    tasks = put(lines, 0)
    await turns()
    tasks += put(lines, *items)
    await turns()
    assert work.rounds == [[0]]
    return work, lines, tasks


async def test_one_alone_is_served_at_once_and_those_who_waited_together() -> None:
    work, lines, tasks = await waiting(*range(1, 151))
    work.go.set()
    assert await asyncio.gather(*tasks) == [item * 2 for item in range(151)]
    assert work.rounds == [[0], list(range(1, 65)), list(range(65, 129)), list(range(129, 151))]
    assert work.acted == [0, 1, 65, 129], "each round on behalf of its first"
    assert await lines.put(1, 7) == 14
    assert lines._waiting == 0


async def test_lines_do_not_wait_for_each_other() -> None:
    work, lines, tasks = await waiting(1)
    tasks += put(lines, 2, 3, key=2)
    await turns()
    assert work.rounds == [[0], [2, 3]]
    work.go.set()
    assert await asyncio.gather(*tasks) == [0, 2, 4, 6]


async def test_only_who_is_bad_fails() -> None:
    bad: dict[int, Exception] = {2: Refused("book.unwanted"), 4: ValueError("four")}
    work, _, tasks = await waiting(1, 2, 3, 4, bad=bad)
    work.go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results == [0, 2, bad[2], 6, bad[4]]
    assert work.rounds == [[0], [1, 2, 3, 4], [1], [2], [3], [4]]
    assert work.acted[2:] == [1, 2, 3, 4]


@pytest.mark.parametrize("started", [True, False])
async def test_what_is_nobodys_fault_is_told_to_each(started: bool) -> None:
    work, lines, tasks = await waiting(1, 2, bad={1: Unavailable("gone", started=started)})
    work.go.set()
    results = await asyncio.gather(*tasks[1:], return_exceptions=True)
    assert [(type(each), str(each), each.started) for each in results] == [(Unavailable, "gone", started)] * 2  # type: ignore[union-attr]
    assert results[0] is not results[1]
    assert work.rounds == [[0], [1, 2]], "perhaps it is done: not once more"
    assert await lines.put(1, 3) == 6


async def test_who_comes_after_an_interruption_was_certainly_not_served() -> None:
    bad: dict[int, Exception] = {1: ValueError("one"), 2: Unavailable("gone", started=True)}
    work, _, tasks = await waiting(1, 2, 3, 4, bad=bad)
    work.go.set()
    results: list[Any] = await asyncio.gather(*tasks[1:], return_exceptions=True)
    assert results[0] is bad[1]
    assert [each.started for each in results[1:]] == [True, False, False]
    assert work.rounds == [[0], [1, 2, 3, 4], [1], [2]]


async def test_who_is_cancelled_in_line_is_passed_over_and_later_the_work_stands() -> None:
    work, _, tasks = await waiting(1, 2, 3)
    tasks[0].cancel()
    tasks[2].cancel()
    await turns()
    work.go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError, int, asyncio.CancelledError, int]
    assert work.rounds == [[0], [1, 3]]


async def test_a_line_of_those_who_left_ends() -> None:
    work, lines, tasks = await waiting(1, 2)
    for task in tasks:
        task.cancel()
    await turns()
    work.go.set()
    await lines.close()
    assert work.rounds == [[0]]
    assert (lines._lines, lines._waiting) == ({}, 0)


async def test_lines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "IN_LINE", 3)
    monkeypatch.setattr(line, "IN_ALL", 5)
    work, lines, tasks = await waiting(1, 2, 3)
    with pytest.raises(Unavailable, match="3 wait already") as refused:
        await lines.put(1, 4)
    assert not refused.value.started
    tasks += put(lines, 5, key=2)
    await turns()
    tasks += put(lines, 6, 7, key=2)
    await turns()
    with pytest.raises(Unavailable, match="5 wait already"):
        await lines.put(3, 8)
    work.go.set()
    assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 10, 12, 14]
    assert await lines.put(3, 8) == 16


async def test_the_end_serves_who_is_in_line_and_refuses_the_rest() -> None:
    work, lines, tasks = await waiting(1, 2)
    closing = asyncio.create_task(lines.close())
    await turns()
    with pytest.raises(Unavailable) as refused:
        await lines.put(2, 3)
    assert not refused.value.started
    assert not closing.done()
    work.go.set()
    await closing
    assert [task.result() for task in tasks] == [0, 2, 4]


async def test_who_is_answered_together_is_served_together_again() -> None:
    """A line whose members come back at once does not fall apart into one and the rest."""
    work = Work()
    lines: Lines[int, int] = Lines(work)

    async def again(item: int) -> None:
        for _ in range(10):
            await lines.put(1, item)

    await asyncio.gather(*(again(item) for item in range(20)))
    assert [len(each) for each in work.rounds] == [20] * 10


async def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    work, lines, tasks = await waiting(1)
    for task in list(lines._tasks):
        task.cancel()
    await turns()
    work.go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError, int]
