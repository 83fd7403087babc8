"""Live media of rooms: who is admitted, what they may publish. The voice service asks; a media node carries it out.

A room's name is `<server id>:<channel id>`; an identity is a user id in decimal. Both are opaque here.

Two interfaces: `MediaApi` for other services, and `Signalling` for the protocol that clients speak (its words
are in `signals`, to be imported from here). The second lives on the node itself: everything happens on the event loop, and nothing blocks.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.services.media import signals
from hubbub.services.media.signals import LeaveReason, Source

__all__ = (
    "Admission",
    "Grants",
    "LeaveReason",
    "MediaApi",
    "Participant",
    "Seat",
    "SignalSink",
    "Signalling",
    "Source",
    "signals",
)


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """`muted`: nothing of their sound is forwarded. `deafened`: nothing is forwarded to them."""

    speak: bool
    camera: bool
    screen: bool
    data: bool
    muted: bool
    deafened: bool


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """`url`: base of the signalling (`wss://…`), empty for the origin that the client already talks to."""

    url: str
    token: str
    room: str


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """`sources`: what is published and not muted. `joined_at` in milliseconds UTC."""

    identity: str
    sid: str
    joined_at: int
    sources: tuple[Source, ...]


class MediaApi(Protocol):
    async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
        """Mint a token for one person, device and room. It is good for 5 minutes until the first join, then renewed
        while the participant lives; a new admission of the same identity ends the older one when it connects."""
        ...

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        """Change what somebody may do, at once; nothing for who is not there."""
        ...

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        """End the live participant and every token given for it."""
        ...

    async def close(self, room: str) -> None: ...

    async def participants(self, room: str) -> tuple[Participant, ...]: ...


class SignalSink(Protocol):
    """One client's connection, as the node sees it. Neither call raises."""

    def signal(self, signal: signals.Signal) -> None:
        """Deliver in order. One object may be given to many sinks: encode it once."""
        ...

    def hang_up(self) -> None:
        """No more signals follow."""
        ...


class Seat(Protocol):
    """One participant, as its connection sees it. Calls after the participant left do nothing."""

    def ask(self, ask: signals.Ask) -> None:
        """Handled before it returns; an `Answered` to it is signalled meanwhile."""
        ...

    def alive(self) -> None:
        """Something arrived, if only a ping."""
        ...

    def misbehaved(self) -> None:
        """The client broke its protocol: it leaves."""
        ...

    def cut(self, sink: SignalSink) -> None:
        """The connection is gone. The seat is kept for a resume."""
        ...


class Signalling(Protocol):
    """Refused: media.token_missing, media.token_invalid, media.token_expired, media.token_spent, media.not_granted,
    media.hidden, media.room_missing, media.identity_missing."""

    def check(self, token: str) -> None:
        """Whether `join` would accept the token now."""
        ...

    def join(self, token: str, client: signals.Client, sink: SignalSink) -> Seat: ...

    def resume(self, token: str, sid: str, client: signals.Client, sink: SignalSink) -> Seat | None:
        """None: that session is gone; the sink was told so."""
        ...
