"""On whose behalf the work runs that runs now: a trace (W3C Trace Context, level 1) and a person.

Both travel with asyncio's tasks, with each call to another service (`infra/rpc.py`) and, the trace alone, with each
fact (`events.py`). Logs carry them always. Spans are kept only when a recorder is set (`infra/telemetry/traces.py`);
without one `span` passes the trace on and costs nothing else.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_parent: ContextVar[str] = ContextVar("traceparent", default="")
_person: ContextVar[int] = ContextVar("person", default=0)


class Recorded(Protocol):
    """A span that has begun. `traceparent` is its own, for what happens inside of it."""

    traceparent: str

    def name(self, name: str) -> None: ...

    def note(self, name: str, value: Value) -> None: ...

    def end(self, error: BaseException | None) -> None: ...


class Recorder(Protocol):
    def begin(self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Value]) -> Recorded:
        """`parent` "" begins a trace of its own."""
        ...


class _Recording:
    recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """From now on, in the whole process. None: spans are not kept."""
    _Recording.recorder = recorder


def is_recorded() -> bool:
    return _Recording.recorder is not None


def traceparent() -> str:
    """The header that a call made now would carry, "" outside of any trace."""
    return _parent.get()


def trace_id() -> str:
    """32 hexadecimal digits, or ""."""
    return _parent.get()[3:35]


def person() -> int:
    """The user's id, 0 when nobody is known."""
    return _person.get()


def is_valid(header: str) -> bool:
    """Whether a header from outside is one of version 00; others are ignored, as the specification wants."""
    return _VALID.fullmatch(header) is not None


def acting(user_id: int) -> Token[int]:
    """This task works for that person from now on; hand the token to `acted` to end it earlier."""
    return _person.set(user_id)


def acted(token: Token[int]) -> None:
    _person.reset(token)


def begin(name: str, parent: str, **attributes: Value) -> Recorded | None:
    """A span that outlasts the function that begins it; its owner ends it. None when nothing is recorded."""
    recorder = _Recording.recorder
    return recorder.begin(name, "internal", parent, attributes) if recorder is not None else None


class span:
    """`with span("chat/send", "client"):` a piece of work, as part of the trace that runs here.

    `parent=None` continues what runs here (nothing is begun outside of a trace when no recorder is set); a traceparent
    continues that one; "" begins a new trace."""

    __slots__ = ("_attributes", "_kind", "_name", "_parent", "_recorded", "_token")

    def __init__(self, name: str, kind: Kind = "internal", parent: str | None = None, **attributes: Value) -> None:
        self._name = name
        self._kind: Kind = kind
        self._parent = parent
        self._attributes = attributes
        self._recorded: Recorded | None = None
        self._token: Token[str] | None = None

    def __enter__(self) -> span:
        parent = self._parent
        if (recorder := _Recording.recorder) is not None:
            self._recorded = recorder.begin(
                self._name, self._kind, _parent.get() if parent is None else parent, self._attributes
            )
            self._token = _parent.set(self._recorded.traceparent)
        elif parent is not None:
            self._token = _parent.set(parent or _fresh())
        return self

    def name(self, name: str) -> None:
        """A better one than it began with."""
        if self._recorded is not None:
            self._recorded.name(name)

    def note(self, name: str, value: Value) -> None:
        """Something that is known only now."""
        if self._recorded is not None:
            self._recorded.note(name, value)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._token is not None:
            _parent.reset(self._token)
        if self._recorded is not None:
            self._recorded.end(error)


def _fresh() -> str:
    """A trace that is not sampled; its number is for logs. No secret, so the quick generator will do."""
    return f"00-{random.getrandbits(128) | 1:032x}-{random.getrandbits(64) | 1:016x}-00"
