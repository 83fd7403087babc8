"""Every event in the words of the wire: golden for the commonest, and none that the schema does not know."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest

from hubbub.protocols.websocket import encode
from hubbub.protocols.websocket.encode import NativeDialect
from hubbub.protocols.wire.gateway import EVENTS
from hubbub.services.channel import api as channels
from hubbub.services.channel import events as channel_events
from hubbub.services.chat import api as chat
from hubbub.services.chat import events as chat_events
from hubbub.services.gateway import events as gateway_events
from hubbub.services.presence.api import Presence
from hubbub.services.presence.events import StatusChanged
from hubbub.services.user.api import User
from hubbub.services.user.events import ProfileUpdated
from hubbub.services.voice import events as voice_events
from hubbub.services.voice.api import VoiceState
from tests.protocols.websocket.gateway_client import frames

ID = (1 << 63) - 1
AT = 1_790_000_000_123
ANN = User(id=7, username="ann", display_name="Ann ☃", avatar=None, kind="person")
MESSAGE = chat.Message(
    id=(AT - 1_420_070_400_000) << 22,
    channel_id=3,
    server_id=2,
    author=ANN,
    content='<b>"hi"</b>',
    edited_at=AT,
    nonce="n",
    mentions=(7, ID),
    mention_everyone=False,
    reference=chat.Reference(id=5, author=None, content=None),
)
CHANNEL = channels.Channel(
    id=3, server_id=2, type="text", name="general", topic="", parent_id=None, position=0, user_limit=0, bitrate=64_000
)
ROLE = channels.Role(
    id=4, server_id=2, name="mods", hue=None, hoist=True, mentionable=False, position=1, permissions=1 << 62
)
MEMBER = channels.Member(user=ANN, server_id=2, nick="A", roles=(4,), joined_at=AT)
SERVER = channels.Server(id=2, name="Home", icon=None, description="", owner_id=7, created_at=AT, member_count=1)
VIEW = channels.ChannelView(channel=CHANNEL, permissions=1 << 62)
VOICE = VoiceState(
    user=ANN,
    server_id=2,
    channel_id=3,
    self_mute=True,
    self_deaf=False,
    mute=False,
    deaf=False,
    suppress=False,
    self_video=False,
    self_stream=False,
    device="d",
    joined_at=AT,
    seq=9,
)
PRESENCE = Presence(user_id=7, status="dnd", custom_status="busy", last_seen=AT)
SNAPSHOT = gateway_events.ServerSnapshot(
    view=channels.ServerView(server=SERVER, channels=(VIEW,), roles=(ROLE,), me=MEMBER, permissions=1, head=6),
    heads={3: chat.ChannelHead(channel_id=3, last_message_id=11, seq=8)},
    voice=(VOICE,),
    speaking={},
)
NOTICES: list[gateway_events.Notice] = [
    chat_events.MessageCreated(server_id=2, channel_id=3, message=MESSAGE),
    chat_events.MessageUpdated(server_id=2, channel_id=3, message=MESSAGE),
    chat_events.MessageDeleted(server_id=2, channel_id=3, message_id=ID),
    chat_events.TypingStarted(server_id=2, channel_id=3, user_id=7, at=AT),
    chat_events.ReadStateChanged(user_id=7, state=chat.ReadState(channel_id=3, last_message_id=None, mention_count=2)),
    channel_events.ServerUpdated(server_id=2, server=SERVER),
    channel_events.ChannelDeleted(server_id=2, channel_id=3),
    channel_events.MemberAdded(server_id=2, member=MEMBER, member_count=1),
    channel_events.MemberUpdated(server_id=2, member=MEMBER),
    channel_events.MemberRemoved(server_id=2, user_id=7, member_count=1, reason="banned"),
    channel_events.RoleChanged(server_id=2, role=ROLE),
    channel_events.RoleDeleted(server_id=2, role_id=4),
    gateway_events.ServerAppeared(server=SNAPSHOT),
    gateway_events.ServerVanished(server_id=2, reason="left"),
    gateway_events.ChannelAppeared(view=VIEW, last_message_id=None),
    gateway_events.ChannelChanged(view=VIEW, last_message_id=11),
    gateway_events.ChannelVanished(server_id=2, channel_id=3),
    gateway_events.RightsChanged(server_id=2, permissions=1, channels={3: 1 << 62}),
    gateway_events.UserIntroduced(user=ANN),
    gateway_events.PresenceShown(presence=PRESENCE),
    gateway_events.MembersListed(server_id=2, first=0, total=1, members=(MEMBER,), presences=(PRESENCE,), nonce=None),
    gateway_events.SessionResumed(replayed=3),
    ProfileUpdated(user=ANN),
    StatusChanged(presence=PRESENCE, server_ids=(2,)),
    voice_events.VoiceStateChanged(server_id=2, channel_id=3, state=VOICE),
    voice_events.SpeakingChanged(server_id=2, channel_id=3, user_ids=(7,)),
]
DIALECT = NativeDialect()


def sent(notice: gateway_events.Notice, seq: int = 12, sequence: int = 34) -> dict[str, Any]:
    encoded = DIALECT.encode(notice, seq)
    assert encoded is not None
    (frame,) = frames(b"%b%10d%b" % (encoded.head, sequence, encoded.tail))
    return frame


@pytest.mark.parametrize("notice", NOTICES, ids=lambda each: type(each).__name__)
def test_every_event_is_one_of_the_schema(notice: gateway_events.Notice) -> None:
    frame = sent(notice)
    assert set(frame) == {"op", "s", "t", "d"}
    assert (frame["op"], frame["s"]) == (0, 34)
    kind = EVENTS[frame["t"]]
    read = msgspec.convert(frame["d"], kind)
    assert json.loads(msgspec.json.encode(read)) == frame["d"], "more fields than the schema has"
    assert frame["d"].get("seq", 12) in (12, 9)  # a voice state has its own


def test_no_words_are_untried_and_no_notice_is_without() -> None:
    assert {type(each) for each in NOTICES} == set(encode._WORDS)  # pyright: ignore[reportPrivateUsage]
    own = {kind for kind in get_args(gateway_events.Notice) if kind.__module__ == gateway_events.__name__}
    assert own <= set(encode._WORDS)  # pyright: ignore[reportPrivateUsage]


def test_facts_for_services_are_not_shown() -> None:
    assert DIALECT.encode(channel_events.ServerCreated(server_id=2, owner_id=7), 1) is None


def test_golden_message() -> None:
    encoded = DIALECT.encode(NOTICES[0], 12)
    assert encoded is not None
    text = (
        ',"t":"MESSAGE_CREATE","d":{"server_id":"2","channel_id":"3","message":{"id":"1551597201514299392","channel_id":"3",'
        '"server_id":"2","author":{"id":"7","username":"ann","display_name":"Ann ☃","avatar":null,"kind":"person"},'
        '"content":"<b>\\"hi\\"</b>","timestamp":"2026-09-21T14:13:20.123Z",'
        '"edited_timestamp":"2026-09-21T14:13:20.123Z","nonce":"n","mentions":["7","9223372036854775807"],'
        '"mention_everyone":false,"referenced_message":{"id":"5","author":null,"content":null}},"seq":12}}'
    )
    assert encoded.tail.decode() == text
    size = len(b'{"op":0,"s":') + 10 + len(encoded.tail)
    assert encoded.head == b"\x81\x7e" + size.to_bytes(2, "big") + b'{"op":0,"s":'
