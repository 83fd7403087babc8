"""Gateway frames on a real socket: each is answered or the socket closed with one of its codes, and others notice nothing.

One instance serves all of it, so that what one broken client leaves behind would meet the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from tests.fuzz.mutation import SECONDS, mutated
from tests.protocols.websocket.gateway_place import Place, event, op, place, send

__all__ = ("place",)
CODES = {1000, 1007, 1009, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4012, 4020, 4021, 4022}


def frames(place: Place) -> list[bytes]:
    room, server, token = str(place.room), str(place.server), f"{place.ann.id}:1"
    said = (
        {"op": 1, "d": 1},
        {"op": 2, "d": {"token": token, "client": "fuzz", "capabilities": ["a"]}},
        {"op": 3, "d": {"status": "idle", "custom_status": "x"}},
        {"op": 4, "d": {"self_mute": True, "self_deaf": False}},
        {"op": 6, "d": {"token": token, "session_id": "1", "seq": 3}},
        {"op": 8, "d": {"server_id": server, "ranges": [[0, 99]]}},
        {"op": 8, "d": {"server_id": server, "query": "a", "ids": ["1"]}},
        *(
            {"op": 20, "d": {"id": "1", "name": name, "data": data}}
            for name, data in (
                ("message.send", {"channel_id": room, "content": "hi", "nonce": "n"}),
                ("messages.page", {"channel_id": room, "before": "9", "limit": 5}),
                ("typing", {"channel_id": room}),
                ("read", {"channel_id": room, "message_id": "1"}),
            )
        ),
    )
    return [json.dumps(each).encode() for each in said]


async def test_broken_frames_hurt_nobody_else(place: Place) -> None:
    """The damage is Hypothesis's, drawn before: its examples cannot share a running server."""
    until = time.monotonic() + SECONDS
    seed = 0 if not SECONDS else random.randrange(1 << 30)
    async with place.identified() as bystander:
        while seed < 1 or time.monotonic() < until:
            for batch in drawn(frames(place), seed):
                await one(place, batch)
            seed += 1
        await send(bystander, 1, None)
        assert await op(bystander, 11) == {"op": 11}


def drawn(valid: list[bytes], seed: int) -> list[list[bytes]]:
    found: list[list[bytes]] = []

    @settings(max_examples=60, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(mutated(valid), min_size=1, max_size=8))
    def draw(batch: list[bytes]) -> None:
        found.append(batch)

    hypothesis.seed(seed)(draw)()
    return found


async def one(place: Place, batch: list[bytes]) -> None:
    user = place.world.user("fuzz")  # one of their own: sessions of one person are limited
    place.world.join(place.server, user)
    async with place.socket() as ws:
        await send(ws, 2, {"token": f"{user.id}:1", "client": "fuzz"})
        await event(ws, "READY")
        with contextlib.suppress(ConnectionClosed):
            for message in batch:
                await ws.send(message.decode("utf-8", "replace"))
            await ws.send('{"op":99}')  # no such op: the end, if nothing was before
            while True:
                await asyncio.wait_for(ws.recv(), 10)
        assert ws.close_code in CODES, (ws.close_code, ws.close_reason, batch)
