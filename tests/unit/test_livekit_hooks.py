"""Webhooks of an operator's LiveKit: which are believed, and what they and lists make of a room."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode

import pytest
from joserfc import jws
from joserfc.jwk import OctKey
from livekit.protocol import models
from tests.fakes.clock import HandClock

from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.cluster_rooms import ClusterRooms
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged
from hubbub.services.media.hooks import AGE, HookReader

KEY, SECRET, NOW = "key", "s" * 32, 1_700_000_000


def hook(id: str = "EV_1", at: int = NOW) -> bytes:
    return json.dumps({"event": "room_started", "id": id, "createdAt": str(at), "later": {"than": "us"}}).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    claims = {"iss": KEY, "exp": NOW + 300, "sha256": b64encode(hashlib.sha256(body).digest()).decode()}
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims).encode(), OctKey.import_key(secret), ["HS256"])


def refusal(reader: HookReader, authorization: str, body: bytes) -> str:
    with pytest.raises(Refused) as refused:
        reader.read(authorization, body)
    return refused.value.code


def test_a_hook_is_believed_once_for_a_while_and_by_its_signature() -> None:
    clock = HandClock(NOW)
    reader = HookReader(AccessTokens({KEY: SECRET}, KEY, clock), clock)
    body = hook()
    event = reader.read(signed(body), body)
    assert event is not None
    assert event.event == "room_started"
    assert reader.read(signed(body), body) is None
    assert reader.read(signed(other := hook("EV_2")), other) is not None
    assert refusal(reader, signed(body, "z" * 32), body) == "media.hook_unsigned"
    assert refusal(reader, signed(body), body + b" ") == "media.hook_unsigned"
    assert refusal(reader, "", body) == "media.hook_unsigned"
    assert refusal(reader, signed(b"{"), b"{") == "media.hook_malformed"
    old = hook("EV_3", NOW - int(AGE) - 1)
    assert refusal(reader, signed(old), old) == "media.hook_stale"
    clock.now += 301
    assert refusal(reader, signed(body), body) == "media.hook_stale"


def info(sid: str, identity: str = "10", joined: int = 1, *tracks: models.TrackInfo) -> models.ParticipantInfo:
    active = models.ParticipantInfo.ACTIVE
    return models.ParticipantInfo(sid=sid, identity=identity, state=active, joined_at_ms=joined, tracks=tracks)


CAMERA = models.TrackInfo(sid="TR_1", type=models.VIDEO, source=models.CAMERA)


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def rooms(told: list[Event]) -> ClusterRooms:
    return ClusterRooms(told.append)


def test_a_list_that_is_older_than_a_hook_changes_nothing(rooms: ClusterRooms, told: list[Event]) -> None:
    rooms.joined("1:2", info("PA_1"), now=5.0)
    assert rooms.listed("1:2", [], asked=4.0, now=6.0) == ()
    rooms.track("1:2", info("PA_1"), CAMERA, True, now=7.0)
    rooms.listed("1:2", [info("PA_1")], asked=6.5, now=8.0)
    assert [type(each) for each in told] == [ParticipantJoined, SourcesChanged]
    assert rooms.find("1:2", "10").sources == ("camera",)  # type: ignore[union-attr]
    assert rooms.listed("1:2", [info("PA_1")], asked=9.0, now=9.1) == ()
    assert told[-1] == SourcesChanged(room="1:2", identity="10", sources=())


def test_who_has_left_is_not_brought_back_by_what_is_older(rooms: ClusterRooms, told: list[Event]) -> None:
    who = rooms.joined("1:2", info("PA_1"), now=1.0)
    assert who is not None
    rooms.left("1:2", who, "left", now=3.0)
    assert rooms.joined("1:2", info("PA_1"), now=4.0) is None
    rooms.listed("1:2", [info("PA_1")], asked=2.0, now=4.0)
    assert rooms.people("1:2") == ()
    rooms.listed("1:2", [info("PA_1")], asked=5.0, now=6.0)  # they are there after all: nobody listens unseen
    assert [each.sid for each in rooms.people("1:2")] == ["PA_1"]


def test_whoever_comes_again_replaces_themselves(rooms: ClusterRooms, told: list[Event]) -> None:
    rooms.joined("1:2", info("PA_1", joined=1), now=1.0)
    rooms.joined("1:2", info("PA_2", joined=2), now=2.0)
    assert rooms.joined("1:2", info("PA_1", joined=1), now=3.0) is None
    assert rooms.went("1:2", info("PA_1"), now=3.0) is None
    assert [(type(each), getattr(each, "sid", "")) for each in told] == [
        (ParticipantJoined, "PA_1"),
        (ParticipantLeft, "PA_1"),
        (ParticipantJoined, "PA_2"),
    ]


def test_who_is_missing_in_a_newer_list_is_named(rooms: ClusterRooms) -> None:
    rooms.joined("1:2", info("PA_1"), now=1.0)
    rooms.joined("1:2", info("PA_2", "11"), now=1.0)
    assert [each.sid for each in rooms.listed("1:2", [info("PA_2", "11")], asked=2.0, now=3.0)] == ["PA_1"]
