"""Who is in which voice channel, and how. Decides; the media node carries it out."""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from hubbub.services.auth.api import Principal
from hubbub.services.user.api import User


class VoiceState(msgspec.Struct, frozen=True, kw_only=True):
    """Four absolute flags; effective mute is `mute or self_mute`. `suppress`: lacks SPEAK. `channel_id` None: has left.
    `seq` rises with each change of one person's state. `joined_at` in milliseconds UTC. `device` names the login that
    holds the seat, without telling which: a person's other devices see that it is not theirs."""

    user: User
    server_id: int
    channel_id: int | None
    self_mute: bool
    self_deaf: bool
    mute: bool
    deaf: bool
    suppress: bool
    self_video: bool
    self_stream: bool
    joined_at: int | None
    device: str
    seq: int


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """`url` empty: the origin that the client already talks to."""

    url: str
    token: str
    room: str
    state: VoiceState


class VoicePatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mute: bool | UnsetType = UNSET
    deaf: bool | UnsetType = UNSET
    channel_id: int | None | UnsetType = UNSET


class VoiceApi(Protocol):
    """Common refusals: channel.not_found, permission.denied, voice.not_connected."""

    async def join(
        self, principal: Principal, channel_id: int, self_mute: bool, self_deaf: bool, seq: int | None
    ) -> Ticket:
        """Takes the seat at once; media that does not arrive within 30 s gives it up. One seat per person: another
        device or room of theirs is left. `seq`: the newest of their states that the client knows, said when it goes
        there by itself (it follows a move, or comes back): what a moderator has decided since then holds. None: the
        person asked. Refused: channel.not_voice, voice.full, voice.overruled."""
        ...

    async def leave(self, principal: Principal) -> None:
        """Does nothing for who is in no room. Who asks while their `join` is under way asks after its answer: of two
        requests on two connections either may come first, and a join that comes second takes a seat."""
        ...

    async def update_self(self, principal: Principal, self_mute: bool, self_deaf: bool) -> VoiceState: ...

    async def moderate(self, principal: Principal, server_id: int, user_id: int, patch: VoicePatch) -> VoiceState:
        """Server mute (MUTE_MEMBERS), server deaf (DEAFEN_MEMBERS), moving and putting out (MOVE_MEMBERS), each over
        somebody whom the principal outranks. Refused: member.outranked, voice.not_connected."""
        ...

    async def silence(self, room: str, identity: str, mute: bool) -> bool:
        """Server mute on behalf of whoever runs the instance (an operator's tools name people as media nodes do). False:
        nobody of ours sits there under that name."""
        ...

    async def states(self, server_ids: tuple[int, ...]) -> tuple[VoiceState, ...]:
        """For the gateway: everybody in voice on these servers."""
        ...

    async def speaking(self, server_ids: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
        """For the gateway: channel id -> who speaks there now; silent channels are left out."""
        ...
