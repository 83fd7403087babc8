"""The unmodified PyPI `livekit` SDK (libwebrtc inside) against a real node."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from livekit import rtc
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind
from msgspec.structs import replace

from hubbub.services.media.events import ParticipantJoined, ParticipantLeft, SourcesChanged, SpeakingStarted
from tests.protocols.livekit.place import GRANTS, CuttableProxy, MediaPlace, media_place
from tests.waiting import until

RATE = 48_000
AMPLITUDE = 8000
LOUDNESS = AMPLITUDE / math.sqrt(2)  # RMS of the tone


@pytest.fixture
async def place() -> AsyncIterator[MediaPlace]:
    async with media_place() as started:
        yield started


class SpeakerSeer(rtc.Room):
    """Remembers who speaks: the SDK only has an event for it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_speaking: list[str] = []
        self.on("active_speakers_changed", self._speakers_changed)

    def _speakers_changed(self, speakers: list[rtc.Participant]) -> None:
        self.seen_speaking = [p.identity for p in speakers]


@asynccontextmanager
async def joined(
    place: MediaPlace, room: str, identity: str, url: str = "", token: str = "", **grants: bool
) -> AsyncIterator[SpeakerSeer]:
    client = SpeakerSeer()
    token = token or await place.admit(room, identity, **grants)
    began = time.monotonic()
    await client.connect(url or place.url, token)
    print(f"{identity} joined in {(time.monotonic() - began) * 1000:.0f} ms")
    try:
        yield client
    finally:
        await client.disconnect()


class Tone:
    """A microphone that plays 440 Hz until it is closed."""

    def __init__(self, client: rtc.Room) -> None:
        self._client = client
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
        self._task: asyncio.Task[None] | None = None
        self.publication: rtc.LocalTrackPublication

    async def __aenter__(self) -> Tone:
        track = rtc.LocalAudioTrack.create_audio_track("tone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        self.publication = await self._client.local_participant.publish_track(track, options)
        self._task = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._source.aclose()

    async def _play(self) -> None:
        count, at = RATE // 50, 0
        while True:
            wave = AMPLITUDE * np.sin(2 * np.pi * 440 * (np.arange(count) + at) / RATE)
            at += count
            await self._source.capture_frame(rtc.AudioFrame(wave.astype(np.int16).tobytes(), RATE, 1, count))


class Ear:
    """Listens to the first audio track that a client gets."""

    def __init__(self, client: rtc.Room) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self.first = 0.0  # when something was heard first
        self.rms = 0.0
        self.silent_longest = 0.0
        self._heard_last = 0.0
        client.on("track_subscribed", self._subscribed)
        for participant in client.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None:
                    self._subscribed(publication.track)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1):
            samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
            self.rms = float(np.sqrt(np.mean(samples**2)))
            if self.rms > LOUDNESS / 2:
                now = time.monotonic()
                if not self.first:
                    self.first = now
                else:
                    self.silent_longest = max(self.silent_longest, now - self._heard_last)
                self._heard_last = now

    def hears_tone(self) -> bool:
        return abs(self.rms - LOUDNESS) < LOUDNESS * 0.1 and time.monotonic() - self._heard_last < 0.2

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def ears(client: rtc.Room) -> AsyncIterator[Ear]:
    ear = Ear(client)
    try:
        yield ear
    finally:
        await ear.aclose()


