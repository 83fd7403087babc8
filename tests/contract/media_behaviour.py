"""What the media service promises the voice service, whoever carries it out: our own node, or an operator's LiveKit.

The unmodified Python SDK is the client. A suite imports these tests and gives them a `hall`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from livekit import rtc
from msgspec.structs import replace

from hubbub.events import Event
from hubbub.services.media.api import Admission, Grants, LeaveReason, MediaApi
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged
from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.waiting import eventually, until

GRANTS = Grants(speak=True, camera=True, screen=True, data=True, muted=False, deafened=False)
ROOM = "1:2"
SOON = 15.0  # seconds: what no webhook tells is found by a list


class Hall(NamedTuple):
    """A media service, where its signalling is, and what it said on the bus. `unseen`: why people left when nobody told."""

    media: MediaApi
    url: str
    events: list[Event]
    unseen: LeaveReason = "left"

    async def admit(self, identity: str, room: str = ROOM, **changes: bool) -> Admission:
        return await self.media.admit(room, identity, f"Name of {identity}", replace(GRANTS, **changes))

    async def grant(self, identity: str, **changes: bool) -> None:
        await self.media.grant(ROOM, identity, replace(GRANTS, **changes))

    async def join(self, admission: Admission) -> rtc.Room:
        room = rtc.Room()
        await room.connect(admission.url or self.url, admission.token)
        return room

    @asynccontextmanager
    async def seat(self, identity: str, room: str = ROOM, **changes: bool) -> AsyncIterator[rtc.Room]:
        joined = await self.join(await self.admit(identity, room, **changes))
        try:
            yield joined
        finally:
            await joined.disconnect()

    def said(self, kind: type[Event], **fields: object) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items())]

    async def says(self, kind: type[Event], **fields: object) -> Any:
        await until(lambda: self.said(kind, **fields), f"{kind.__name__} {fields}; said: {self.events}", SOON)
        return self.said(kind, **fields)[-1]


async def test_who_is_admitted_joins_is_heard_and_leaves(hall: Hall) -> None:
    async with hall.seat("10") as ann, hall.seat("11") as bob:
        assert bob.remote_participants["10"].name == "Name of 10"
        joined = await hall.says(ParticipantJoined, room=ROOM, identity="10")
        async with ears(bob) as ear, Tone(ann):
            await until(ear.hears_tone, "bob hears ann")
            await hall.says(SourcesChanged, identity="10", sources=("microphone",))
            people = {each.identity: each for each in await hall.media.participants(ROOM)}
            assert (people["10"].sid, people["10"].sources) == (joined.sid, ("microphone",))
            assert people.keys() == {"10", "11"}
    left = await hall.says(ParticipantLeft, identity="10")
    assert (left.sid, left.reason) == (joined.sid, hall.unseen)
    await hall.says(ParticipantLeft, identity="11")
    assert await hall.media.participants(ROOM) == ()
    assert len(hall.said(ParticipantJoined)) == len(hall.said(ParticipantLeft)) == 2


async def test_a_server_mute_silences_and_is_lifted(hall: Hall) -> None:
    async with hall.seat("10") as ann, hall.seat("11") as bob, ears(bob) as ear, Tone(ann) as tone:
        await until(ear.hears_tone, "bob hears ann")
        await hall.says(SourcesChanged, identity="10")
        await hall.grant("10", muted=True)
        await until(lambda: not ear.hears_tone(), "ann is silenced")
        await until(lambda: bob.remote_participants["10"].track_publications[tone.publication.sid].muted, "bob is told")
        await hall.grant("10")
        track = tone.publication.track
        assert isinstance(track, rtc.LocalAudioTrack)
        track.mute()
        track.unmute()  # nobody is made to speak: where the client was told to mute, it unmutes by itself
        await until(ear.hears_tone, "bob hears ann again")


async def test_a_server_mute_holds_for_what_is_published_later(hall: Hall) -> None:
    async with hall.seat("10", muted=True) as ann, hall.seat("11") as bob, ears(bob) as ear:
        await hall.says(ParticipantJoined, identity="10")
        async with Tone(ann) as tone:
            await until(lambda: bob.remote_participants["10"].track_publications, "it is published", SOON)
            await until(
                lambda: bob.remote_participants["10"].track_publications[tone.publication.sid].muted, "but muted", SOON
            )
            await until(lambda: not ear.hears_tone(), "and not heard")


async def test_who_is_deafened_hears_nothing(hall: Hall) -> None:
    async with hall.seat("10") as ann, hall.seat("11") as bob, ears(bob) as ear, Tone(ann):
        await until(ear.hears_tone, "bob hears ann")
        await hall.says(ParticipantJoined, identity="11")
        await hall.grant("11", deafened=True)
        await until(lambda: not ear.hears_tone(), "bob hears nothing")
        await hall.grant("11")
        await until(ear.hears_tone, "bob hears again")


async def test_a_right_that_is_taken_ends_the_track(hall: Hall) -> None:
    async with hall.seat("10") as ann, hall.seat("11") as bob, Tone(ann):
        await until(lambda: bob.remote_participants["10"].track_publications, "it is published")
        await hall.says(SourcesChanged, identity="10", sources=("microphone",))
        await hall.grant("10", speak=False)
        await until(lambda: not bob.remote_participants["10"].track_publications, "it is gone")
        await hall.says(SourcesChanged, identity="10", sources=())


async def test_rights_that_change_before_the_join_count(hall: Hall) -> None:
    admission = await hall.admit("10")
    await hall.grant("10", speak=False, camera=False, screen=False, data=False)
    ann = await hall.join(admission)
    try:
        await hall.says(ParticipantJoined, identity="10")
        await until(lambda: not ann.local_participant.permissions.can_publish, "ann may publish nothing", SOON)
    finally:
        await ann.disconnect()


async def test_who_is_put_out_is_out_and_the_token_is_spent(hall: Hall) -> None:
    admission = await hall.admit("10")
    ann = await hall.join(admission)
    joined = await hall.says(ParticipantJoined, identity="10")
    await hall.media.remove(ROOM, "10", "removed")
    await until(lambda: not ann.isconnected(), "ann is out")
    assert hall.said(ParticipantLeft, identity="10", sid=joined.sid, reason="removed")
    await opens_nothing(hall, admission)


async def opens_nothing(hall: Hall, admission: Admission) -> None:
    """For long, and nobody is in the room."""
    room = rtc.Room()
    with suppress(rtc.ConnectError):
        await room.connect(admission.url or hall.url, admission.token)
    await until(lambda: not room.isconnected(), "the token opens nothing for long", SOON)

    async def empty() -> bool:
        return await hall.media.participants(ROOM) == ()

    await eventually(empty, "nobody is there", SOON)


async def test_a_token_that_was_never_used_is_spent_likewise(hall: Hall) -> None:
    admission = await hall.admit("10")
    await hall.media.remove(ROOM, "10", "left")
    await opens_nothing(hall, admission)


async def test_a_newer_admission_ends_the_older_one(hall: Hall) -> None:
    async with hall.seat("10") as first:
        old = await hall.says(ParticipantJoined, identity="10")
        async with hall.seat("10"):
            await until(lambda: not first.isconnected(), "the first is out")
            await until(lambda: len(hall.said(ParticipantJoined, identity="10")) == 2, "the second is in", SOON)
            await hall.says(ParticipantLeft, identity="10", sid=old.sid, reason="replaced")
            assert [each.identity for each in await hall.media.participants(ROOM)] == ["10"]


async def test_who_moves_is_let_into_the_other_room(hall: Hall) -> None:
    async with hall.seat("11", room="1:3") as bob, hall.seat("10") as ann:
        await hall.says(ParticipantJoined, room=ROOM, identity="10")
        await hall.media.remove(ROOM, "10", "moved")
        await hall.says(ParticipantLeft, room=ROOM, identity="10", reason="moved")
        await until(lambda: not ann.isconnected(), "ann is out of the first room")
        async with hall.seat("10", room="1:3") as moved, ears(bob) as ear, Tone(moved):
            await hall.says(ParticipantJoined, room="1:3", identity="10")
            await until(ear.hears_tone, "bob hears ann")


async def test_a_room_is_closed(hall: Hall) -> None:
    ann, bob = await hall.join(await hall.admit("10")), await hall.join(await hall.admit("11"))
    await hall.says(ParticipantJoined, identity="10")
    await hall.says(ParticipantJoined, identity="11")
    await hall.media.close(ROOM)
    await until(lambda: not ann.isconnected() and not bob.isconnected(), "all are out")
    assert len(hall.said(ParticipantLeft, reason="room_closed")) == 2
    assert await hall.media.participants(ROOM) == ()


async def test_nobody_there_is_no_trouble(hall: Hall) -> None:
    assert await hall.media.participants("9:9") == ()
    await hall.media.remove("9:9", "10", "removed")
    await hall.media.close("9:9")
    await hall.media.grant("9:9", "10", GRANTS)
    assert hall.events == []
