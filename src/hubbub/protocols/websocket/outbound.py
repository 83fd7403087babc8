"""What the turns of the loop wrote to one socket leaves in one system call.

uvloop sends at each `write` (since 0.22), some 15 us on a virtual machine, most of it the kernel's. A REPLY and the
event of the same commit are written two turns apart, a busy room's events one by one: here they wait for each other.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

SLICE = 64  # sockets per turn of the loop: about 1 ms
PASSED = 2  # turns between the first write and the system call; on an idle loop some microseconds


class Pending(Protocol):
    def flush(self) -> None:
        """Hand over what was written since the last time."""
        ...


class Outbound:
    """All sockets of one process that have something to send, in the order in which they got it."""

    def __init__(self) -> None:
        self._waiting: list[Pending] = []
        self._scheduled = False

    def add(self, pending: Pending) -> None:
        """Once between two calls of its `flush`."""
        self._waiting.append(pending)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pass, PASSED)

    def _pass(self, turns: int) -> None:
        if turns > 1:
            asyncio.get_running_loop().call_soon(self._pass, turns - 1)
        else:
            self._flush()

    def _flush(self) -> None:
        now, self._waiting = self._waiting[:SLICE], self._waiting[SLICE:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._scheduled = False
        for each in now:
            each.flush()
