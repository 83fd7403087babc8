"""What is LiveKit's alone: clients that undo a mute, servers that go, processes that begin anew, others' rooms."""

from __future__ import annotations

import time

import pytest
from livekit import api, rtc

from hubbub.errors import Unavailable
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged
from tests.contract.media_behaviour import GRANTS, ROOM, SOON, Hall
from tests.livekit_server.conftest import KEY, SECRET, LiveKit, cluster
from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.waiting import eventually, until


async def test_who_undoes_a_server_mute_may_not_publish_sound(hall: Hall) -> None:
    async with hall.seat("10") as ann, hall.seat("11") as bob, ears(bob) as ear, Tone(ann) as tone:
        await until(ear.hears_tone, "bob hears ann")
        await hall.says(SourcesChanged, identity="10")
        await hall.grant("10", muted=True)
        track = tone.publication.track
        assert isinstance(track, rtc.LocalAudioTrack)
        await until(lambda: tone.publication.muted, "ann's client has muted")
        track.unmute()
        began = time.monotonic()
        await until(lambda: not bob.remote_participants["10"].track_publications, "the track is taken away")
        print(f"defied for {time.monotonic() - began:.2f} s")
        await until(lambda: not ear.hears_tone(), "bob hears nothing")
        await hall.grant("10")
        await until(lambda: 2 in ann.local_participant.permissions.can_publish_sources, "the right is given back")
        async with Tone(ann):
            await until(lambda: bob.remote_participants["10"].track_publications, "and used")


async def test_a_new_process_takes_over_those_whom_the_voice_service_knows(livekit: LiveKit, hook_port: int) -> None:
    async with cluster(livekit, hook_port) as first:
        ann, eve = await first.join(await first.admit("10")), await first.join(await first.admit("11"))
    async with cluster(livekit, hook_port, started=False) as again:
        assert {each.identity for each in await again.media.participants(ROOM)} == {"10", "11"}
        await again.grant("10")  # whoever has a seat
        await again.media.start()
        await until(lambda: not eve.isconnected(), "who has none is put out", SOON)
        await again.says(ParticipantLeft, identity="11")
        await again.grant("10", muted=True, deafened=True)
        await until(lambda: not ann.local_participant.permissions.can_subscribe, "the other obeys it")
        assert ann.isconnected()
        assert not again.said(ParticipantLeft, identity="10")
        await ann.disconnect()
        await again.says(ParticipantLeft, identity="10", reason="left")


async def test_livekit_away_is_said_and_overcome(livekit: LiveKit, hook_port: int) -> None:
    async with cluster(livekit, hook_port) as hall:
        ann = await hall.join(await hall.admit("10"))
        await hall.says(ParticipantJoined, identity="10")
        livekit.kill()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await hall.grant("10", deafened=True)
        with pytest.raises(Unavailable):
            await hall.media.participants(ROOM)
        assert time.monotonic() - began < 10
        await hall.media.remove(ROOM, "10", "left")  # who leaves is gone, whatever LiveKit says
        await hall.says(ParticipantLeft, identity="10", reason="left")
        await eventually(lambda: answers(hall, False), "nobody is admitted")
        livekit.start()
        await eventually(lambda: answers(hall, True), "people are admitted again")
        async with hall.seat("12"):
            await hall.says(ParticipantJoined, identity="12")
        await ann.disconnect()


async def test_people_come_back_to_a_livekit_that_died(livekit: LiveKit, hook_port: int) -> None:
    async with cluster(livekit, hook_port) as hall:
        async with hall.seat("10") as ann:
            first = await hall.says(ParticipantJoined, identity="10")
            livekit.kill()
            livekit.start()
            await until(lambda: len(hall.said(ParticipantJoined)) == 2, "ann is back", 30)
            await hall.says(ParticipantLeft, identity="10", sid=first.sid, reason="replaced")
            assert len(hall.said(ParticipantLeft)) == 1  # nobody was told that she had gone
            assert ann.isconnected()
            await hall.grant("10", deafened=True)
            await until(lambda: not ann.local_participant.permissions.can_subscribe, "and obeys")
        await hall.says(ParticipantLeft, identity="10", reason="left")


async def answers(hall: Hall, wanted: bool) -> bool:
    try:
        await hall.media.admit("8:8", "99", "", GRANTS)
    except Unavailable:
        return not wanted
    return wanted


async def test_rooms_of_others_are_left_alone(hall: Hall, livekit: LiveKit) -> None:
    video = api.VideoGrants(room_join=True, room="others:1:2")
    token = api.AccessToken(KEY, SECRET).with_identity("10").with_grants(video).to_jwt()
    stranger = rtc.Room()
    await stranger.connect(livekit.url, token)
    async with hall.seat("11"):
        await hall.says(ParticipantJoined, identity="11")
    await hall.says(ParticipantLeft, identity="11")
    assert stranger.isconnected()
    assert not [event for event in hall.events if getattr(event, "identity", "") == "10"]
    await stranger.disconnect()


async def test_an_operators_own_token_is_taken_at_its_word(hall: Hall, livekit: LiveKit) -> None:
    video = api.VideoGrants(room_join=True, room=f"tests:{ROOM}")
    token = api.AccessToken(KEY, SECRET).with_identity("recorder").with_grants(video).to_jwt()
    recorder = rtc.Room()
    async with hall.seat("11"):
        await recorder.connect(livekit.url, token)
        await hall.says(ParticipantJoined, identity="recorder")
        assert {each.identity for each in await hall.media.participants(ROOM)} == {"recorder", "11"}
        assert recorder.isconnected()
    await recorder.disconnect()
