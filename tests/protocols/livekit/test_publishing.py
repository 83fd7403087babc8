"""Tracks come and go: negotiated, refused, muted, taken away, on a recording engine."""

from __future__ import annotations

import pytest
from livekit.protocol import models, rtc
from msgspec.structs import replace

from hubbub.infra.sfu.base import TrackEnded
from hubbub.services.media.events import SourcesChanged
from tests.fakes.engine import started
from tests.protocols.livekit.party import GRANTS, ROOM, Party


async def test_a_track_is_published_and_subscribed(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    party.engine.take()
    sid = ann.publish(name="my voice", stereo=True)
    assert party.engine.take("announce_track") == [("announce_track", ann.sid, "mic", sid, "audio")]
    assert party.engine.take("subscribe") == [("subscribe", bob.sid, sid)]
    fresh = bob.take()
    assert [m.WhichOneof("message") for m in fresh[-2:]] == ["update", "offer"]
    (track,) = fresh[-2].update.participants[0].tracks
    assert (track.sid, track.name, track.source, track.mime_type) == (sid, "my voice", models.MICROPHONE, "audio/opus")
    assert track.audio_features == [models.TF_STEREO]
    assert fresh[-1].offer.sdp == f"offer data {sid}"
    answer = ann.got("answer")
    assert (answer.type, answer.id, answer.sdp) == ("answer", 7, "answer to carries mic")
    assert party.said(SourcesChanged, identity="10", sources=("microphone",))
    bob.send(answer=rtc.SessionDescription(type="answer", sdp="answer", id=fresh[-1].offer.id))
    assert ann.got("track_subscribed").track_sid == sid


async def test_who_comes_later_gets_what_is_there(party: Party) -> None:
    ann = await party.join("10")
    sid = ann.publish()
    bob = await party.join("11", active=False)
    assert [t.sid for t in bob.received[0].join.other_participants[0].tracks] == [sid]
    assert bob.received[-1].offer.sdp == f"offer data {sid}"


async def test_a_track_is_told_of_only_when_it_is_negotiated(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    bob.take()
    ann.send(add_track=rtc.AddTrackRequest(cid="mic", type=models.AUDIO, source=models.MICROPHONE))
    ann.send(offer=rtc.SessionDescription(type="offer", sdp="data only", id=1))
    assert bob.take() == []
    ann.take()
    sid = next(m.track_published.track.sid for m in ann.received if m.HasField("track_published"))
    party.happen(started(ann.sid, sid))
    assert [t.sid for t in bob.take()[0].update.participants[0].tracks] == [sid]


@pytest.mark.parametrize(
    ("grants", "source", "kind"),
    [
        ({"speak": False}, models.MICROPHONE, models.AUDIO),
        ({"speak": False}, models.UNKNOWN, models.AUDIO),
        ({"camera": False}, models.CAMERA, models.VIDEO),
        ({"camera": False}, models.UNKNOWN, models.VIDEO),
        ({"screen": False}, models.SCREEN_SHARE, models.VIDEO),
        ({"screen": False}, models.SCREEN_SHARE_AUDIO, models.AUDIO),
        ({}, models.MICROPHONE, models.VIDEO),
    ],
)
async def test_what_is_not_granted_is_refused_with_the_request_echoed(
    party: Party, grants: dict[str, bool], source: models.TrackSource, kind: models.TrackType
) -> None:
    ann = await party.join("10", **grants)
    ann.take()
    party.engine.take()
    request = rtc.AddTrackRequest(cid="x", type=kind, source=source, layers=[models.VideoLayer(width=3)])
    ann.send(add_track=request)
    response = ann.got("request_response")
    assert response.reason == rtc.RequestResponse.NOT_ALLOWED
    assert response.add_track == request
    assert party.engine.take() == []


async def test_a_track_ends_when_the_offer_lacks_it(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish()
    bob.take()
    party.happen(TrackEnded(ann.sid, sid))
    assert list(bob.got("update").participants[0].tracks) == []
    assert ("withdraw_track", sid) in party.engine.calls
    assert party.said(SourcesChanged)[-1].sources == ()


async def test_a_track_published_again_at_once_waits_for_the_end_of_the_first(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    first = ann.publish()
    ann.take()
    ann.send(add_track=rtc.AddTrackRequest(cid="mic", type=models.AUDIO, source=models.MICROPHONE, name="again"))
    assert ann.take() == []
    party.happen(TrackEnded(ann.sid, first))
    again = next(m for m in ann.take() if m.HasField("track_published")).track_published.track
    assert (again.sid != first, again.name) == (True, "again")
    assert party.engine.take()[-2:] == [
        ("withdraw_track", first),
        ("announce_track", ann.sid, "mic", again.sid, "audio"),
    ]
    assert bob.names


async def test_muting_both_ways(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish()
    bob.take()
    party.engine.take()
    ann.send(mute=rtc.MuteTrackRequest(sid=sid, muted=True))
    assert bob.got("update").participants[0].tracks[0].muted
    assert party.engine.take() == [("mute_track", sid, True)]
    assert party.said(SourcesChanged)[-1].sources == ()
    await party.service.grant(ROOM, "10", replace(GRANTS, muted=True))
    assert party.engine.take("mute_track") == []
    ann.send(mute=rtc.MuteTrackRequest(sid=sid, muted=False))
    assert party.engine.take("mute_track") == []  # a moderator's mute stands whatever the client says
    assert bob.take()[-1].update.participants[0].tracks[0].muted
    assert party.said(SourcesChanged)[-1].sources == ("microphone",)
    await party.service.grant(ROOM, "10", GRANTS)
    assert party.engine.take("mute_track") == [("mute_track", sid, False)]
    assert not bob.take()[-1].update.participants[0].tracks[0].muted
    ann.send(mute=rtc.MuteTrackRequest(sid="TR_x", muted=True))
    assert ann.take()[-1].request_response.reason == rtc.RequestResponse.NOT_FOUND


async def test_a_muted_person_cannot_publish_around_the_mute(party: Party) -> None:
    ann, bob = await party.join("10", muted=True), await party.join("11")
    party.engine.take()
    for cid, source in (("mic", models.MICROPHONE), ("sound", models.SCREEN_SHARE_AUDIO)):
        sid = ann.publish(cid, source)
        assert ("mute_track", sid, True) in party.engine.take()
    camera = ann.publish("cam", models.CAMERA)
    assert ("mute_track", camera, True) not in party.engine.take()
    assert bob.names


async def test_a_lost_right_takes_the_track_away_at_once(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    mic, camera = ann.publish(), ann.publish("cam", models.CAMERA)
    bob.take()
    ann.take()
    party.engine.take()
    await party.service.grant(ROOM, "10", replace(GRANTS, camera=False))
    assert party.engine.take() == [("withdraw_track", camera)]
    fresh = {m.WhichOneof("message"): m for m in ann.take()}
    assert fresh["track_unpublished"].track_unpublished.track_sid == camera
    assert models.CAMERA not in fresh["update"].update.participants[0].permission.can_publish_sources
    assert [t.sid for t in bob.take()[-1].update.participants[0].tracks] == [mic]
