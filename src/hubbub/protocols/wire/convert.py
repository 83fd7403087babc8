"""From what services return to what JSON says. Shared by REST and gateway, so that a thing looks the same on both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hubbub.clock import rfc3339
from hubbub.ids import created_ms
from hubbub.protocols.wire import things
from hubbub.services.auth import api as auth
from hubbub.services.channel import api as channel_api
from hubbub.services.chat import api as chat
from hubbub.services.presence import api as presence_api
from hubbub.services.user import api as user_api
from hubbub.services.voice import api as voice_api

TALKING_SHOWN = 5  # people in an invite's preview


def user(of: user_api.User) -> things.User:
    return things.User(
        id=str(of.id), username=of.username, display_name=of.display_name, avatar=of.avatar, kind=of.kind
    )


def users(of: Iterable[user_api.User]) -> tuple[things.User, ...]:
    return tuple(map(user, of))


def me(account: user_api.Account) -> things.Me:
    of = account.user
    return things.Me(
        id=str(of.id),
        username=of.username,
        display_name=of.display_name,
        avatar=of.avatar,
        kind=of.kind,
        email=account.email,
        created_at=rfc3339(account.created_at),
        instance_owner=account.instance_owner,
    )


def tokens(of: auth.Tokens, account: user_api.Account) -> things.Tokens:
    return things.Tokens(
        access_token=of.access_token,
        refresh_token=of.refresh_token,
        token_type="Bearer",
        expires_in=of.expires_in,
        user=me(account),
    )


def session(of: auth.Session, current: int) -> things.Session:
    """`current`: id of the session that asks."""
    return things.Session(
        id=str(of.id),
        device=of.device.name,
        address=of.device.address,
        created_at=rfc3339(of.created_at),
        last_used_at=rfc3339(of.last_used_at),
        current=of.id == current,
    )


def role(of: channel_api.Role) -> things.Role:
    return things.Role(
        id=str(of.id),
        server_id=str(of.server_id),
        name=of.name,
        hue=of.hue,
        hoist=of.hoist,
        mentionable=of.mentionable,
        position=of.position,
        permissions=str(of.permissions),
    )


def overwrite(of: channel_api.Overwrite) -> things.Overwrite:
    return things.Overwrite(
        id=str(of.target_id),
        type=of.target_type,
        allow=str(of.allow),
        deny=str(of.deny),
        applies=of.applies,
        expires_at=_instant(of.expires_at),
    )


def channel(of: channel_api.Channel, permissions: int, last_message_id: int | None) -> things.Channel:
    """`permissions`: of whoever will read it."""
    return things.Channel(
        id=str(of.id),
        server_id=str(of.server_id),
        type=of.type,
        name=of.name,
        topic=of.topic,
        parent_id=_id(of.parent_id),
        position=of.position,
        user_limit=of.user_limit,
        bitrate=of.bitrate,
        last_message_id=_id(last_message_id),
        permissions=str(permissions),
    )


def channel_view(of: channel_api.ChannelView, last_message_id: int | None) -> things.Channel:
    return channel(of.channel, of.permissions, last_message_id)


def member(of: channel_api.Member) -> things.Member:
    return things.Member(
        user=user(of.user), nick=of.nick, roles=tuple(map(str, of.roles)), joined_at=rfc3339(of.joined_at)
    )


def server_summary(of: channel_api.Server) -> things.ServerSummary:
    return things.ServerSummary(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        description=of.description,
        owner_id=str(of.owner_id),
        created_at=rfc3339(of.created_at),
        member_count=of.member_count,
    )


def server_view(
    of: channel_api.ServerView, heads: Mapping[int, chat.ChannelHead], voice: Iterable[voice_api.VoiceState]
) -> things.Server:
    """`heads` by channel id. Of `voice`, only people in rooms of this view are shown."""
    server = of.server
    visible = {view.channel.id for view in of.channels}
    last = {id: head.last_message_id for id, head in heads.items() if id in visible}
    return things.Server(
        id=str(server.id),
        name=server.name,
        icon=server.icon,
        description=server.description,
        owner_id=str(server.owner_id),
        created_at=rfc3339(server.created_at),
        member_count=server.member_count,
        channels=tuple(channel_view(view, last.get(view.channel.id)) for view in of.channels),
        roles=tuple(map(role, of.roles)),
        me=member(of.me),
        permissions=str(of.permissions),
        voice_states=tuple(voice_state(state) for state in voice if state.channel_id in visible),
        heads={f"server:{server.id}": of.head} | {f"channel:{id}": heads[id].seq for id in last},
    )


def voice_state(of: voice_api.VoiceState) -> things.VoiceState:
    return things.VoiceState(
        user_id=str(of.user.id),
        server_id=str(of.server_id),
        channel_id=_id(of.channel_id),
        self_mute=of.self_mute,
        self_deaf=of.self_deaf,
        mute=of.mute,
        deaf=of.deaf,
        suppress=of.suppress,
        self_video=of.self_video,
        self_stream=of.self_stream,
        joined_at=_instant(of.joined_at),
        device=of.device,
        seq=of.seq,
    )


def ticket(of: voice_api.Ticket) -> things.VoiceTicket:
    return things.VoiceTicket(url=of.url, token=of.token, room=of.room, state=voice_state(of.state))


def presence(of: presence_api.Presence) -> things.Presence:
    return things.Presence(user_id=str(of.user_id), status=of.status, custom_status=of.custom_status)


def reference(of: chat.Reference) -> things.Reference:
    return things.Reference(id=str(of.id), author=user(of.author) if of.author else None, content=of.content)


def message(of: chat.Message) -> things.Message:
    """The instant of a message is that of its id."""
    return things.Message(
        id=str(of.id),
        channel_id=str(of.channel_id),
        server_id=str(of.server_id),
        author=user(of.author),
        content=of.content,
        timestamp=rfc3339(created_ms(of.id)),
        edited_timestamp=_instant(of.edited_at),
        nonce=of.nonce,
        mentions=tuple(map(str, of.mentions)),
        mention_everyone=of.mention_everyone,
        referenced_message=reference(of.reference) if of.reference else None,
    )


def messages(of: Iterable[chat.Message]) -> tuple[things.Message, ...]:
    return tuple(map(message, of))


def read_state(of: chat.ReadState) -> things.ReadState:
    return things.ReadState(
        channel_id=str(of.channel_id), last_message_id=_id(of.last_message_id), mention_count=of.mention_count
    )


def invite(of: channel_api.Invite, origin: str) -> things.Invite:
    """`origin`: where this instance is reached, `https://chat.example`, without a slash at the end."""
    return things.Invite(
        token=of.token,
        url=f"{origin}/invite/{of.token}",
        server_id=str(of.server_id),
        channel_id=_id(of.channel_id),
        inviter_id=_id(of.inviter_id),
        max_uses=of.max_uses,
        uses=of.uses,
        created_at=rfc3339(of.created_at),
        expires_at=_instant(of.expires_at),
    )


def invite_preview(
    of: channel_api.InvitePreview, online_count: int, talking: Iterable[user_api.User]
) -> things.InvitePreview:
    """`talking`: everybody in the public voice rooms; a few are named, all are counted."""
    there = tuple(talking)
    server = of.server
    return things.InvitePreview(
        server=things.InviteServer(id=str(server.id), name=server.name, icon=server.icon),
        name=server.name,
        icon=server.icon,
        description=server.description,
        member_count=server.member_count,
        online_count=online_count,
        talking=users(there[:TALKING_SHOWN]),
        talking_count=len(there),
        created_at=rfc3339(server.created_at),
        inviter=user(of.inviter) if of.inviter else None,
        expires_at=_instant(of.expires_at),
    )


def _id(of: int | None) -> str | None:
    return None if of is None else str(of)


def _instant(of: int | None) -> str | None:
    return None if of is None else rfc3339(of)


def explanation(of: channel_api.Explanation) -> things.Explanation:
    return things.Explanation(
        allowed=of.allowed,
        decided_by=of.decided_by,
        channel_id=_id(of.channel_id),
        target_id=_id(of.target_id),
        valid_until=_instant(of.valid_until),
    )
