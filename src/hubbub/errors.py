"""What can go wrong, in words of the domain. Status codes and sentences belong to the protocols.

HubbubError
├── Refused(code, **data)      the answer is no, and asking again changes nothing
│   └── Limited(retry_after)   the answer is "not so fast"
└── Unavailable(why, started)  nobody answered; with an idempotency key the caller may try again
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class HubbubError(Exception):
    """Whatever a service raises on purpose. Anything else that escapes a service is a bug."""


class Refused(HubbubError):
    """A service says no.

    `code` is stable and dotted (`channel.not_found`): clients branch on it, `protocols/rest/errors.py` gives it a
    status and a sentence. `data` holds what the sentence needs (JSON values only, it crosses processes).
    """

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.data = data

    def __str__(self) -> str:
        return f"{self.code} {self.data}" if self.data else self.code


class Limited(Refused):
    """Over a rate limit. `retry_after` is in seconds."""

    def __init__(self, retry_after: float, code: str = "rate.limited", **data: Any) -> None:
        super().__init__(code, retry_after=round(retry_after, 3), **data)
        self.retry_after = retry_after


class Unavailable(HubbubError):
    """No answer. `started` False: certainly not done. True: perhaps done, repeat with the same key."""

    def __init__(self, why: str, started: bool = False) -> None:
        super().__init__(why)
        self.started = started


async def unless_gone(call: Awaitable[T], nothing: T) -> T:
    """What a process answers; `nothing` if it has died, and what it held with it."""
    try:
        return await call
    except Unavailable as gone:
        if gone.started:
            raise
        return nothing
