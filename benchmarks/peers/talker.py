"""A client that talks until it is killed: `python -m benchmarks.peers.talker URL TOKEN`."""

from __future__ import annotations

import asyncio
import sys

from tests.protocols.livekit.test_sdk_python import Tone

from benchmarks.peers.sdk import joined
from benchmarks.peers.systems import Seat


async def talk(seat: Seat) -> None:
    async with joined(seat) as room, Tone(room):
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(talk(Seat(*sys.argv[1:3])))
