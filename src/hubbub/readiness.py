"""Whether this process can do its work (OB-05): each thing that it depends on, asked at the moment of the question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hubbub.errors import HubbubError

PATIENCE = 2.0  # seconds for each answer; all are asked at once

Question = Callable[[], Awaitable[object]]


class Readiness:
    """A question that returns is a yes. From `drain()` on the answer is no: whoever balances load looks elsewhere."""

    def __init__(self) -> None:
        self._questions: dict[str, Question] = {}
        self._draining = False

    def ask_for(self, name: str, question: Question) -> None:
        self._questions[name] = question

    def drain(self) -> None:
        self._draining = True

    async def checks(self) -> dict[str, str]:
        """By name: "ok", or in words what is wrong."""
        said = await asyncio.gather(*map(_asked, self._questions.values()))
        found = dict(zip(self._questions, said, strict=True))
        return {**found, "process": "this process is stopping"} if self._draining else found


async def _asked(question: Question) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await question()
    except TimeoutError:
        return f"no answer in {PATIENCE:g} s"
    except HubbubError as error:
        return str(error) or type(error).__name__
    return "ok"
