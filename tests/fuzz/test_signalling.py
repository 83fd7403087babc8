"""LiveKit's signalling: no message, however broken, raises, unseats anybody else, or stops the node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import models, rtc

from hubbub.protocols.livekit.query import parse, read
from hubbub.protocols.livekit.token import find_token
from tests.fuzz.mutation import budget, mutated
from tests.protocols.livekit.party import Party

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:s mic\r\n"
)
LAYER = models.VideoLayer(quality=models.HIGH, width=1280, height=720, bitrate=1_700_000)
VALID = [
    rtc.SignalRequest(**each).SerializeToString()
    for each in (
        {"offer": rtc.SessionDescription(type="offer", sdp=OFFER, id=1)},
        {"answer": rtc.SessionDescription(type="answer", sdp=OFFER, id=1)},
        {"trickle": rtc.TrickleRequest(candidateInit='{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host"}')},
        {"add_track": rtc.AddTrackRequest(cid="mic", source=models.MICROPHONE)},
        {"add_track": rtc.AddTrackRequest(cid="cam", type=models.VIDEO, source=models.CAMERA, layers=[LAYER])},
        {"mute": rtc.MuteTrackRequest(sid="TR_x", muted=True)},
        {"subscription": rtc.UpdateSubscription(track_sids=["TR_x"], subscribe=True)},
        {"track_setting": rtc.UpdateTrackSettings(track_sids=["TR_x"], disabled=True, width=9)},
        {"subscription_permission": rtc.SubscriptionPermission(all_participants=True)},
        {"sync_state": rtc.SyncState(answer=rtc.SessionDescription(type="answer", sdp=OFFER))},
        {"simulate": rtc.SimulateScenario(speaker_update=3)},
        {"update_metadata": rtc.UpdateParticipantMetadata(name="n", attributes={"a": "b"}, request_id=4)},
        {"ping_req": rtc.Ping(timestamp=5, rtt=6)},
        {"update_audio_track": rtc.UpdateLocalAudioTrack(track_sid="TR_x", features=[models.TF_STEREO])},
        {"leave": rtc.LeaveRequest()},
    )
]


@given(st.lists(mutated(VALID), min_size=1, max_size=12))
@budget(150)
async def test_broken_requests_hurt_nobody_else(messages: list[bytes]) -> None:
    party = Party()
    ann, bob = await party.join("10"), await party.join("11")
    for message in messages:
        ann.session.received(message)
        party.happen()
    assert ann.socket.code in (None, 1000, 1003, 1007, 4008)
    bob.send(ping=1)
    assert "pong" in bob.names
    assert bob.socket.code is None
    assert (await party.join("12")).names[0] == "join"
    ann.session.closed(1006)
    party.wait(35)


@given(mutated([b"access_token=a.b.c&reconnect=1&sid=PA_x&auto_subscribe=1&protocol=15&sdk=js&version=2.15.1"]))
@budget(300)
def test_any_query_is_read(query: bytes) -> None:
    fields = parse(query)
    read(fields)
    find_token({}, fields)
