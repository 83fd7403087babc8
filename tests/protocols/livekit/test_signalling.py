"""The rest of a conversation in LiveKit's protocol version 0, to its end, on a recording engine."""

from __future__ import annotations

import pytest
from livekit.protocol import models, rtc

from hubbub.infra.sfu.base import TrackEnded
from hubbub.services.media.events import ParticipantLeft, SpeakingStarted
from hubbub.services.media.rights import VideoGrant
from tests.fakes.engine import loud
from tests.protocols.livekit.party import ROOM, Guest, Party


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
