"""Lines in which work waits for the work before it, one line per key; what waited together is done together.

No clock in it: who finds an empty line is served at once, and what comes meanwhile goes next, at most MOST at a time. So an
idle line adds nothing to anybody's wait, and a busy one costs one round for many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from typing import Generic, NamedTuple, TypeVar

from hubbub.errors import Unavailable

MOST = 64  # done together: bounds how long one of them holds the loop, and how much is done again when one is bad
IN_LINE = 2_048  # waiting in one line; more are refused, or the wait would outlast every caller's deadline
IN_ALL = 16_384  # waiting in all lines

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(NamedTuple, Generic[T, R]):
    item: T
    done: asyncio.Future[R]
    context: Context  # the caller's


class Lines(Generic[T, R]):
    """`work` gets what waited, in the order it came, and gives an answer to each. It does all or nothing, unless it
    raises Unavailable(started=True); it may be asked for the same again after any error but Unavailable."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        self._work = work
        self._lines: dict[int, deque[_Waiting[T, R]]] = {}  # of each key with work under way: who comes after it
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def put(self, key: int, item: T) -> R:
        """The answer to this item, or the error that it alone is the reason of, or Unavailable.

        Who is cancelled before their turn is passed over; after it, the work stands."""
        line = self._lines.get(key)
        if self._closed:
            raise Unavailable("this process is stopping")
        if self._waiting >= IN_ALL or (line is not None and len(line) >= IN_LINE):
            raise Unavailable(f"{self._waiting if line is None else len(line)} wait already")
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(item, done, copy_context())
        self._waiting += 1
        if line is None:
            self._lines[key] = deque([waiting])
            self._start(key)
        else:
            line.append(waiting)
        return await done

    async def close(self) -> None:
        """Refuse what comes from now on; return when everybody in line has an answer."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    # ---- inside

    def _start(self, key: int) -> None:
        """In the next turn of the loop, on behalf of the first: who comes before that goes along."""
        task = asyncio.create_task(self._do(key), context=self._lines[key][0].context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _together(self, key: int) -> list[_Waiting[T, R]]:
        line, together = self._lines[key], list[_Waiting[T, R]]()
        while line and len(together) < MOST:
            waiting = line.popleft()
            self._waiting -= 1
            if not waiting.done.done():  # else it was cancelled
                together.append(waiting)
        return together

    async def _do(self, key: int) -> None:
        together = self._together(key)
        try:
            if together:
                await self._serve(together)
        finally:
            for each in together:
                each.done.cancel()  # unless it has its answer: the loop is ending
            if self._lines[key]:
                self._start(key)
            else:
                del self._lines[key]

    async def _serve(self, together: list[_Waiting[T, R]]) -> None:
        try:
            answers = await self._work([each.item for each in together])
            for each, answer in zip(together, answers, strict=True):
                if not each.done.done():
                    each.done.set_result(answer)
        except Unavailable as error:
            _fail(together, error, error.started)
        except Exception as error:
            if len(together) == 1:
                _raise(together[0], error)
            else:
                await self._one_by_one(together)

    async def _one_by_one(self, together: list[_Waiting[T, R]]) -> None:
        """One of them spoils it for all: only that one shall get an error."""
        for at, each in enumerate(together):
            if each.done.done():
                continue
            await asyncio.create_task(self._serve([each]), context=each.context)
            error = None if each.done.cancelled() else each.done.exception()
            if isinstance(error, Unavailable):  # which is nobody's fault
                _fail(together[at + 1 :], error, started=False)
                return


def _raise(each: _Waiting[T, R], error: Exception) -> None:
    if not each.done.done():
        each.done.set_exception(error)


def _fail(together: Sequence[_Waiting[T, R]], error: Unavailable, started: bool) -> None:
    """To each an error of its own: a traceback grows with everybody who raises it."""
    for each in together:
        own = Unavailable(str(error), started=started)
        own.__cause__ = error
        _raise(each, own)
