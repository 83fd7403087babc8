"""Who gets which track, and what is paused for them, on a recording engine."""

from __future__ import annotations

from livekit.protocol import models, rtc
from msgspec.structs import replace

from tests.protocols.livekit.party import GRANTS, ROOM, Guest, Party


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
