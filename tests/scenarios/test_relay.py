"""A relay that the operator named is told to whoever joins a call, and to nobody else."""

from __future__ import annotations

from pathlib import Path

import httpx
from livekit.protocol import rtc
from websockets.asyncio.client import connect

from tests.scenarios.place import Place
from tests.scenarios.test_start import hubbub

RELAY = {
    "TURN_URL": "turn:relay.example:3478?transport=udp,turns:relay.example:5349",
    "TURN_USERNAME": "hubbub",
    "TURN_PASSWORD": "the word for the relay",
}


async def test_who_joins_is_told_the_relay(tmp_path: Path) -> None:
    place = Place(tmp_path, **RELAY)
    place.start()
    try:
        owner = await place.owner()
        server = await owner.make_server()
        room = next(each["id"] for each in server["channels"] if each["type"] == "voice")
        ticket = await owner.call("POST", f"/api/channels/{room}/voice/join", {})
        bearer = {"Authorization": f"Bearer {ticket['token']}"}
        async with connect(f"{ticket['url']}/rtc", additional_headers=bearer, proxy=None) as socket:
            joined = rtc.SignalResponse.FromString(await socket.recv()).join
        (relay,) = joined.ice_servers
        assert list(relay.urls) == RELAY["TURN_URL"].split(",")
        assert (relay.username, relay.credential) == ("hubbub", RELAY["TURN_PASSWORD"])
        async with httpx.AsyncClient(base_url=place.url) as http:
            for path in ("/api/instance", "/health", "/metrics"):
                assert RELAY["TURN_PASSWORD"] not in (await http.get(path)).text
        await owner.close()
    finally:
        assert place.stop() == 0
    assert RELAY["TURN_PASSWORD"] not in place.log.read_text()
    assert RELAY["TURN_PASSWORD"] not in hubbub(tmp_path, "config", **RELAY).stdout


def test_what_is_no_relay_is_refused(tmp_path: Path) -> None:
    ended = hubbub(tmp_path, "run", TURN_URL="relay.example:3478")
    assert ended.returncode == 2
    assert "turn:" in ended.stderr
