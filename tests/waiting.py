"""Waiting for a condition with a deadline, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def until(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Poll until it is true; say what was waited for if it never is."""
    end = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 15.0) -> Any:
    """The same for what has to be asked for."""
    end = time.monotonic() + seconds
    while True:
        if value := await condition():
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)
