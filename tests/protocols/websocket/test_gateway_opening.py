"""Sessions of a crowd are opened by turns: who waits has cost nothing yet, and is told in time to come again."""

from __future__ import annotations

import asyncio

import pytest

from hubbub.errors import Unavailable
from hubbub.services.gateway import opening
from tests.protocols.websocket.gateway_client import hub, settle


async def test_a_crowd_is_opened_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 2)
    monkeypatch.setattr(opening, "TURN_WITHIN", 0.05)
    async with hub() as h:
        people = [h.world.user(name) for name in ("ann", "bob", "cid")]
        h.world.server("Home", *people)
        h.world.gate = asyncio.Event()
        first = [asyncio.create_task(h.open(person)) for person in people[:2]]
        await settle()
        with pytest.raises(Unavailable) as refused:
            await h.open(people[2])
        assert not refused.value.started
        assert h.gateway.health.sessions == 2
        h.world.gate.set()
        await asyncio.gather(*first)
        late = await h.open(people[2])
        assert late.names()[0] == "READY"
        assert h.gateway.health.sessions == 3
