"""Long payloads between processes: whole or not at all, and never more of them than there is room for."""

from __future__ import annotations

import asyncio

import pytest

from hubbub.errors import Unavailable
from hubbub.infra import parcels
from hubbub.infra.bus.memory import MemoryBus
from hubbub.infra.parcels import LARGEST, PART, Parcels, is_label


async def test_a_parcel_is_fetched_whole_and_then_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "ROOM", 4 * PART)
    bus = MemoryBus()
    sender, receiver = Parcels(bus), Parcels(bus)
    payload = bytes(range(256)) * (3 * PART // 256) + b"end"
    label = await sender.park(payload)
    assert is_label(label)
    assert len(label) < 100
    with pytest.raises(Unavailable, match="wait to be fetched"):
        await sender.park(payload)
    assert await receiver.fetch(label, 5) == payload
    async with asyncio.timeout(10):
        while True:
            try:
                assert await receiver.fetch(await sender.park(payload), 5) == payload
                break
            except Unavailable:
                await asyncio.sleep(0.01)
    await bus.close()


async def test_what_nobody_fetches_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "KEPT", 0.05)
    bus = MemoryBus()
    sender, receiver = Parcels(bus), Parcels(bus)
    label = await sender.park(bytes(PART + 1))

    async def until_gone() -> None:
        while True:
            await receiver.fetch(label, 5)

    with pytest.raises(Unavailable, match="0 of 524,289 bytes") as gone:
        await asyncio.wait_for(until_gone(), 10)
    assert gone.value.started, "it was sent, so something may have been done"
    await bus.close()


@pytest.mark.parametrize(
    "label",
    [b"~", b"~nonsense", b"~" + b"\x93\xa4gone\x01\xce\x00\x10\x00\x00", b"~\x93\xa4gone\x01\xd2\xff\xff\xff\xff"],
)
async def test_a_label_that_leads_nowhere_is_unavailable_at_once(label: bytes) -> None:
    bus = MemoryBus()
    with pytest.raises(Unavailable):
        await Parcels(bus).fetch(label, 5)
    await bus.close()


async def test_nobody_is_made_to_fetch_without_end() -> None:
    bus = MemoryBus()
    label = await Parcels(bus).park(bytes(LARGEST + 1))
    with pytest.raises(Unavailable, match="is over"):
        await Parcels(bus).fetch(label, 5)
    await bus.close()


async def test_who_leaves_waits_until_its_answers_are_fetched() -> None:
    bus = MemoryBus()
    sender, receiver = Parcels(bus), Parcels(bus)
    payload = bytes(2 * PART + 1)
    label = await sender.park(payload)
    leaving = asyncio.create_task(sender.finish())
    await asyncio.sleep(0.05)
    assert not leaving.done()
    assert await receiver.fetch(label, 5) == payload
    async with asyncio.timeout(1):  # less than it would wait for somebody who never comes
        await leaving
    await bus.close()