async def test_two_hear_each_other(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob:
        assert [p.identity for p in bob.remote_participants.values()] == ["10"]
        assert bob.remote_participants["10"].name == "Name of 10"
        async with ears(bob) as bobs, ears(ann) as anns:
            began = time.monotonic()
            async with Tone(ann) as tone:
                await until(bobs.hears_tone, "bob hears ann's tone")
                print(f"first sound {(bobs.first - began) * 1000:.0f} ms after publishing, RMS {bobs.rms:.0f}")
                await asyncio.wait_for(tone.publication.wait_for_subscription(), 5)
                async with Tone(bob):
                    await until(anns.hears_tone, "ann hears bob's tone")
        assert place.said(SourcesChanged, identity="10", sources=("microphone",))
    await until(lambda: len(place.said(ParticipantLeft, reason="left")) == 2, "both are seen leaving")
    assert {e.sid for e in place.said(ParticipantJoined)} == {e.sid for e in place.said(ParticipantLeft)}


async def test_a_track_is_unpublished_and_published_again(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob, ears(bob) as ear:
        for _ in range(2):
            ear.rms = 0.0
            async with Tone(ann) as tone:
                await until(ear.hears_tone, "bob hears ann's tone")
                sid = tone.publication.sid
                await ann.local_participant.unpublish_track(sid)
                await until(lambda: sid not in bob.remote_participants["10"].track_publications, "bob is told")  # noqa: B023


async def test_a_late_joiner_hears_who_speaks_already(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, Tone(ann):
        await until(lambda: place.said(SpeakingStarted, identities=("10",)), "ann is said to speak")
        began = time.monotonic()
        async with joined(place, "1:2", "11") as bob, ears(bob) as ear:
            await until(ear.hears_tone, "bob hears ann's tone")
            print(f"first sound {(ear.first - began) * 1000:.0f} ms after the join began")
            await until(lambda: bob.seen_speaking == ["10"], "bob's SDK says that ann speaks")


async def test_data_goes_both_ways_and_only_to_whom_it_is_for(place: MediaPlace) -> None:
    async with (
        joined(place, "1:2", "10") as ann,
        joined(place, "1:2", "11") as bob,
        joined(place, "1:2", "12") as eve,
    ):
        got: dict[str, list[tuple[str, bytes]]] = {"ann": [], "bob": [], "eve": []}
        for name, client in (("ann", ann), ("bob", bob), ("eve", eve)):
            client.on(
                "data_received",
                lambda packet, name=name: got[name].append(
                    (packet.participant.identity if packet.participant else "?", packet.data)
                ),
            )
        for n in range(20):
            await ann.local_participant.publish_data(f"to all {n}", reliable=True)
        await bob.local_participant.publish_data("for ann", reliable=True, destination_identities=["10"])
        await until(lambda: len(got["bob"]) == len(got["eve"]) == 20, "ann's data arrives")
        await until(lambda: got["ann"] == [("11", b"for ann")], "bob's data arrives")
        assert got["bob"] == got["eve"] == [("10", f"to all {n}".encode()) for n in range(20)]
        await bob.local_participant.publish_data("lossy", reliable=False)
        await until(lambda: ("11", b"lossy") in got["ann"], "lossy data arrives, as nothing is lost here")


async def test_data_for_somebody_who_is_just_joining_is_kept_for_them(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann:
        sending: list[asyncio.Task[None]] = []
        welcome = ann.local_participant.publish_data
        ann.on("participant_connected", lambda p: sending.append(asyncio.ensure_future(welcome(f"hi {p.identity}"))))
        await ann.local_participant.publish_data("so that the way is open")
        bob, got = rtc.Room(), list[bytes]()
        bob.on("data_received", lambda packet: got.append(packet.data))
        await bob.connect(place.url, await place.admit("1:2", "11"))
        await until(lambda: got == [b"hi 11"], "bob gets what was sent while he joined")
        await bob.disconnect()


async def test_text_streams_and_calls_work_across(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob:
        texts: list[str] = []

        async def read(reader: rtc.TextStreamReader) -> None:
            texts.append(await reader.read_all())

        bob.register_text_stream_handler("t", lambda reader, _: asyncio.ensure_future(read(reader)) and None)
        bob.local_participant.register_rpc_method("greet", greet)
        await ann.local_participant.send_text("long " * 10_000, topic="t")
        await until(lambda: texts == ["long " * 10_000], "the text arrives")
        answer = await ann.local_participant.perform_rpc(destination_identity="11", method="greet", payload="hi")
        assert answer == "hi from 10"


async def greet(call: rtc.RpcInvocationData) -> str:
    return f"{call.payload} from {call.caller_identity}"


async def test_who_may_not_send_data_is_not_heard(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10", data=False) as ann, joined(place, "1:2", "11") as bob:
        got: list[bytes] = []
        bob.on("data_received", lambda packet: got.append(packet.data))
        with suppress(Exception):  # whatever the SDK makes of its permission
            await asyncio.wait_for(ann.local_participant.publish_data("x"), 3)
        async with joined(place, "1:2", "12") as eve:
            await eve.local_participant.publish_data("y")
            await until(lambda: got, "the other's data arrives")
        assert got == [b"y"]


async def test_a_cut_socket_is_resumed_while_the_sound_goes_on(place: MediaPlace) -> None:
    async with CuttableProxy(place.port) as proxy:
        async with joined(place, "1:2", "10", url=proxy.url) as ann, joined(place, "1:2", "11") as bob:
            resumed = asyncio.Event()
            reconnecting = asyncio.Event()
            ann.on("reconnecting", reconnecting.set)
            ann.on("reconnected", resumed.set)
            sid = ann.local_participant.sid
            async with ears(bob) as ear, Tone(ann):
                await until(ear.hears_tone, "bob hears ann's tone")
                ear.silent_longest = 0.0
                began = time.monotonic()
                assert proxy.cut() == 1
                await asyncio.wait_for(resumed.wait(), 20)
                print(f"back after {time.monotonic() - began:.2f} s, silent for {ear.silent_longest * 1000:.0f} ms")
                await until(ear.hears_tone, "bob still hears ann's tone")
                assert ear.silent_longest < 0.3
            assert ann.local_participant.sid == sid
            assert not place.said(ParticipantLeft)
            got: list[bytes] = []
            ann.on("data_received", lambda packet: got.append(packet.data))
            await bob.local_participant.publish_data("after")
            await until(lambda: got == [b"after"], "data arrives after the resume")
            async with ears(ann) as other, Tone(bob):
                await until(other.hears_tone, "what is published after the resume is heard")


@pytest.mark.parametrize("scenario", ["node failure", "full reconnect"])
async def test_a_session_that_cannot_be_resumed_is_joined_anew(place: MediaPlace, scenario: str) -> None:
    """A node failure: our own token still counts, as we sent the client away. A full reconnect is the client's own:
    it says goodbye first, after which our token is spent, but an operator's is not."""
    fails = scenario == "node failure"
    kind = SimulateScenarioKind.SIMULATE_NODE_FAILURE if fails else SimulateScenarioKind.SIMULATE_FULL_RECONNECT
    token = "" if fails else place.operator_token("1:2", "10")
    async with joined(place, "1:2", "10", token=token) as ann, joined(place, "1:2", "11") as bob:
        back = asyncio.Event()
        ann.on("reconnected", back.set)
        sid = ann.local_participant.sid
        async with ears(bob) as ear, Tone(ann):
            await until(ear.hears_tone, "bob hears ann's tone")
            began = time.monotonic()
            await ann.simulate_scenario(kind)
            await asyncio.wait_for(back.wait(), 20)
            print(f"joined anew after {time.monotonic() - began:.2f} s")
            await until(ear.hears_tone, "bob hears ann again")
        assert ann.local_participant.sid != sid
        assert bob.remote_participants["10"].sid == ann.local_participant.sid
        left = place.said(ParticipantLeft, identity="10")
        assert [(e.sid, e.reason) for e in left] == [(sid, "replaced" if fails else "left")]


async def test_a_moderator_mutes_and_takes_the_right_to_speak(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob, ears(bob) as ear:
        async with Tone(ann) as tone:
            await until(ear.hears_tone, "bob hears ann's tone")
            await until(lambda: place.said(SpeakingStarted, identities=("10",)), "ann is said to speak")
            await place.service.grant("1:2", "10", replace(GRANTS, muted=True))
            await until(lambda: ear.rms < LOUDNESS / 100, "bob hears nothing of a muted ann")
            theirs = bob.remote_participants["10"].track_publications[tone.publication.sid]
            await until(lambda: theirs.muted, "bob is told")
            await until(lambda: place.said(SpeakingStarted)[-1:] == [said_nobody()], "nobody speaks")
            await place.service.grant("1:2", "10", GRANTS)
            await until(ear.hears_tone, "bob hears ann again")
            await place.service.grant("1:2", "11", replace(GRANTS, deafened=True))
            await until(lambda: ear.rms < LOUDNESS / 100, "a deafened bob hears nothing")
            await place.service.grant("1:2", "11", GRANTS)
            await until(ear.hears_tone, "bob hears ann again")
            await place.service.grant("1:2", "10", replace(GRANTS, speak=False))
            await until(lambda: not bob.remote_participants["10"].track_publications, "bob is told of it")
        with pytest.raises(Exception):  # noqa: B017
            await asyncio.wait_for(Tone(ann).__aenter__(), 3)


def said_nobody() -> SpeakingStarted:
    return SpeakingStarted(room="1:2", identities=())


async def test_the_removed_stay_out(place: MediaPlace) -> None:
    client = rtc.Room()
    token = await place.admit("1:2", "10")
    reasons: list[object] = []
    client.on("disconnected", reasons.append)
    await client.connect(place.url, token)
    await place.service.remove("1:2", "10", "removed")
    await until(lambda: reasons, "the SDK is told")
    assert reasons == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
    assert await place.service.participants("1:2") == ()
    with pytest.raises(rtc.ConnectError, match="spent"):
        await rtc.Room().connect(place.url, token)


async def test_the_same_person_replaces_themselves(place: MediaPlace) -> None:
    reasons: list[object] = []
    async with joined(place, "1:2", "10") as first:
        first.on("disconnected", reasons.append)
        async with joined(place, "1:2", "10"):
            await until(lambda: reasons, "the first is told")
            assert reasons == [rtc.DisconnectReason.DUPLICATE_IDENTITY]
            assert len(await place.service.participants("1:2")) == 1


async def test_who_only_sees_subscribes_to_nothing(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, Tone(ann) as tone:
        client = rtc.Room()
        await client.connect(place.url, await place.admit("1:2", "11"), rtc.RoomOptions(auto_subscribe=False))
        try:
            await until(lambda: "10" in client.remote_participants, "bob sees ann")
            publications = client.remote_participants["10"].track_publications
            await until(lambda: tone.publication.sid in publications, "bob sees her track")
            async with ears(client) as ear:
                assert publications[tone.publication.sid].track is None
                publications[tone.publication.sid].set_subscribed(True)
                await until(ear.hears_tone, "bob hears what he asked for")
        finally:
            await client.disconnect()


async def test_camera_frames_arrive(place: MediaPlace) -> None:
    async with joined(place, "1:2", "10") as ann, joined(place, "1:2", "11") as bob:
        seen: list[rtc.VideoFrame] = []
        tasks: list[asyncio.Task[None]] = []

        async def watch(track: rtc.Track) -> None:
            async for event in rtc.VideoStream(track):
                seen.append(event.frame)

        bob.on("track_subscribed", lambda track, *_: tasks.append(asyncio.create_task(watch(track))))
        source = rtc.VideoSource(320, 240)
        track = rtc.LocalVideoTrack.create_video_track("camera", source)
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA, video_codec=rtc.VideoCodec.VP8, simulcast=False
        )
        began = time.monotonic()
        await ann.local_participant.publish_track(track, options)
        while not seen and time.monotonic() - began < 10:
            source.capture_frame(rtc.VideoFrame(320, 240, rtc.VideoBufferType.RGBA, bytes(320 * 240 * 4)))
            await asyncio.sleep(1 / 30)
        assert seen, "bob sees nothing"
        print(f"first frame {(time.monotonic() - began) * 1000:.0f} ms after publishing")
        assert (seen[0].width, seen[0].height) == (320, 240)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
