"""Hostile and broken clients of the gateway: each is refused in words or closed with the code that says why."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hubbub.protocols.websocket import adapter
from tests.protocols.websocket.gateway_place import Place, command, op, send
from tests.protocols.websocket.websocket_serving import close_code


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("nothing.here", {}, "request.invalid"),
        ("message.send", {"channel_id": "404", "content": "x"}, "channel.not_found"),
        ("message.send", {"channel_id": "9999999999999999999", "content": "x"}, "channel.not_found"),
        ("message.send", {"channel_id": 5, "content": "x"}, "request.invalid"),
        ("message.send", {"channel_id": "-1", "content": "x"}, "request.invalid"),
        ("message.send", {"channel_id": "1", "content": "x", "more": 1}, "request.invalid"),
        ("message.send", {"channel_id": "1"}, "request.invalid"),
        ("message.send", [], "request.invalid"),
        ("message.send", None, "request.invalid"),
        ("message.edit", {"message_id": "1", "content": "x"}, "message.not_found"),
        ("message.delete", {"message_id": "1"}, "internal"),
        ("messages.page", {"channel_id": "1", "limit": 101}, "request.invalid"),
        ("messages.page", {"channel_id": "1", "limit": 10**30}, "request.invalid"),
        ("messages.page", {"channel_id": "1", "before": "1", "after": "2"}, "request.invalid"),
        ("read", {"channel_id": "404", "message_id": "1"}, "channel.not_found"),
        ("typing", {"channel_id": "404"}, "channel.not_found"),
    ],
)
async def test_commands_are_refused_in_words(place: Place, name: str, data: Any, code: str) -> None:
    async with place.identified() as ws:
        reply = await command(ws, name, data)
        assert reply["problem"]["code"] == code
        assert "data" not in reply
        assert "Traceback" not in json.dumps(reply)


async def test_over_the_limit(place: Place) -> None:
    async with place.identified() as ws:
        place.limits.closed.add("typing")
        assert "problem" not in await command(ws, "typing", {"channel_id": str(place.room)})
        place.limits.closed.add("message")
        limited = await command(ws, "message.send", {"channel_id": str(place.room), "content": "x"})
        assert (limited["problem"]["status"], limited["problem"]["retry_after"]) == (429, 2.5)
        place.limits.closed.add("command")
        assert (await command(ws, "typing", {"channel_id": str(place.room)}))["problem"]["code"] == "rate.limited"
        await send(ws, 3, {"status": "idle"})
        assert await close_code(ws) == 4008
    place.limits.closed.add("connect")
    refused = (await place.served.refusal("/gateway")).response
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")


BEFORE = [
    ("not json", 4002),
    ("", 4002),
    ("[]", 4002),
    ("{}", 4002),
    ("null", 4002),
    ('{"op":1,"d":null,"s":1}', 4002),
    ('{"op":"1"}', 4002),
    ('{"op":1.5}', 4002),
    ('{"op":true}', 4002),
    ('{"op":1' + "0" * 5000 + "}", 4002),
    ('{"op":2,"d":{"token":5}}', 4002),
    ('{"op":2,"d":{"token":"x","more":1}}', 4002),
    ('{"op":2,"d":null}', 4002),
    ('{"op":2}', 4002),
    ('{"op":2,"d":' + "[" * 30_000 + "]" * 30_000 + "}", 4002),
    ('{"op":2,"d":{"token":"\\ud800"}}', (4002, 4004)),
    ('{"op":99}', 4001),
    ('{"op":0}', 4001),
    ('{"op":-1}', 4001),
    ('{"op":3,"d":{"status":"idle"}}', 4003),
    ('{"op":20,"d":{}}', 4003),
    ('{"op":2,"d":{"token":"wrong"}}', 4004),
    ('{"op":6,"d":{"token":"wrong","session_id":"x","seq":1}}', 4004),
    ('{"op":6,"d":{"token":"1:1","session_id":"x","seq":-1}}', 4007),
    (b"binary", 4002),
    (b'{"op":1}', 4002),
    ("x" * 70_000, 1009),
]


@pytest.mark.parametrize(("frame", "code"), BEFORE)
async def test_hostile_before_identify(place: Place, frame: str | bytes, code: int | tuple[int, ...]) -> None:
    async with place.socket() as ws:
        await ws.send(frame)
        assert await close_code(ws) in (code if isinstance(code, tuple) else (code,))
    assert place.gateway.health.sessions == 0


AFTER = [
    ('{"op":2,"d":{"token":"1001:1"}}', 4005),
    ('{"op":6,"d":{"token":"1001:1","session_id":"x","seq":1}}', 4005),
    ('{"op":1,"d":1000000}', 4007),
    ('{"op":1,"d":-1}', 4007),
    ('{"op":1,"d":' + "9" * 4000 + "}", 4007),
    ('{"op":1,"d":"x"}', 4002),
    ('{"op":20,"d":{"id":"x","name":"typing"}}', 4002),
    ('{"op":20,"d":{"id":9007199254740993,"name":"typing","data":{}}}', 4002),
    ('{"op":20,"d":{"id":%s,"name":"typing","data":{}}}' % ("9" * 400), 4002),
    ('{"op":20,"d":{"id":"%s","name":"typing","data":{}}}' % ("x" * 65), 4002),
    ('{"op":8,"d":{"server_id":"1"}}', 4002),
    ('{"op":8,"d":{"server_id":"1","query":"a","ids":["1"]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[5,1]]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[-1,1]]}}', 4002),
    ('{"op":8,"d":{"server_id":"1","ranges":[[0,99999999999]]}}', 4002),
    ('{"op":4,"d":{"self_mute":1,"self_deaf":false}}', 4002),
    ('{"op":3,"d":{"status":"away"}}', 4002),
]


@pytest.mark.parametrize(("frame", "code"), AFTER)
async def test_hostile_after_identify(place: Place, frame: str, code: int) -> None:
    async with place.identified() as ws:
        await ws.send(frame)
        assert await close_code(ws) == code


async def test_other_versions_and_floods(place: Place) -> None:
    async with place.socket("/gateway?v=2") as ws:
        assert await close_code(ws) == 4012
    async with place.socket() as ws:
        for _ in range(adapter.FRAMES + 1):
            await ws.send('{"op":1}')
        assert await close_code(ws) == 4008
    async with place.identified() as ws:
        place.world.gate = asyncio.Event()
        ws.transport.pause_reading()
        typing = json.dumps({"op": 20, "d": {"id": 1, "name": "typing", "data": {"channel_id": "1"}}})
        for _ in range(300):
            await ws.send(typing)
        ws.transport.resume_reading()
        await close_code(ws)


@pytest.mark.parametrize("place", [0.01], indirect=True)
async def test_the_bound_of_frames_is_scaled(place: Place) -> None:
    async with place.socket() as ws:
        for _ in range(round(adapter.FRAMES * 0.01) + 1):
            await ws.send('{"op":1}')
        assert await close_code(ws) == 4008


@pytest.mark.parametrize("place", [0.0], indirect=True)
async def test_scale_0_is_no_bound(place: Place) -> None:
    async with place.socket() as ws:
        for _ in range(adapter.FRAMES + 1):
            await ws.send('{"op":1}')
            await op(ws, 11)
