"""What one client after the other experiences. Milliseconds unless the name says otherwise; each a list of samples."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable
from contextlib import suppress

from livekit import rtc
from livekit.protocol import rtc as wire
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind
from tests.protocols.livekit.place import CuttableProxy
from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.waiting import until
from websockets.asyncio.client import connect

from benchmarks.peers.sdk import DEADLINE, PROTOCOLS, Eye, Moment, joined, showing
from benchmarks.peers.systems import ROOT, Seat, System, token

Samples = dict[str, list[float]]
_rooms = itertools.count()


def room_of(system: System) -> Callable[..., Seat]:
    """Seats in a room that nobody used before."""
    name = f"figures {next(_rooms)}"
    return lambda identity, url=system.target.url: Seat(url, token(name, identity))


async def joining(system: System, times: int = 20) -> Samples:
    seat, samples = room_of(system), Samples()
    async with joined(seat("ann")) as ann, Tone(ann):
        for number in range(times):
            for name, options in PROTOCOLS.items():
                began = time.perf_counter()
                async with joined(seat(f"guest{number}"), options):
                    samples.setdefault(f"join{name}", []).append((time.perf_counter() - began) * 1000)
    return samples


async def sounding(system: System, times: int = 5) -> Samples:
    seat, first, samples = room_of(system), list[float](), Samples()
    async with joined(seat("ann")) as ann, joined(seat("bob")) as bob:
        for _ in range(times):
            async with ears(bob) as ear:
                began = time.monotonic()
                async with Tone(ann) as tone:
                    await until(ear.hears_tone, "ann is heard", DEADLINE)
                    first.append((ear.first - began) * 1000)
                    await ann.local_participant.unpublish_track(tone.publication.sid)
            await until(lambda: not bob.remote_participants["ann"].track_publications, "it ended", DEADLINE)
        async with Tone(ann):
            for number, (name, options) in itertools.product(range(times), PROTOCOLS.items()):
                began = time.monotonic()
                async with joined(seat(f"late{number}"), options) as room, ears(room) as ear:
                    await until(ear.hears_tone, "ann is heard", DEADLINE)
                    samples.setdefault(f"first sound after join{name}", []).append((ear.first - began) * 1000)
    return {"first sound after publish": first, **samples}


async def seeing(system: System, times: int = 5) -> Samples:
    seat, first, samples = room_of(system), list[float](), Samples()
    async with joined(seat("ann")) as ann:
        for number in range(times):
            async with joined(seat(f"bob{number}")) as bob:
                eye = Eye(bob)
                async with showing(ann) as began:
                    first.append(await eye.since(began))
        async with showing(ann):
            for number, (name, options) in itertools.product(range(times), PROTOCOLS.items()):
                room = rtc.Room()
                eye, began = Eye(room), time.perf_counter()
                await room.connect(*seat(f"late{number}"), options)
                samples.setdefault(f"first frame after join{name}", []).append(await eye.since(began))
                await room.disconnect()
    return {"first frame after publish": first, **samples}


async def resuming(system: System, times: int = 3) -> Samples:
    seat, back, silent = room_of(system), list[float](), list[float]()
    async with CuttableProxy(int(system.target.url.rpartition(":")[2])) as proxy:
        async with joined(seat("ann", proxy.url)) as ann, joined(seat("bob")) as bob, ears(bob) as ear, Tone(ann):
            for _ in range(times):
                await until(ear.hears_tone, "ann is heard", DEADLINE)
                ear.silent_longest = 0.0
                moment, began = Moment(ann, "reconnected"), time.perf_counter()
                proxy.cut()
                back.append(await moment.since(began))
                await until(ear.hears_tone, "ann is heard again", DEADLINE)
                silent.append(ear.silent_longest * 1000)
    return {"resumed after a cut socket": back, "silence at a resume": silent}


async def refused(system: System, times: int = 5) -> Samples:
    """By the wire: a session that the server does not know. By the SDK: it joins anew."""
    seat, told, anew = room_of(system), list[float](), list[float]()
    async with joined(seat("ann")):
        for number in range(times):
            url, ticket = seat(f"nobody{number}")
            query = f"access_token={ticket}&reconnect=1&sid=PA_nobody&auto_subscribe=1&protocol=15&sdk=python"
            began = time.perf_counter()
            with suppress(Exception):  # how the socket is closed after the answer is the server's business
                async with connect(f"{url}/rtc?{query}", proxy=None) as socket:
                    async for frame in socket:
                        if isinstance(frame, bytes) and wire.SignalResponse.FromString(frame).HasField("leave"):
                            told.append((time.perf_counter() - began) * 1000)
                            break
    async with joined(seat("bob")) as bob, Tone(bob):
        for _ in range(2):
            moment, began = Moment(bob, "reconnected"), time.perf_counter()
            await bob.simulate_scenario(SimulateScenarioKind.SIMULATE_NODE_FAILURE)
            anew.append(await moment.since(began))
    return {"resume refused": told, "joined anew after a node's failure": anew}


async def departing(system: System) -> Samples:
    """A client that is killed has said nothing."""
    seat = room_of(system)
    async with joined(seat("ann")) as ann, ears(ann) as ear:
        gone = Moment(ann, "participant_disconnected")
        command = [sys.executable, "-m", "benchmarks.peers.talker", *seat("victim")]
        victim = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL)
        try:
            await until(ear.hears_tone, "the victim is heard", DEADLINE)
        finally:
            victim.kill()
            began = time.perf_counter()
            await victim.wait()
        return {"departure of a killed client": [await gone.since(began)]}


async def messaging(system: System, count: int = 3000) -> Samples:
    seat, numbers, last = room_of(system), set[bytes](), [0.0]

    def take(packet: rtc.DataPacket) -> None:
        numbers.add(packet.data[:8])
        last[0] = time.perf_counter()

    async with joined(seat("ann")) as ann, joined(seat("bob")) as bob:
        bob.on("data_received", take)
        await ann.local_participant.publish_data(b"the way is open", reliable=True)
        await until(lambda: numbers, "the first message", DEADLINE)
        numbers.clear()
        began = time.perf_counter()
        for number in range(count):
            await ann.local_participant.publish_data(number.to_bytes(8, "big") + bytes(192), reliable=True)
        with suppress(AssertionError):  # what never comes is what is measured
            await until(lambda: len(numbers) == count, "all", 10)
    rate = len(numbers) / (last[0] - began)
    return {"reliable messages a second": [rate], "reliable messages lost": [float(count - len(numbers))]}


async def muting(system: System, times: int = 10) -> Samples:
    seat, told = room_of(system), list[float]()
    async with joined(seat("ann")) as ann, joined(seat("bob")) as bob, ears(bob) as ear, Tone(ann) as tone:
        await until(ear.hears_tone, "ann is heard", DEADLINE)
        track = tone.publication.track
        assert isinstance(track, rtc.LocalAudioTrack)
        for _ in range(times):
            moment, began = Moment(bob, "track_muted"), time.perf_counter()
            track.mute()
            told.append(await moment.since(began))
            moment = Moment(bob, "track_unmuted")
            track.unmute()
            await moment.since(began)
    return {"mute": told}


async def moderating(system: System, times: int = 3) -> Samples:
    """From before the admin's request to the event at the client."""
    samples = Samples()
    for way, moderated in itertools.chain.from_iterable([system.ways.items()] * times):
        muted, revoked, closed = (
            samples.setdefault(name + way, [])
            for name in ("moderator's mute", "right to publish revoked", "room closed")
        )
        async with moderated() as m:
            speaker, listener = rtc.Room(), rtc.Room()
            await speaker.connect(*m.speaker)
            await listener.connect(*m.listener)
            async with ears(listener) as ear, Tone(speaker):
                await until(ear.hears_tone, "the speaker is heard", DEADLINE)
                await _timed(muted, Moment(listener, "track_muted"), lambda m=m: m.mute(True))
                await _timed(revoked, Moment(listener, "track_unpublished"), lambda m=m: m.revoke(True))
            await _timed(closed, Moment(listener, "disconnected"), m.close)
            await asyncio.gather(speaker.disconnect(), listener.disconnect())
    return samples


async def _timed(samples: list[float], moment: Moment, act: Callable[[], Awaitable[object]]) -> None:
    began = time.perf_counter()
    acting = asyncio.ensure_future(act())
    samples.append(await moment.since(began))
    await acting


ALL = (joining, sounding, seeing, resuming, refused, messaging, muting, moderating, departing)
