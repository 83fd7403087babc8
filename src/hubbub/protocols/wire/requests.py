"""Bodies that clients send to REST, and data of gateway commands. Unknown fields are refused; absent is not null."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

Username = Annotated[str, msgspec.Meta(min_length=2, max_length=64)]  # normalised and checked by the user service
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,19}$")]
Bits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,19}$")]
Content = Annotated[
    str, msgspec.Meta(max_length=16_000)
]  # the limit of 4,000 is the chat service's; this one bounds work
Nonce = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Register(Strict, frozen=True, kw_only=True):
    username: Username
    password: Password
    email: str | None = None
    display_name: str | None = None
    invite: str | None = None
    setup_token: str | None = None
    device: str | None = None


class Login(Strict, frozen=True, kw_only=True):
    username: Username
    password: Password
    device: str | None = None


class Refresh(Strict, frozen=True, kw_only=True):
    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class ChangePassword(Strict, frozen=True, kw_only=True):
    current: Password
    new: Password


class UpdateMe(Strict, frozen=True, kw_only=True):
    display_name: str | UnsetType = UNSET
    email: str | None | UnsetType = UNSET


class CreateServer(Strict, frozen=True, kw_only=True):
    name: Name
    description: Annotated[str, msgspec.Meta(max_length=300)] = ""


class UpdateServer(Strict, frozen=True, kw_only=True):
    name: Name | UnsetType = UNSET
    description: Annotated[str, msgspec.Meta(max_length=300)] | UnsetType = UNSET


class CreateChannel(Strict, frozen=True, kw_only=True):
    name: Name
    type: Literal["category", "text", "voice"] = "text"
    topic: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    parent_id: Id | None = None


class UpdateChannel(Strict, frozen=True, kw_only=True):
    """`parent_id` and `position` move the room: position counts among the children of its (new) parent."""

    name: Name | UnsetType = UNSET
    topic: Annotated[str, msgspec.Meta(max_length=1024)] | UnsetType = UNSET
    parent_id: Id | None | UnsetType = UNSET
    position: Annotated[int, msgspec.Meta(ge=0, le=1000)] | UnsetType = UNSET
    user_limit: Annotated[int, msgspec.Meta(ge=0, le=1000)] | UnsetType = UNSET
    bitrate: Annotated[int, msgspec.Meta(ge=8_000, le=510_000)] | UnsetType = UNSET


class PutOverwrite(Strict, frozen=True, kw_only=True):
    type: Literal["role", "user"]
    allow: Bits = "0"
    deny: Bits = "0"
    applies: Literal["here", "subtree", "both"] = "both"
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] | None = None


class CreateRole(Strict, frozen=True, kw_only=True):
    name: Name
    permissions: Bits = "0"
    hue: Annotated[int, msgspec.Meta(ge=1, le=8)] | None = None
    hoist: bool = False
    mentionable: bool = False


class UpdateRole(Strict, frozen=True, kw_only=True):
    name: Name | UnsetType = UNSET
    permissions: Bits | UnsetType = UNSET
    hue: Annotated[int, msgspec.Meta(ge=1, le=8)] | None | UnsetType = UNSET
    hoist: bool | UnsetType = UNSET
    mentionable: bool | UnsetType = UNSET
    position: Annotated[int, msgspec.Meta(ge=1, le=1000)] | UnsetType = UNSET


class UpdateMember(Strict, frozen=True, kw_only=True):
    nick: Annotated[str, msgspec.Meta(max_length=32)] | None | UnsetType = UNSET
    roles: Annotated[tuple[Id, ...], msgspec.Meta(max_length=250)] | UnsetType = UNSET


class CreateInvite(Strict, frozen=True, kw_only=True):
    """`max_age` in seconds; 0 or absent means no limit, for both."""

    max_uses: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    max_age: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)] = 0
    channel_id: Id | None = None


class CreateInviteFor(CreateInvite, frozen=True, kw_only=True):
    """The same with the server named in the body, for `POST /invites`."""

    server_id: Id


class SendMessage(Strict, frozen=True, kw_only=True):
    content: Content
    nonce: Nonce | None = None
    reply_to: Id | None = None


class EditMessage(Strict, frozen=True, kw_only=True):
    content: Content


class MarkRead(Strict, frozen=True, kw_only=True):
    """`message_id` "0": nothing in the room is read."""

    message_id: Id


class JoinVoice(Strict, frozen=True, kw_only=True):
    """`seq`: that of the newest own voice state, said by a client that goes there by itself (it follows a move, or comes
    back): refused with voice.overruled when a moderator decided otherwise since. Absent: the person asked."""

    self_mute: bool = False
    self_deaf: bool = False
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class UpdateVoice(Strict, frozen=True, kw_only=True):
    """Absolute values, never toggles."""

    self_mute: bool
    self_deaf: bool


class ModerateVoice(Strict, frozen=True, kw_only=True):
    """`channel_id` null puts the person out of voice; another room moves them there."""

    mute: bool | UnsetType = UNSET
    deaf: bool | UnsetType = UNSET
    channel_id: Id | None | UnsetType = UNSET


class UpdatePresence(Strict, frozen=True, kw_only=True):
    status: Literal["online", "idle", "dnd", "offline"]
    custom_status: Annotated[str, msgspec.Meta(max_length=128)] | None = None


# Data of gateway commands (op 20): the name is `data.name`, e.g. message.send.


class MessageSend(SendMessage, frozen=True, kw_only=True):
    channel_id: Id


class MessageEdit(EditMessage, frozen=True, kw_only=True):
    message_id: Id


class MessageDelete(Strict, frozen=True, kw_only=True):
    message_id: Id


class MessagesPage(Strict, frozen=True, kw_only=True):
    channel_id: Id
    before: Id | None = None
    after: Id | None = None
    around: Id | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class Typing(Strict, frozen=True, kw_only=True):
    channel_id: Id


class Read(MarkRead, frozen=True, kw_only=True):
    channel_id: Id
