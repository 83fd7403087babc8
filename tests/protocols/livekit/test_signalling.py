"""LiveKit's protocol version 0, message by message, on a recording engine."""

from __future__ import annotations

import gc

import pytest
from livekit.protocol import models, rtc
from msgspec.structs import replace

from hubbub.infra.sfu.base import TrackEnded
from hubbub.protocols.websocket.handshake import Rejected
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged, SpeakingStarted
from hubbub.services.media.participant import Participant
from hubbub.services.media.publishing import Publishing
from hubbub.services.media.rights import VideoGrant
from hubbub.services.media.room import Room
from hubbub.services.media.subscription import Subscriptions
from tests.fakes.engine import connected, loud, started
from tests.protocols.livekit.party import GRANTS, ROOM, Guest, Party


@pytest.fixture
def party() -> Party:
    return Party()


# ---- joining


async def test_a_visit_leaves_nothing_to_the_collector(party: Party) -> None:
    """Participants and their machines hold each other, and a room its history: let go of, not found some day."""
    gc.collect()
    gc.disable()
    try:
        for number in range(10):
            ann, bob = await party.join(f"a{number}"), await party.join(f"b{number}")
            ann.publish()
            bob.publish()
            ann.send(leave=rtc.LeaveRequest())
            bob.cut()
            party.wait(30)
            del ann, bob
            party.engine.take()
            party.events.clear()
        ours = (Participant, Publishing, Subscriptions, Room)
        kept = [each for each in gc.get_objects() if type(each) in ours]
    finally:
        gc.enable()
    assert not kept


async def test_a_join_begins_with_everything_a_client_needs(party: Party) -> None:
    await party.join("11")
    ann = await party.join("10", active=False)
    assert ann.names == ["join", "refresh_token", "offer"]
    join = ann.received[0].join
    assert join.room.name == ROOM
    assert join.participant.identity == "10"
    assert join.participant.name == "Name of 10"
    assert join.participant.state == models.ParticipantInfo.JOINED
    assert [p.identity for p in join.other_participants] == ["11"]
    assert (join.subscriber_primary, join.ping_interval, join.ping_timeout) == (True, 5, 15)
    assert [c.mime for c in join.enabled_publish_codecs] == ["audio/opus", "video/VP8"]
    assert join.ice_servers[0].urls == ["turn:turn.example:3478"]
    assert join.fast_publish
    assert join.participant.permission.can_subscribe
    assert sorted(join.participant.permission.can_publish_sources) == [1, 2, 3, 4]
    assert ann.received[2].offer.sdp == "offer data"


async def test_others_hear_of_it_at_once_and_again_when_media_is_up(party: Party) -> None:
    bob = await party.join("11")
    bob.take()
    ann = await party.join("10", active=False)
    first = bob.got("update").participants
    assert [(p.sid, p.state) for p in first] == [(ann.sid, models.ParticipantInfo.JOINED)]
    party.happen(connected(ann.sid))
    second = bob.got("update").participants
    assert [(p.sid, p.state) for p in second] == [(ann.sid, models.ParticipantInfo.ACTIVE)]
    assert second[0].version > first[0].version
    assert "connection_quality" in ann.names
    assert party.said(ParticipantJoined, identity="10", sid=ann.sid)


async def test_the_roster_of_the_service_is_that_of_the_clients(party: Party) -> None:
    ann = await party.join("10")
    ann.publish()
    (who,) = await party.service.participants(ROOM)
    assert (who.identity, who.sid, who.sources) == ("10", ann.sid, ("microphone",))


async def test_the_same_identity_replaces_itself(party: Party) -> None:
    first = await party.join("10")
    second = await party.join("10")
    leave = first.got("leave") if first.received else None
    assert leave is not None
    assert (leave.reason, leave.action) == (models.DUPLICATE_IDENTITY, rtc.LeaveRequest.DISCONNECT)
    assert first.socket.code == 1000
    assert [p.sid for p in await party.service.participants(ROOM)] == [second.sid]
    kinds = [(type(e).__name__, e.sid) for e in party.events if isinstance(e, ParticipantJoined | ParticipantLeft)]
    assert kinds == [
        ("ParticipantJoined", first.sid),
        ("ParticipantLeft", first.sid),
        ("ParticipantJoined", second.sid),
    ]


