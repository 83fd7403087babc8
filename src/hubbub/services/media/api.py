"""Live media of rooms: who is admitted, what they may publish. The voice service asks; a media node carries it out.

A room's name is `<server id>:<channel id>`; an identity is a user id in decimal. Both are opaque here.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Source = Literal["microphone", "camera", "screen", "screen_audio", "unknown"]
LeaveReason = Literal["left", "lost", "replaced", "removed", "moved", "never_came", "room_closed", "server_stopped"]


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
