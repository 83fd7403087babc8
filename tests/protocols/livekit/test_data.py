"""Data packets: who they are from, who gets them, and what is sent again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import models, rtc

from hubbub.services.media.data_relay import BURST, KEPT_BYTES, KEPT_SECONDS, History, Kept
from hubbub.services.media.rights import VideoGrant
from tests.fakes.engine import data
from tests.protocols.livekit.party import ROOM, Guest, Party


def user(text: bytes, sequence: int = 0, **fields: object) -> bytes:
    return models.DataPacket(user=models.UserPacket(payload=text), sequence=sequence, **fields).SerializeToString()


def sent(party: Party) -> list[tuple[tuple[str, ...], bool, models.DataPacket]]:
    calls = party.engine.take("send_data")
    return [(peers, reliable, models.DataPacket.FromString(payload)) for _, peers, reliable, payload in calls]  # type: ignore[misc]


async def test_the_node_says_who_sent_it(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    forged = models.DataPacket(
        participant_sid=bob.sid,
        participant_identity="11",
        user=models.UserPacket(payload=b"x", participant_sid=bob.sid, participant_identity="11", topic="t"),
        sequence=1,
    )
    party.happen(data(ann.sid, forged.SerializeToString()))
    ((peers, reliable, packet),) = sent(party)
    assert (peers, reliable) == ((bob.sid,), True)
    assert (packet.participant_sid, packet.participant_identity, packet.sequence) == (ann.sid, "10", 1)
    assert (packet.user.participant_sid, packet.user.participant_identity) == (ann.sid, "10")
    assert (packet.user.payload, packet.user.topic, packet.kind) == (b"x", "t", models.DataPacket.RELIABLE)


async def test_it_goes_to_all_others_or_to_those_named(party: Party) -> None:
    ann, bob, eve = [await party.join(i) for i in ("10", "11", "12")]
    party.happen(
        data(ann.sid, user(b"all")),
        data(ann.sid, user(b"bob", destination_identities=["11", "nobody"])),
        data(ann.sid, models.DataPacket(user=models.UserPacket(destination_sids=[eve.sid])).SerializeToString()),
        data(ann.sid, user(b"nobody", destination_identities=["99"])),
        data(ann.sid, user(b"lossy"), reliable=False),
    )
    got = sent(party)
    assert [peers for peers, _, _ in got] == [(bob.sid, eve.sid), (bob.sid,), (eve.sid,), (bob.sid, eve.sid)]
    assert [reliable for _, reliable, _ in got] == [True, True, True, False]


async def test_without_the_right_nothing_is_passed_on(party: Party) -> None:
    ann, _ = await party.join("10", data=False), await party.join("11")
    party.happen(data(ann.sid, user(b"x")))
    assert sent(party) == []


async def test_who_is_hidden_hears_nothing(party: Party) -> None:
    ann = await party.join("10")
    grant = VideoGrant(room_join=True, room=ROOM, hidden=True, can_subscribe=False)
    tool = Guest(party, party.operator.mint(jti="", identity="tool", name="", grant=grant))
    assert tool.received[0].join.participant.permission.hidden
    party.happen(data(ann.sid, user(b"x")))
    assert sent(party) == []


async def test_who_speaks_is_not_for_clients_to_say(party: Party) -> None:
    ann, _ = await party.join("10"), await party.join("11")
    speakers = models.ActiveSpeakerUpdate(speakers=[models.SpeakerInfo(sid=ann.sid, active=True)])
    party.happen(data(ann.sid, models.DataPacket(speaker=speakers).SerializeToString()))
    assert sent(party) == []


async def test_what_was_seen_is_not_passed_on_again(party: Party) -> None:
    ann, _ = await party.join("10"), await party.join("11")
    party.happen(*(data(ann.sid, user(str(n).encode(), n)) for n in (1, 2, 2, 1, 3)))
    assert [packet.sequence for _, _, packet in sent(party)] == [1, 2, 3]


async def test_both_sides_send_again_what_the_other_missed(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    party.happen(*(data(bob.sid, user(b"to all", n)) for n in (1, 2, 3)))
    party.happen(data(bob.sid, user(b"not for ann", 4, destination_identities=["12"])))
    party.happen(data(ann.sid, user(b"from ann", 9)))
    sent(party)
    ann.cut()
    back = ann.resume()
    assert back.received[0].reconnect.last_message_seq == 9
    seen = rtc.DataChannelReceiveState(publisher_sid=bob.sid, last_seq=1)
    back.send(sync_state=rtc.SyncState(datachannel_receive_states=[seen]))
    again = sent(party)
    assert [(peers, packet.sequence) for peers, _, packet in again] == [((ann.sid,), 2), ((ann.sid,), 3)]


async def test_a_flood_is_cut_short_without_harm_to_others(party: Party) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    party.happen(*(data(ann.sid, user(b"x"), reliable=False) for _ in range(int(BURST) + 500)))
    assert len(sent(party)) == BURST
    party.happen(data(bob.sid, user(b"y")))
    assert len(sent(party)) == 1
    party.clock.now += 1
    party.happen(data(ann.sid, user(b"x")))
    assert len(sent(party)) == 1


@given(st.binary(max_size=300), st.booleans())
async def test_rubbish_is_dropped(payload: bytes, reliable: bool) -> None:
    party = Party()
    ann, bob = await party.join("10"), await party.join("11")
    party.happen(data(ann.sid, payload, reliable))
    for _, _, packet in sent(party):
        assert packet.participant_identity == "10"
    party.happen(data(bob.sid, user(b"y")))
    assert len(sent(party)) == 1


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, KEPT_BYTES // 3)), max_size=40))
def test_the_history_is_bounded_in_time_and_size(steps: list[tuple[float, int]]) -> None:
    history, now, kept = History(), 0.0, []
    for sequence, (later, size) in enumerate(steps, 1):
        now += later
        kept.append((now, size))
        history.keep(Kept(now, "PA_1", sequence, frozenset({"PA_2"}), bytes(size)))
        missed = history.missed("PA_2", {}, now)
        assert sum(map(len, missed)) <= KEPT_BYTES
        assert len(missed) <= sum(1 for at, _ in kept if at >= now - KEPT_SECONDS)
        assert history.missed("PA_2", {"PA_1": sequence}, now) == ()
        assert history.missed("PA_3", {}, now) == ()