async def test_tokens_are_renewed_while_somebody_is_there_and_dead_afterwards(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    for _ in range(61):
        ann.send(ping_req=rtc.Ping(timestamp=1))
        party.wait(5)
    ann.take()
    renewed = [m.refresh_token for m in ann.received if m.HasField("refresh_token")]
    assert len(renewed) >= 3
    with pytest.raises(Rejected) as expired:
        Guest(party, ann.token)
    assert expired.value.status == 401
    ann.send(leave=rtc.LeaveRequest())
    with pytest.raises(Rejected) as spent:
        Guest(party, renewed[-1])
    assert b"spent" in spent.value.response


async def test_what_is_admitted_is_what_counts_not_what_the_token_says(party: Party) -> None:
    """A right that is lost between the admission and the join is not there."""
    token = await party.admit("10")
    await party.service.grant(ROOM, "10", replace(GRANTS, speak=False))
    ann = await party.join("10", token=token)
    ann.take()
    ann.send(add_track=rtc.AddTrackRequest(cid="mic", type=models.AUDIO, source=models.MICROPHONE))
    assert ann.got("request_response").reason == rtc.RequestResponse.NOT_ALLOWED
    token = await party.admit("12")
    await party.service.remove(ROOM, "12", "removed")
    with pytest.raises(Rejected):
        Guest(party, token)


async def test_an_operators_token_is_judged_by_its_grant_and_makes_rooms(party: Party) -> None:
    grant = VideoGrant(room_join=True, room="elsewhere", can_publish=False, hidden=True)
    tool = Guest(party, party.operator.mint(jti="", identity="tool", name="", grant=grant))
    permission = tool.received[0].join.participant.permission
    assert (permission.can_publish, permission.can_publish_data, permission.hidden) == (False, False, False)
    assert [p.identity for p in await party.service.participants("elsewhere")] == ["tool"]
    assert "refresh_token" not in tool.names


# ---- publishing


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


# ---- subscribing


async def test_who_wants_nothing_asks_for_what_they_want(party: Party) -> None:
    ann = await party.join("10")
    sid = ann.publish()
    bob = Guest(party, await party.admit("11"), auto_subscribe="0")
    assert party.engine.take("subscribe") == []
    bob.send(subscription=rtc.UpdateSubscription(track_sids=[sid], subscribe=True))
    assert party.engine.take("subscribe") == [("subscribe", bob.sid, sid)]
    tracks = models.ParticipantTracks(participant_sid=ann.sid, track_sids=[sid])
    bob.send(subscription=rtc.UpdateSubscription(participant_tracks=[tracks], subscribe=False))
    assert party.engine.take("unsubscribe") == [("unsubscribe", bob.sid, sid)]
    bob.take()
    bob.send(subscription=rtc.UpdateSubscription(track_sids=["TR_gone"], subscribe=True))
    failed = bob.got("subscription_response")
    assert (failed.track_sid, failed.err) == ("TR_gone", models.SE_TRACK_NOTFOUND)


async def test_what_is_not_shown_is_paused(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish("cam", models.CAMERA)
    party.engine.take()
    for setting, expected in (
        ({"disabled": True}, True),
        ({"width": 640, "height": 360}, False),
        ({"quality": models.VideoQuality.OFF}, True),
    ):
        bob.send(track_setting=rtc.UpdateTrackSettings(track_sids=[sid], **setting))
        assert party.engine.take() == [("pause", bob.sid, sid, expected)]


async def test_the_deafened_get_nothing_old_or_new(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish()
    bob.take()
    party.engine.take()
    await party.service.grant(ROOM, "11", replace(GRANTS, deafened=True))
    assert party.engine.take() == [("pause", bob.sid, sid, True)]
    (state,) = next(m for m in bob.take() if m.HasField("stream_state_update")).stream_state_update.stream_states
    assert (state.track_sid, state.state) == (sid, rtc.PAUSED)
    other = ann.publish("sound", models.SCREEN_SHARE_AUDIO)
    assert party.engine.take("pause") == [("pause", bob.sid, other, True)]
    bob.send(track_setting=rtc.UpdateTrackSettings(track_sids=[sid], disabled=False))
    assert party.engine.take("pause") == []  # they are deafened, whatever they show
    await party.service.grant(ROOM, "11", GRANTS)
    assert sorted(party.engine.take("pause")) == sorted([("pause", bob.sid, t, False) for t in (sid, other)])


async def test_a_publisher_chooses_who_may_subscribe(party: Party) -> None:
    ann, bob, eve = await party.join("10"), await party.join("11"), await party.join("12")
    sid = ann.publish()
    for guest in (bob, eve):
        guest.take()
    party.engine.take()
    allowed = rtc.TrackPermission(participant_identity="11", all_tracks=True)
    ann.send(subscription_permission=rtc.SubscriptionPermission(track_permissions=[allowed]))
    assert party.engine.take("unsubscribe") == [("unsubscribe", eve.sid, sid)]
    update = next(m for m in eve.take() if m.HasField("subscription_permission_update")).subscription_permission_update
    assert (update.participant_sid, update.track_sid, update.allowed) == (ann.sid, sid, False)
    assert bob.take() == []
    eve.send(subscription=rtc.UpdateSubscription(track_sids=[sid], subscribe=True))
    assert party.engine.take("subscribe") == []
    late = await party.join("13")
    assert party.engine.take("subscribe") == []
    assert [
        m.subscription_permission_update.allowed for m in late.received if m.HasField("subscription_permission_update")
    ] == [False]
    ann.send(subscription_permission=rtc.SubscriptionPermission(all_participants=True))
    assert party.engine.take("subscribe") == [("subscribe", eve.sid, sid), ("subscribe", late.sid, sid)]


async def test_an_answer_to_an_old_offer_is_not_passed_on(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    old = bob.received[-1].offer.id if bob.received[-1].HasField("offer") else 1
    ann.publish()
    party.engine.take()
    bob.send(answer=rtc.SessionDescription(type="answer", sdp="late", id=old))
    assert party.engine.take() == []
    bob.send(answer=rtc.SessionDescription(type="answer", sdp="right", id=old + 1))
    assert party.engine.take() == [("subscriber_answer", bob.sid, "right")]
    bob.send(answer=rtc.SessionDescription(type="answer", sdp="twice", id=old + 1))
    assert party.engine.take() == []


# ---- the rest of a conversation


async def test_pings_are_answered_both_ways(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    ann.send(ping=123)
    assert ann.got("pong") == party.clock.now_ms()
    ann.send(ping_req=rtc.Ping(timestamp=123, rtt=4))
    pong = ann.got("pong_resp")
    assert (pong.last_ping_timestamp, pong.timestamp) == (123, party.clock.now_ms())


async def test_speakers_are_told_when_they_change(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish()
    room = bob.received[0].join.room.sid
    bob.take()
    party.happen(loud(room, sid))
    party.clock.now += 0.1
    party.happen(loud(room, sid))
    (speaker,) = bob.got("speakers_changed").speakers
    assert (speaker.sid, speaker.active, round(speaker.level, 2)) == (ann.sid, True, 0.1)
    assert party.said(SpeakingStarted)[-1].identities == ("10",)
    late = await party.join("12")
    assert [s.sid for m in late.received if m.HasField("speakers_changed") for s in m.speakers_changed.speakers] == [
        ann.sid
    ]
    bob.take()
    ann.send(mute=rtc.MuteTrackRequest(sid=sid, muted=True))
    (speaker,) = next(m for m in bob.take() if m.HasField("speakers_changed")).speakers_changed.speakers
    assert (speaker.sid, speaker.active) == (ann.sid, False)
    for _ in range(5):
        party.clock.now += 0.1
        party.happen(loud(room, sid))
    assert party.said(SpeakingStarted)[-1].identities == ()


async def test_who_turns_the_camera_off_goes_on_speaking(party: Party) -> None:
    ann = await party.join("10")
    mic, camera = ann.publish(), ann.publish("cam", models.CAMERA)
    room = ann.received[0].join.room.sid
    for _ in range(2):
        party.clock.now += 0.1
        party.happen(loud(room, mic))
    ann.take()
    ann.send(mute=rtc.MuteTrackRequest(sid=camera, muted=True))
    party.happen(TrackEnded(ann.sid, camera))
    assert not [m for m in ann.take() if m.HasField("speakers_changed")]
    assert party.said(SpeakingStarted)[-1].identities == ("10",)


async def test_metadata_is_the_operators_to_allow(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    request = rtc.UpdateParticipantMetadata(request_id=5, name="Queen")
    ann.send(update_metadata=request)
    response = ann.got("request_response")
    assert (response.request_id, response.reason) == (5, rtc.RequestResponse.NOT_ALLOWED)
    assert response.update_metadata == request
    grant = VideoGrant(room_join=True, room=ROOM, can_update_own_metadata=True)
    tool = Guest(party, party.operator.mint(jti="", identity="tool", name="Tool", grant=grant))
    tool.take()
    tool.send(update_metadata=rtc.UpdateParticipantMetadata(request_id=6, metadata="m", attributes={"a": "1"}))
    fresh = tool.take()
    assert fresh[-1].request_response.reason == rtc.RequestResponse.OK
    info = ann.take()[-1].update.participants[0]
    assert (info.name, info.metadata, dict(info.attributes)) == ("Tool", "m", {"a": "1"})


async def test_what_is_not_offered_is_refused_not_ignored(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    request = rtc.PublishDataTrackRequest(pub_handle=3, name="x")
    ann.send(publish_data_track_request=request)
    response = ann.got("request_response")
    assert response.reason == rtc.RequestResponse.UNSUPPORTED_TYPE
    assert response.publish_data_track == request


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("removed", models.PARTICIPANT_REMOVED),
        ("moved", models.MIGRATION),
        ("left", models.CLIENT_INITIATED),
    ],
)
async def test_leaving_has_a_reason(party: Party, reason: str, expected: models.DisconnectReason) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    ann.take()
    bob.take()
    await party.service.remove(ROOM, "10", reason)  # type: ignore[arg-type]
    leave = ann.got("leave")
    assert (leave.reason, leave.action, leave.can_reconnect) == (expected, rtc.LeaveRequest.DISCONNECT, False)
    assert ann.socket.code == 1000
    (info,) = bob.got("update").participants
    assert (info.state, info.disconnect_reason) == (models.ParticipantInfo.DISCONNECTED, expected)
    assert party.said(ParticipantLeft, identity="10", sid=ann.sid, reason=reason)
    assert ("close_peer", ann.sid) in party.engine.calls


async def test_a_closed_room_is_empty_and_gone(party: Party) -> None:
    guests = [await party.join(str(n)) for n in range(10, 13)]
    await party.service.close(ROOM)
    assert [g.take()[-1].leave.reason for g in guests] == [models.ROOM_DELETED] * 3
    assert [c[0] for c in party.engine.take("close_room")] == ["close_room"]
    assert await party.service.participants(ROOM) == ()


async def test_a_stopping_node_sends_everybody_away_to_come_again(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    party.node.stop()
    leave = ann.got("leave")
    assert (leave.reason, leave.action) == (models.SERVER_SHUTDOWN, rtc.LeaveRequest.RECONNECT)
    assert party.said(ParticipantLeft, reason="server_stopped")
