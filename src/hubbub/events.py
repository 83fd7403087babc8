"""What an event is: a frozen fact in the past tense, a bus subject and an audience.

Each service keeps its facts in its own `events.py`; importing that module registers them here, so that whoever reads
the bus can decode them. Facts that change stored state are emitted inside the transaction that changes it
(`tx.emit(stream, event)`) and carry the stream's sequence; facts about the moment (typing, speaking) go straight to
the bus and carry none.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from hubbub.trace import traceparent


class User(msgspec.Struct, frozen=True, tag="user"):
    """All sockets of one person."""

    id: int


class Channel(msgspec.Struct, frozen=True, tag="channel"):
    """Everybody who may `permission` (a bit mask) in the channel, at the moment of delivery."""

    id: int
    permission: int


class Server(msgspec.Struct, frozen=True, tag="server"):
    """Every member of the server."""

    id: int


class Servers(msgspec.Struct, frozen=True, tag="servers"):
    """Every member of any of these servers, once."""

    ids: tuple[int, ...]


class Services(msgspec.Struct, frozen=True, tag="services"):
    """Other services only: no socket ever sees it."""


Audience = User | Channel | Server | Servers | Services


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every fact. `subject` is the bus topic without ids; `routing` gives the ids that are appended to it."""

    subject: ClassVar[str] = ""

    @property
    def audience(self) -> Audience:
        raise NotImplementedError(type(self).__name__)

    @property
    def routing(self) -> tuple[int, ...]:
        """Ids appended to the subject, widest first: (server, channel) for a message."""
        return ()

    @property
    def topic(self) -> str:
        return ".".join((self.subject, *map(str, self.routing)))


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event as it travels: `stream` and `seq` are "" and 0 for events of the moment. `trace`: the traceparent of
    what caused it, "" when nobody knows."""

    stream: str
    seq: int
    at: int
    name: str
    body: msgspec.Raw
    trace: str = ""


_decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}
_encode = msgspec.msgpack.Encoder().encode
_decode_fact = msgspec.msgpack.Decoder(Fact).decode


def register(*kinds: type[Event]) -> None:
    """Make kinds known to `decode`. Two kinds with one name is a programming error."""
    for kind in kinds:
        if not kind.subject:
            raise TypeError(f"{kind.__name__} has no subject")
        if kind.__name__ in _decoders:
            raise TypeError(f"two events are named {kind.__name__}")
        _decoders[kind.__name__] = msgspec.msgpack.Decoder(kind)


def encode(event: Event, stream: str, seq: int, at: int) -> bytes:
    """On behalf of the trace that runs here."""
    return encode_of(traceparent(), event, stream, seq, at)


def encode_of(trace: str, event: Event, stream: str, seq: int, at: int) -> bytes:
    """On behalf of a trace that is named."""
    return _encode(Fact(stream, seq, at, type(event).__name__, msgspec.Raw(_encode(event)), trace))


def decode(payload: bytes) -> tuple[Fact, Event | None]:
    """The fact and its event; None for a kind that this process does not know (a newer version sent it)."""
    fact = _decode_fact(payload)
    decoder = _decoders.get(fact.name)
    return fact, decoder.decode(fact.body) if decoder else None
