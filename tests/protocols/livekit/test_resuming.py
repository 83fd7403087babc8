"""Connections that break, clients that freeze, and nodes that fail: who keeps a seat, and for how long."""

from __future__ import annotations

import pytest
from livekit.protocol import models, rtc

from hubbub.infra.sfu.base import NegotiationFailed, Quality, SideLost, Stuck
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft
from tests.fakes.engine import connected
from tests.protocols.livekit.party import ROOM, Guest, Party


async def test_a_resume_gives_the_whole_state_in_livekits_order(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    sid = ann.publish()
    ann.cut()
    bob.publish("cam", models.CAMERA)
    party.wait(29)
    party.engine.take()
    back = ann.resume()
    assert back.names == ["reconnect", "update", "room_update", "refresh_token", "offer"]
    people = back.received[1].update.participants
    assert [p.identity for p in people] == ["10", "11"]
    assert [t.sid for t in people[0].tracks] == [sid]
    assert len(people[1].tracks) == 1
    assert back.received[0].reconnect.ice_servers[0].username == "user"
    assert party.engine.take("restart_subscriber") == [("restart_subscriber", ann.sid)]
    assert back.received[-1].offer.sdp.startswith("restart offer data")
    assert back.received[-1].offer.id > 1
    assert not party.said(ParticipantLeft)
    party.wait(14)
    back.send(offer=rtc.SessionDescription(type="offer", sdp="carries mic", id=8))
    assert back.got("answer").id == 8


async def test_what_is_published_while_a_client_is_cut_waits_for_its_resume(party: Party) -> None:
    """Nobody is there to answer an offer, and most who are cut never come back."""
    ann, bob = await party.join("10"), await party.join("11")
    ann.cut()
    party.engine.take()
    track = bob.publish("cam", models.CAMERA)
    assert party.engine.take("subscribe") == []
    ann.resume()
    calls = party.engine.take()
    subscribed = ("subscribe", ann.sid, track)
    assert calls.index(subscribed) < calls.index(("restart_subscriber", ann.sid))


async def test_a_track_that_was_planned_is_told_again(party: Party) -> None:
    ann = await party.join("10")
    ann.send(add_track=rtc.AddTrackRequest(cid="mic", type=models.AUDIO, source=models.MICROPHONE))
    ann.cut()
    back = ann.resume()
    assert back.names.index("track_published") > back.names.index("reconnect")


async def test_the_seat_of_a_cut_client_is_kept_for_30_seconds(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    bob.take()
    ann.cut()
    for _ in range(29):
        party.wait(1)
        bob.send(ping_req=rtc.Ping())
    assert len(await party.service.participants(ROOM)) == 2
    party.wait(1)
    assert party.said(ParticipantLeft, identity="10", reason="lost")
    (info,) = next(m for m in bob.take() if m.HasField("update")).update.participants
    assert info.disconnect_reason == models.CONNECTION_TIMEOUT


async def test_an_unknown_session_is_told_to_join_anew(party: Party) -> None:
    ann = await party.join("10")
    stranger = Guest(party, await party.admit("12"), resume="PA_unknown")
    leave = stranger.received[0].leave
    assert (leave.reason, leave.action) == (models.STATE_MISMATCH, rtc.LeaveRequest.RECONNECT)
    assert stranger.socket.code == 1000
    thief = Guest(party, await party.admit("11"), resume=ann.sid)
    assert thief.names == ["leave"]
    other_admission = Guest(party, await party.admit("10"), resume=ann.sid)
    assert other_admission.names == ["leave"]
    assert ann.socket.code is None


async def test_what_never_worked_is_not_resumed_but_joined_anew(party: Party) -> None:
    ann = await party.join("10", active=False)
    ann.cut()
    assert ann.resume().names == ["leave"]
    again = await party.join("10", token=ann.token)
    assert again.names[0] == "join"
    assert [e.reason for e in party.said(ParticipantLeft)] == ["replaced"]


async def test_a_resume_takes_the_seat_from_a_connection_that_hangs(party: Party) -> None:
    ann = await party.join("10")
    back = ann.resume()
    assert back.names[0] == "reconnect"
    assert ann.socket.code == 1000
    ann.session.closed(1000)  # comes late, and changes nothing
    party.wait(14)
    assert len(await party.service.participants(ROOM)) == 1
    back.send(mute=rtc.MuteTrackRequest(sid="x"))
    assert "request_response" in back.names


async def test_media_that_never_comes_costs_the_seat(party: Party) -> None:
    ann = await party.join("10", active=False)
    for _ in range(30):
        ann.send(ping_req=rtc.Ping())
        party.wait(1)
    leave = next(m for m in ann.take() if m.HasField("leave")).leave
    assert (leave.reason, leave.action) == (models.JOIN_FAILURE, rtc.LeaveRequest.DISCONNECT)
    assert party.said(ParticipantLeft, identity="10", sid=ann.sid, reason="never_came")


async def test_a_dead_client_is_gone_after_15_seconds(party: Party) -> None:
    ann = await party.join("10")
    party.happen(SideLost(ann.sid, "subscriber"))
    party.wait(14)
    assert not party.said(ParticipantLeft)
    party.wait(1)
    assert party.said(ParticipantLeft, reason="lost")
    assert next(m for m in ann.take() if m.HasField("leave")).leave.reason == models.CONNECTION_TIMEOUT


async def test_a_killed_client_is_gone_after_8_seconds(party: Party) -> None:
    """The kernel closes its socket, and nothing more comes: a browser would check its path every 2.5 s."""
    ann, bob = await party.join("10"), await party.join("11")
    ann.cut()
    for _ in range(4):
        assert not party.said(ParticipantLeft)
        party.wait(2)
        party.happen(still(ann.sid), still(bob.sid))
    party.wait(1)
    assert [(e.identity, e.reason) for e in party.said(ParticipantLeft)] == [("10", "lost")]


def still(peer: str) -> Quality:
    """Two seconds in which nothing came."""
    return Quality(peer, loss_in=0, loss_out=0, rtt_ms=0, jitter_ms=0, bitrate_in=0, bitrate_out=9000)


async def test_a_silent_client_with_media_is_hung_up_on_and_may_resume(party: Party) -> None:
    ann = await party.join("10")
    party.wait(21)
    assert ann.socket.code == 1000
    assert not party.said(ParticipantLeft)
    assert ann.resume().names[0] == "reconnect"


async def test_signalling_without_media_is_told_to_join_anew_and_has_not_left_meanwhile(party: Party) -> None:
    """The same token counts, and other services hear of it only when it has happened."""
    ann = await party.join("10")
    ann.take()
    party.happen(SideLost(ann.sid, "subscriber"))
    for _ in range(30):
        ann.send(ping_req=rtc.Ping())
        party.wait(1)
    leave = next(m for m in ann.take() if m.HasField("leave")).leave
    assert leave.action == rtc.LeaveRequest.RECONNECT
    assert not party.said(ParticipantLeft)
    again = await party.join("10", token=ann.token)
    assert [(e.sid, e.reason) for e in party.said(ParticipantLeft)] == [(ann.sid, "replaced")]
    assert party.said(ParticipantJoined, sid=again.sid)


@pytest.mark.parametrize("ending", ["nobody comes", "they are removed", "the room closes", "the node stops"])
async def test_whoever_does_not_come_again_has_left_in_the_end(party: Party, ending: str) -> None:
    ann = await party.join("10")
    party.happen(Stuck(ann.sid, "a test"))
    assert not party.said(ParticipantLeft)
    if ending == "nobody comes":
        party.wait(31)
    elif ending == "they are removed":
        await party.service.remove(ROOM, "10", "removed")
    elif ending == "the room closes":
        await party.service.close(ROOM)
    else:
        party.node.stop()
    reasons = {"nobody comes": "lost", "they are removed": "removed", "the room closes": "room_closed"}
    assert [e.reason for e in party.said(ParticipantLeft)] == [reasons.get(ending, "server_stopped")]


async def test_whoever_comes_with_a_new_token_instead_has_left_before(party: Party) -> None:
    ann = await party.join("10")
    party.happen(Stuck(ann.sid, "a test"))
    again = await party.join("10")
    kinds = [(type(e).__name__, e.sid) for e in party.events if isinstance(e, ParticipantJoined | ParticipantLeft)]
    assert kinds[1:] == [("ParticipantLeft", ann.sid), ("ParticipantJoined", again.sid)]


async def test_a_useless_answer_is_answered_with_a_new_start(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    party.happen(NegotiationFailed(ann.sid, "publisher", "bad SDP"))
    assert ann.take() == []
    party.happen(NegotiationFailed(ann.sid, "subscriber", "bad SDP"))
    assert ann.got("leave").action == rtc.LeaveRequest.RECONNECT


async def test_the_quality_of_connections_is_told_when_it_changes(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    party.wait(1)
    bob.take()
    party.happen(Quality(ann.sid, 0.3, 0.0, 40.0, 5.0, 0, 0))
    party.wait(1)
    (update,) = next(m for m in bob.take() if m.HasField("connection_quality")).connection_quality.updates
    assert (update.participant_sid, update.quality) == (ann.sid, models.ConnectionQuality.POOR)
    party.happen(Quality(ann.sid, 0.3, 0.0, 40.0, 5.0, 0, 0))
    party.wait(1)
    assert not [m for m in bob.take() if m.HasField("connection_quality")]
    party.happen(SideLost(ann.sid, "subscriber"))
    party.wait(1)
    (update,) = next(m for m in bob.take() if m.HasField("connection_quality")).connection_quality.updates
    assert update.quality == models.ConnectionQuality.LOST
    party.happen(connected(ann.sid))
    party.wait(1)
    assert [m for m in bob.take() if m.HasField("connection_quality")]


# ---- what tests of clients ask for


async def simulated(party: Party, **scenario: object) -> Guest:
    ann = await party.join("10")
    ann.take()
    ann.send(simulate=rtc.SimulateScenario(**scenario))
    return ann


async def test_simulate_speakers(party: Party) -> None:
    ann = await simulated(party, speaker_update=3)
    assert ann.got("speakers_changed").speakers[0].sid == ann.sid


async def test_simulate_server_leave(party: Party) -> None:
    ann = await simulated(party, server_leave=True)
    assert ann.got("leave").action == rtc.LeaveRequest.DISCONNECT


async def test_simulate_full_reconnect(party: Party) -> None:
    ann = await simulated(party, leave_request_full_reconnect=True)
    assert ann.got("leave").action == rtc.LeaveRequest.RECONNECT
    assert (await party.join("10", token=ann.token)).names[0] == "join"


async def test_simulate_node_failure(party: Party) -> None:
    ann = await simulated(party, node_failure=True)
    assert ann.take() == []
    assert ann.socket.code == 1000
    assert ann.resume().names == ["leave"]
    assert (await party.join("10", token=ann.token)).names[0] == "join"


@pytest.mark.parametrize("messages", [True, False])
async def test_simulate_a_cut_while_resuming(party: Party, messages: bool) -> None:
    name = "disconnect_signal_on_resume" + ("" if messages else "_no_messages")
    ann = await simulated(party, **{name: True})
    ann.cut()
    first = ann.resume()
    assert first.socket.code == 1000
    assert first.names[:1] == (["reconnect"] if messages else [])
    first.session.closed(1000)
    assert ann.resume().names[0] == "reconnect"
