"""Clients that send what they must not: a farewell and a close code, never a traceback, and nobody else notices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import models, rtc
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hubbub.protocols.livekit.signal import BURST, LARGEST, Close, SignalSession
from hubbub.protocols.websocket.handshake import Request
from hubbub.services.media.events import ParticipantLeft
from hubbub.services.media.publishing import OFFER_BURST
from tests.protocols.livekit.party import ROOM, Party, RecordingSocket
from tests.protocols.livekit.place import MediaPlace, media_place

OFFER_BURST_AND_ONE = int(OFFER_BURST) + 1


@pytest.fixture
async def place() -> AsyncIterator[MediaPlace]:
    async with media_place() as started:
        yield started


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("text", 1003),
        (b"\xff\xff\xff", 1007),
        (rtc.SignalRequest(offer=rtc.SessionDescription(type="offer")).SerializeToString(), 1007),
        (rtc.SignalRequest(answer=rtc.SessionDescription(type="answer")).SerializeToString(), 1007),
        (rtc.SignalRequest(add_track=rtc.AddTrackRequest(type=models.AUDIO)).SerializeToString(), 1007),
        (rtc.SignalRequest(add_track=rtc.AddTrackRequest(cid="x" * 300)).SerializeToString(), 1007),
    ],
)
async def test_what_makes_no_sense_costs_the_seat(party: Party, message: str | bytes, code: int) -> None:
    ann, bob = await party.join("10"), await party.join("11")
    ann.take()
    ann.session.received(message)
    leave = ann.got("leave")
    assert (leave.reason, leave.action) == (models.PARTICIPANT_REMOVED, rtc.LeaveRequest.DISCONNECT)
    assert ann.socket.code == code
    assert party.said(ParticipantLeft, identity="10", reason="removed")
    ann.session.received(message)
    bob.send(ping=1)
    assert "pong" in bob.names


async def test_a_flood_of_messages_costs_the_seat(party: Party) -> None:
    ann = await party.join("10")
    for _ in range(int(BURST) + 1):
        ann.session.received(rtc.SignalRequest(ping=1).SerializeToString())
    assert ann.socket.code == 4008
    assert party.said(ParticipantLeft, reason="removed")


async def test_a_flood_of_offers_costs_the_seat_and_reaches_the_engine_in_part_only(party: Party) -> None:
    party.engine.automatic = False
    ann = await party.join("10")
    for n in range(50):
        ann.send(offer=rtc.SessionDescription(type="offer", sdp="x", id=n))
    assert len(party.engine.take("publisher_offer")) == 8
    assert party.said(ParticipantLeft, reason="removed")


async def test_tracks_are_bounded(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    for n in range(20):
        ann.send(add_track=rtc.AddTrackRequest(cid=str(n), type=models.AUDIO, source=models.MICROPHONE))
    reasons = [m.request_response.reason for m in ann.take() if m.HasField("request_response")]
    assert reasons == [rtc.RequestResponse.LIMIT_EXCEEDED] * 4


async def test_a_message_of_a_later_version_is_ignored(party: Party) -> None:
    ann = await party.join("10")
    ann.take()
    ann.session.received(b"\xfa\x3f\x02\x08\x01")  # field 1023, a message
    ann.session.received(b"")
    ann.send(trickle=rtc.TrickleRequest(candidateInit="rubbish", target=rtc.PUBLISHER))
    assert ann.take() == []
    assert ann.socket.code is None


REQUESTS = st.builds(
    rtc.SignalRequest,
    mute=st.none() | st.builds(rtc.MuteTrackRequest, sid=st.text(max_size=9), muted=st.booleans()),
    subscription=st.none()
    | st.builds(rtc.UpdateSubscription, track_sids=st.lists(st.text(max_size=9)), subscribe=st.booleans()),
    track_setting=st.none() | st.builds(rtc.UpdateTrackSettings, track_sids=st.lists(st.text(max_size=9))),
)
WEIRD = st.one_of(
    REQUESTS.map(lambda m: m.SerializeToString()),
    st.builds(
        lambda **f: rtc.SignalRequest(add_track=rtc.AddTrackRequest(**f)).SerializeToString(),
        cid=st.text(max_size=5),
        type=st.integers(-5, 9),
        source=st.integers(-5, 9),
        encryption=st.integers(-5, 9),
        audio_features=st.lists(st.integers(-5, 99)),
        name=st.text(max_size=9),
        stream=st.text(max_size=9),
        layers=st.lists(st.builds(models.VideoLayer, quality=st.integers(-5, 9), rid=st.text(max_size=20)), max_size=9),
    ),
    st.builds(
        lambda n, s: rtc.SignalRequest(offer=rtc.SessionDescription(sdp=s, id=n)).SerializeToString(),
        st.integers(0, 2**32 - 1),
        st.text(min_size=1, max_size=9),
    ),
    st.builds(
        lambda n, s: rtc.SignalRequest(answer=rtc.SessionDescription(sdp=s, id=n)).SerializeToString(),
        st.integers(0, 2**32 - 1),
        st.text(min_size=1, max_size=9),
    ),
    st.builds(
        lambda **f: rtc.SignalRequest(update_audio_track=rtc.UpdateLocalAudioTrack(**f)).SerializeToString(),
        track_sid=st.text(max_size=9),
        features=st.lists(st.integers(-5, 99)),
    ),
    st.binary(max_size=40),
)


@given(st.lists(WEIRD, max_size=12))
@settings(max_examples=60)
async def test_nothing_that_a_client_sends_breaks_the_node_or_the_room(messages: list[bytes]) -> None:
    party = Party()
    ann, bob = await party.join("10"), await party.join("11")
    for message in messages:
        ann.session.received(message)
        party.happen()
    bob.send(ping=1)
    assert "pong" in bob.names
    assert (await party.join("12")).names[0] == "join"
    ann.session.closed(1006)
    party.wait(60)


@given(st.lists(st.binary(max_size=60) | st.text(max_size=10), max_size=20))
def test_the_session_ends_once(messages: list[bytes | str]) -> None:
    session = SignalSession(0.0)
    effects = [e for m in messages for e in session.receive(m, 0.0, 0)]
    assert sum(isinstance(e, Close) for e in effects) <= 1
    if any(isinstance(e, Close) for e in effects):
        assert isinstance(effects[-1], Close)


async def test_who_negotiates_without_end_has_to_go(party: Party) -> None:
    """Each offer is answered at once here: it is their number that is too much."""
    ann, bob = await party.join("10"), await party.join("11")
    for number in range(OFFER_BURST_AND_ONE):
        assert ann.socket.code is None, number
        ann.send(offer=rtc.SessionDescription(type="offer", sdp="v=0", id=number))
    assert ann.socket.code is not None
    party.wait(1)
    bob.send(offer=rtc.SessionDescription(type="offer", sdp="v=0", id=1))
    assert bob.socket.code is None
    assert "answer" in bob.names


async def test_calls_after_the_end_do_nothing(party: Party) -> None:
    ann = await party.join("10")
    ann.send(leave=rtc.LeaveRequest())
    assert ann.socket.code == 1000
    party.engine.take()
    ann.send(add_track=rtc.AddTrackRequest(cid="x", type=models.AUDIO))
    ann.session.closed(1000)
    assert party.engine.take() == []
    assert [e.reason for e in party.said(ParticipantLeft)] == ["left"]


async def test_a_token_that_dies_between_upgrade_and_join_opens_nothing(party: Party) -> None:
    token = await party.admit("10")
    session = party.sockets.open(Request("/rtc", b"", {b"authorization": f"Bearer {token}".encode()}, ""))
    await party.service.remove(ROOM, "10", "removed")
    socket = RecordingSocket()
    session.opened(socket)  # type: ignore[arg-type]
    session.received(b"")
    session.closed(1008)
    assert (socket.frames, socket.code) == ([], 1008)


# ---- on a real socket


async def closing(place: MediaPlace, token: str, *messages: bytes | str) -> int:
    """How the server closes after these."""
    async with connect(f"{place.url}/rtc?access_token={token}", proxy=None, max_size=None) as socket:
        assert rtc.SignalResponse.FromString(await socket.recv()).HasField("join")  # type: ignore[arg-type]
        for message in messages:
            await socket.send(message)
        try:
            async with asyncio.timeout(5):
                while True:
                    await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


async def test_close_codes(place: MediaPlace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    assert await closing(place, await place.admit("1:2", "10"), b"\xff") == 1007
    assert await closing(place, await place.admit("1:2", "10"), "text") == 1003
    assert await closing(place, await place.admit("1:2", "10"), bytes(LARGEST + 1)) == 1009
    assert await closing(place, await place.admit("1:2", "10"), *([b""] * 1100)) == 4008
    assert (
        await closing(
            place, await place.admit("1:2", "10"), rtc.SignalRequest(leave=rtc.LeaveRequest()).SerializeToString()
        )
        == 1000
    )
    assert not caplog.records


async def test_sdp_that_is_none_reaches_the_engine_and_does_no_harm(place: MediaPlace) -> None:
    offer = rtc.SignalRequest(offer=rtc.SessionDescription(type="offer", sdp="v=0\r\nrubbish", id=1))
    answer = rtc.SignalRequest(answer=rtc.SessionDescription(type="answer", sdp="rubbish" * 1000, id=1))
    token = await place.admit("1:2", "10")
    async with connect(f"{place.url}/rtc?access_token={token}", proxy=None) as socket:
        await socket.send(offer.SerializeToString())
        names = []
        async with asyncio.timeout(5):
            while "offer" not in names:
                names.append(rtc.SignalResponse.FromString(await socket.recv()).WhichOneof("message"))  # type: ignore[arg-type]
            await socket.send(answer.SerializeToString())
            while "leave" not in names:
                names.append(rtc.SignalResponse.FromString(await socket.recv()).WhichOneof("message"))  # type: ignore[arg-type]
    async with connect(f"{place.url}/rtc?access_token={token}", proxy=None) as socket:
        assert rtc.SignalResponse.FromString(await socket.recv()).HasField("join")  # type: ignore[arg-type]


async def test_tokens_are_in_no_log(place: MediaPlace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("websockets", "asyncio"):  # the test's own client
        caplog.set_level(logging.CRITICAL, logger)
    token = await place.admit("1:2", "10")
    assert await closing(place, token, b"\xff") == 1007
    with pytest.raises(InvalidStatus):
        await closing(place, token)
    with pytest.raises(InvalidStatus):
        await closing(place, token + "x")
    signature = token.split(".")[2]
    assert not [r for r in caplog.records if signature[:20] in r.getMessage()]


async def test_v1_is_a_404_that_pages_can_read(place: MediaPlace) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{place.url}/rtc/v1", proxy=None, origin="https://elsewhere.example"):  # type: ignore[arg-type]
            pass
    response = refused.value.response
    assert response.status_code == 404
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert b"requested room does not exist" not in (response.body or b"")
