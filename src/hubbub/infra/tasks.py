"""Ending what runs in the background."""

from __future__ import annotations

import asyncio

AGAIN = 0.5  # seconds


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel and wait. A library inside a task may swallow one cancellation (its own timeout came in the same moment),
    so it is said again until the task has ended."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
