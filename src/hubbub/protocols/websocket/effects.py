"""What the gateway adapter wants done, as values: the socket carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from hubbub.protocols.websocket.codec import TEXT, frame

_json = msgspec.json.Encoder()


class Write(NamedTuple):
    """One whole frame."""

    prebuilt: bytes


class Close(NamedTuple):
    code: int
    reason: str


class Run(NamedTuple):
    """Something that must wait for services. One at a time and in order; its own effects follow when it is done."""

    work: Callable[[], Awaitable[Sequence[Effect]]]


Effect = Write | Close | Run


def say(op: int, d: Any) -> Write:
    """A frame outside of the sequence."""
    return Write(frame(TEXT, b'{"op":%d,"d":%b}' % (op, _json.encode(d))))
