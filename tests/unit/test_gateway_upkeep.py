"""Presence follows sessions: heartbeats while they live, a farewell a moment after they end."""

from __future__ import annotations

from typing import Any, cast

from hubbub.services.auth.api import Principal
from hubbub.services.gateway.api import Encoded
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import Subscriptions
from hubbub.services.gateway.upkeep import Upkeep


class Presences:
    def __init__(self) -> None:
        self.beats: list[tuple[tuple[int, str], ...]] = []
        self.gone: list[str] = []

    async def beat(self, connections: tuple[tuple[int, str], ...]) -> None:
        self.beats.append(connections)

    async def disconnected(self, principal: Principal, connection: str) -> None:
        self.gone.append(connection)


class Sink:
    def write(self, prebuilt: bytes) -> None: ...


async def test_beats_farewells_and_expiry() -> None:
    now, subscriptions, presences = [0.0], Subscriptions(), Presences()
    expired: list[GatewaySession] = []
    upkeep = Upkeep(subscriptions, cast(Any, presences), lambda: now[0], expired.append, lambda: None)
    sink = cast(Any, Sink())
    sessions = [
        GatewaySession(str(number), Principal("person", number, 1), cast(Any, None), sink) for number in range(250)
    ]
    for each in sessions:
        each.begin(Encoded(b"", b""))
        subscriptions.add(each)

    now[0] = 61.0
    await upkeep.step(now[0])
    assert [len(each) for each in presences.beats] == [25] * 10

    sessions[0].detach(sink, now[0])
    subscriptions.remove(sessions[1])
    upkeep.farewell(sessions[1])
    now[0] += 2.9
    await upkeep.step(now[0])
    assert presences.gone == []
    now[0] += 0.2
    await upkeep.step(now[0])
    assert presences.gone == ["1"]

    now[0] = 61.0 + 119.0
    await upkeep.step(now[0])
    assert expired == []
    now[0] += 6.0
    await upkeep.step(now[0])
    assert expired == [sessions[0]]
