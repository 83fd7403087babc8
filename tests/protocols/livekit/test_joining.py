"""Who comes in, with which token, and what they and the others are told, on a recording engine."""

from __future__ import annotations

import gc

import pytest
from livekit.protocol import models, rtc
from msgspec.structs import replace

from hubbub.protocols.websocket.handshake import Rejected
from hubbub.services.media.events import ParticipantJoined, ParticipantLeft
from hubbub.services.media.participant import Participant
from hubbub.services.media.publishing import Publishing
from hubbub.services.media.rights import VideoGrant
from hubbub.services.media.room import Room
from hubbub.services.media.subscription import Subscriptions
from tests.fakes.engine import connected
from tests.protocols.livekit.party import GRANTS, ROOM, Guest, Party


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
