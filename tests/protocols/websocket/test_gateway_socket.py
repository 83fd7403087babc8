"""The native gateway on a real socket: every op, and how a connection ends."""

from __future__ import annotations

import asyncio
import gc
import json
import zlib
from typing import Any

import pytest

from hubbub.protocols.websocket import packed, watch
from hubbub.protocols.websocket.adapter import Adapter
from hubbub.protocols.websocket.http_head import BoundedHttp
from hubbub.protocols.websocket.socket import GatewaySocket
from tests.protocols.websocket.gateway_place import Place, command, event, op, receive, send
from tests.protocols.websocket.websocket_serving import close_code


async def test_identify_talk_and_say_goodbye(place: Place) -> None:
    async with place.identified() as ws:
        await send(ws, 1, 1)
        assert (await op(ws, 11)) == {"op": 11}
        reply = await command(ws, "message.send", {"channel_id": str(place.room), "content": "hi", "nonce": "n"})
        created = await event(ws, "MESSAGE_CREATE")
        assert created["d"]["message"] == reply["data"]
        assert ("command", next(iter(place.gateway._subscriptions.sessions))) in place.limits.taken  # pyright: ignore[reportPrivateUsage]
        assert ("message", str(place.ann.id)) in place.limits.taken
        page = await command(ws, "messages.page", {"channel_id": str(place.room)}, id=7)
        assert [each["content"] for each in page["data"]] == ["hi"]
        read = await command(ws, "read", {"channel_id": str(place.room), "message_id": reply["data"]["id"]})
        assert read["data"]["last_message_id"] == reply["data"]["id"]
        assert (await command(ws, "typing", {"channel_id": str(place.room)}))["id"] == "1"
    await asyncio.sleep(0.01)
    assert place.gateway.health.sessions == 0


async def test_a_lost_connection_is_resumed(place: Place) -> None:
    async with place.identified() as ws:
        ready = await event(ws, "PRESENCE_UPDATE")
        ws.transport.abort()
    token, id = f"{place.ann.id}:1", next(iter(place.gateway._subscriptions.sessions))  # pyright: ignore[reportPrivateUsage]
    place.world.say(place.room, place.ann, "missed")
    async with place.socket() as ws:
        await send(ws, 6, {"token": token, "session_id": id, "seq": ready["s"]})
        assert (await receive(ws))["d"]["message"]["content"] == "missed"
        assert (await receive(ws)) == {"op": 0, "s": ready["s"] + 2, "t": "RESUMED", "d": {"replayed": 1}}
        await ws.close(1001)
    async with place.socket() as ws:
        await send(ws, 6, {"token": token, "session_id": id, "seq": ready["s"]})
        assert (await receive(ws))["op"] == 9
        await send(ws, 2, {"token": token})  # on the same socket
        assert (await receive(ws))["t"] == "READY"


async def test_a_socket_that_is_gone_leaves_nothing_to_the_collector(place: Place) -> None:
    """Rings of cycles wait for a full collection, which among a process' own objects comes after thousands of sockets."""

    def kept() -> int:
        return sum(type(each) in (GatewaySocket, Adapter, BoundedHttp) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            async with place.identified():
                assert kept() > 0
            async with place.socket() as ws:
                ws.transport.abort()
        for _ in range(500):
            if not kept():
                break
            await asyncio.sleep(0.01)
        assert not kept()
    finally:
        gc.enable()


async def test_status_voice_and_members(place: Place) -> None:
    async with place.identified() as ws:
        await send(ws, 3, {"status": "dnd", "custom_status": "busy"})
        while (await event(ws, "PRESENCE_UPDATE"))["d"]["status"] != "dnd":
            pass
        await send(ws, 4, {"self_mute": True, "self_deaf": False})  # in no room: goes unsaid
        await send(ws, 8, {"server_id": str(place.server), "ranges": [[0, 99]], "nonce": "x"})
        chunk = (await event(ws, "MEMBERS_CHUNK"))["d"]
        assert (chunk["total"], chunk["nonce"], len(chunk["members"])) == (1, "x", 1)


async def test_revoked_and_restarting(place: Place) -> None:
    async with place.identified() as ws:
        place.world.revoke(place.ann, 1)
        assert await close_code(ws) == 4021
    async with place.identified() as ws:
        place.gateway.drain()
        assert await op(ws, 7) == {"op": 7, "d": None}


async def test_long_frames_are_packed_for_whoever_unpacks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FROM", 300)
    async with place.socket() as ws:
        await send(ws, 2, {"token": f"{place.ann.id}:1", "capabilities": ["deflate", "unheard of"]})
        ready = json.loads(zlib.decompress(await asyncio.wait_for(ws.recv(decode=False), 5)))
        assert (ready["op"], ready["s"], ready["t"]) == (0, 1, "READY")
        await send(
            ws, 20, {"id": 1, "name": "message.send", "data": {"channel_id": str(place.room), "content": "y" * 400}}
        )
        events, reply = dict[str, Any](), None
        while "MESSAGE_CREATE" not in events or reply is None:
            came = await asyncio.wait_for(ws.recv(), 5)
            if isinstance(came, bytes):
                reply = json.loads(zlib.decompress(came))
            else:  # events are shared by all: never packed
                event_frame = json.loads(came)
                events[event_frame["t"]] = event_frame["d"]
        assert reply["op"] == 21
        assert reply["d"]["data"] == events["MESSAGE_CREATE"]["message"]
        await send(ws, 20, {"id": 2, "name": "read", "data": {"channel_id": "1", "message_id": "1"}})
        assert isinstance(await asyncio.wait_for(ws.recv(), 5), str)  # short


async def test_foreign_servers_have_no_members(place: Place) -> None:
    stranger = place.world.user("eve")
    async with place.identified(stranger) as ws:
        await send(ws, 8, {"server_id": str(place.server), "query": ""})
        assert (await event(ws, "MEMBERS_CHUNK"))["d"]["total"] == 0


async def test_silence_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY", 0.01)
    async with place.socket() as quiet:
        place.clock.seconds += 10.1
        assert await close_code(quiet) == 4003
    async with place.identified() as ws:
        place.clock.seconds += 61
        await send(ws, 1, None)
        await op(ws, 11)
        place.clock.seconds += 62
        assert await close_code(ws) == 4009
    assert place.gateway.health.sessions == 1  # to be resumed


async def test_lost_events_ask_to_identify_again(place: Place) -> None:
    async with place.identified() as ws:
        place.world.say(place.room, place.ann, "1")
        await event(ws, "MESSAGE_CREATE")
        place.world.losing = True
        place.world.say(place.room, place.ann, "2")
        place.world.losing = False
        place.world.forgotten.add(f"channel:{place.room}")
        place.world.say(place.room, place.ann, "3")
        assert (await op(ws, 9))["d"]["reason"]
        await send(ws, 20, {"id": 1, "name": "typing", "data": {}})
        assert await close_code(ws) == 4003
