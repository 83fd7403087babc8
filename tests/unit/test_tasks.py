"""A task that swallows a cancellation ends all the same."""

from __future__ import annotations

import asyncio

import pytest

from hubbub.infra import tasks


async def test_a_swallowed_cancellation_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN", 0.01)
    begun, swallowed = asyncio.Event(), 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                begun.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    task = asyncio.create_task(stubborn())
    await begun.wait()
    async with asyncio.timeout(5):
        await tasks.end(task)
    assert task.cancelled()
    await tasks.end(task)
