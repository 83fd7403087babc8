"""Live media of rooms: who is admitted, what they may publish. The voice service asks; a media node carries it out.

A room's name is `<server id>:<channel id>`; an identity is a user id in decimal. Both are opaque here.

`MediaApi` and, over several nodes, `NodeRegistry` are for other services, `RoomsApi` for the tools of an operator, and
`Signalling` for the protocol that clients speak (its words are in `signals`, to be imported from here). The last lives on
the node itself: everything happens on the event loop, and nothing blocks.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal, Protocol

import msgspec

from hubbub.services.media import signals
from hubbub.services.media.signals import LeaveReason, Source

__all__ = (
    "Admission",
    "AttendantPatch",
    "Errand",
    "Grants",
    "HooksApi",
    "Keyholders",
    "Lease",
    "LeaveReason",
    "MediaApi",
    "NodeRegistry",
    "Participant",
    "Parcel",
    "RoomPlan",
    "RoomsApi",
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
    """`url`: base of the signalling (`wss://…`), empty for the origin that the client already talks to. `epoch`: of the
    lease under which the node has the room; 0 where there is no other node."""

    url: str
    token: str
    room: str
    epoch: int


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """`sources`: what is published and not muted. `joined_at` in milliseconds UTC."""

    identity: str
    sid: str
    joined_at: int
    sources: tuple[Source, ...]


class MediaApi(Protocol):
    async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
        """Mint a token for one person, device and room. It is good for 5 minutes until the first join, then renewed
        while the participant lives; a new admission of the same identity ends the older one when it connects.
        Unavailable and not started: another node has the room; started: nobody can say which has."""
        ...

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        """Change what somebody may do, at once; nothing for who is not there."""
        ...

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        """End the live participant and every token given for it."""
        ...

    async def close(self, room: str) -> None: ...

    async def participants(self, room: str) -> tuple[Participant, ...]: ...


class Lease(msgspec.Struct, frozen=True):
    """A room is on this node, and on no other, since this change of nodes. `epoch` rises with each change: who has seen a
    higher one refuses what comes with a lower."""

    node: str
    epoch: int


class NodeRegistry(Protocol):
    """Where there are several media nodes: which of them live, and which has a room. Any call may raise Unavailable."""

    async def alive(self) -> dict[str, int]:
        """Node -> how many rooms it has."""
        ...

    async def holder(self, room: str) -> Lease | None: ...

    async def claim(self, room: str, node: str, seconds: float) -> Lease:
        """The room is that node's for so long, if it is nobody's or its own already (compare and set). Whose it is now."""
        ...

    async def release(self, room: str, lease: Lease) -> None:
        """It is nobody's, if that lease still stands."""
        ...


Errand = Literal["list", "create", "admin"]


class RoomPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A room that a tool makes. Seconds; 0: the usual. `limit` 0: as many as come."""

    name: str
    metadata: str
    empty_timeout: int
    departure_timeout: int
    limit: int


class AttendantPatch(msgspec.Struct, frozen=True, kw_only=True):
    """Empty or None: stays as it is. An empty value of an attribute removes it."""

    name: str
    metadata: str
    attributes: dict[str, str]
    rights: signals.Rights | None


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Data for everybody in a room, or for those named. `nonce` is for the receivers."""

    payload: bytes
    reliable: bool
    topic: str
    nonce: bytes
    sids: tuple[str, ...]
    identities: tuple[str, ...]


class RoomsApi(Protocol):
    """What an operator's own tools do with live rooms: all that this process can reach. People of Hubbub are whom the
    voice service let in; what they may do is its to say.

    Refused: media.room_not_found, media.participant_not_found, media.theirs_to_decide (the room or the person is
    Hubbub's, and Hubbub's rules say something else), media.too_long."""

    async def rooms(self, names: tuple[str, ...]) -> tuple[signals.RoomState, ...]:
        """Those of these names; none named: all."""
        ...

    async def attendants(self, room: str) -> tuple[signals.Attendant, ...]:
        """Nobody, if there is no such room."""
        ...

    async def open(self, plan: RoomPlan) -> signals.RoomState:
        """Make a room that is there before anybody has come; one that is there already stays as it is.
        Refused: media.no_node (ask a media node itself), media.too_many_rooms."""
        ...

    async def describe(self, room: str, metadata: str) -> signals.RoomState: ...

    async def shut(self, room: str) -> None:
        """Everybody leaves, and tokens that wait for their first join are spent."""
        ...

    async def expel(self, room: str, identity: str) -> None: ...

    async def mute(self, room: str, identity: str, track: str, muted: bool) -> signals.Track | None:
        """As if its publisher had done it, who may undo it. None: no such track. Refused: media.remote_unmute (only the
        publisher unmutes)."""
        ...

    async def change(self, room: str, identity: str, patch: AttendantPatch) -> signals.Attendant: ...

    async def subscribe(self, room: str, identity: str, tracks: tuple[str, ...], wanted: bool) -> None: ...

    async def send(self, room: str, parcel: Parcel) -> None: ...


class Keyholders(Protocol):
    def check(self, token: str, errand: Errand, room: str) -> None:
        """Whether an operator's token is good for that: `list` (roomList), `create` (roomCreate), or `admin` of this
        room (roomAdmin). Refused: media.token_missing, media.token_invalid, media.token_expired, media.not_for_that."""
        ...


class HooksApi(Protocol):
    async def told(self, authorization: str, body: bytes) -> None:
        """A webhook of the operator's LiveKit: its token, which signs the body, and the body (a `WebhookEvent` in JSON).
        What was told before is passed over. Refused: media.hook_unsigned, media.hook_stale, media.hook_malformed."""
        ...


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
    media.hidden, media.room_missing, media.identity_missing, media.room_full. Unavailable: this node does not have the
    room, or cannot say; nobody comes in, people who are in stay."""

    def check(self, token: str) -> None:
        """Whether `join` would accept the token now."""
        ...

    def prepare(self, token: str, resume: bool) -> Awaitable[None] | None:
        """Before `join` or `resume`: whether the token is worth anything. What it returns, if anything, is to be awaited:
        it sees to it that this node has the room, where there are several. Nobody comes in by a resume."""
        ...

    def join(self, token: str, client: signals.Client, sink: SignalSink) -> Seat: ...

    def resume(self, token: str, sid: str, client: signals.Client, sink: SignalSink) -> Seat | None:
        """None: that session is gone; the sink was told so."""
        ...
