"""The services apart: webhooks come in at a gateway, and the voice service is in another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livekit_server.conftest import LiveKit
from tests.protocols.livekit.test_sdk_python import Tone, ears
from tests.scenarios.apart import Apart
from tests.scenarios.test_sdk_with_ticket import lounge, sit
from tests.scenarios.test_write_and_read import two
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.process import running
from tests.waiting import until


@pytest.fixture
def place(
    program: Path, tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> Iterator[Apart]:
    place = Apart(tmp_path, postgres_server, nats_server, redis_server)
    livekit = LiveKit(program, f"{place.url}/api/media/livekit/webhook")
    for part in place.parts.values():
        part.settings |= livekit.settings
    with running(livekit), running(place):
        yield place


async def test_two_talk_and_one_is_put_out(place: Apart) -> None:
    owner, guest, server = await two(place)
    async with owner.gateway() as gateway:
        first, second = await sit(owner, lounge(server)), await sit(guest, lounge(server))
        async with ears(first) as ear, Tone(second):
            await until(ear.hears_tone, "the owner hears the guest")
        await owner.call("PATCH", f"/api/servers/{server['id']}/voice/{guest.id}", {"channel_id": None})
        await until(lambda: not second.isconnected(), "the guest is out")
        gateway.events.clear()
        await first.disconnect()
        await gateway.wait("VOICE_STATE_UPDATE", lambda d: d["user_id"] == owner.id and d["channel_id"] is None)
