"""Senders over the gateway at a planned rate, two readers that must get everything: the load side, a process of its own.

Reads one JSON object from standard input (`Plan`) and prints one (`Found`). Each sender writes into a room that only it
and the readers see, so that the figure is of messages and not of frames.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from typing import Any

import msgspec
import uvloop

from benchmarks.gateway_line import DISPATCH, REPLY, Line
from benchmarks.measure import percentile

_ID = len(b'{"op":21,"d":{"id":')
OUTSTANDING = 48  # commands of one sender without an answer; the server bears 64, then it closes the socket
DRAIN = 30.0  # seconds after the last send in which everything must have come


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`senders`: (token, channel) each; `readers`: tokens. Both come in at `port` and `other_ports` by turns."""

    host: str
    port: int
    other_ports: list[int] = []
    senders: list[tuple[str, str]]
    readers: list[str]
    per_second: int
    seconds: float
    outstanding: int = OUTSTANDING


class Sender:
    """Keeps to its plan unless so many answers are missing; a late answer counts from the planned time."""

    def __init__(self, channel: str, delays: list[float], outstanding: int) -> None:
        self._outstanding = outstanding
        self._data = b'{"channel_id":"%b","content":"%b"}' % (channel.encode(), b"x" * 100)
        self._planned: dict[int, float] = {}
        self._delays = delays
        self.refused = 0
        self.sent = 0
        self._room = asyncio.Event()
        self.line: Line

    def frame(self, payload: bytes) -> None:
        if not payload.startswith(REPLY):
            return
        now = time.perf_counter()
        id = int(payload[_ID : payload.index(b",", _ID)])
        self._delays.append(now - self._planned.pop(id))
        self._room.set()
        if b'"problem"' in payload[:60]:
            self.refused += 1

    async def keep(self, planned: float, every: float, until: float) -> None:
        while planned < until and time.perf_counter() < until:  # what is not sent by then is not sent
            if (wait := planned - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            while len(self._planned) >= self._outstanding:
                self._room.clear()
                await self._room.wait()
            if self.line.closed:
                return
            self.sent += 1
            self._planned[self.sent] = planned
            self.line.command(self.sent, b"message.send", self._data)
            planned += every

    @property
    def waiting(self) -> int:
        return len(self._planned)


class Reader:
    def __init__(self) -> None:
        self.got = 0

    def frame(self, payload: bytes) -> None:
        if payload.startswith(DISPATCH) and b'"t":"MESSAGE_CREATE"' in payload[:60]:
            self.got += 1


async def flood(plan: Plan) -> dict[str, Any]:
    delays: list[float] = []
    ports = itertools.cycle([plan.port, *plan.other_ports])
    senders = [Sender(channel, delays, plan.outstanding) for _, channel in plan.senders]
    for (token, _), sender in zip(plan.senders, senders, strict=True):
        sender.line = await Line.open(plan.host, next(ports), token, sender.frame)
    readers = [Reader() for _ in plan.readers]
    for token, reader in zip(plan.readers, readers, strict=True):
        await Line.open(plan.host, next(ports), token, reader.frame)
    print("ready", flush=True)
    sys.stdin.readline()
    begun, cpu = time.perf_counter(), time.process_time()
    every = len(senders) / plan.per_second
    await asyncio.gather(
        *(each.keep(begun + at / plan.per_second, every, begun + plan.seconds) for at, each in enumerate(senders))
    )
    sent = sum(each.sent for each in senders)
    while any(each.waiting for each in senders) or any(each.got < sent for each in readers):
        if time.perf_counter() > begun + plan.seconds + DRAIN:
            break
        await asyncio.sleep(0.01)
    took = time.perf_counter() - begun
    return {
        "sent": sent,
        "acknowledged": len(delays),
        "refused": sum(each.refused for each in senders),
        "read": [each.got for each in readers],
        "took": took,
        "p50_ms": round(percentile(delays, 0.5) * 1000, 1),
        "p99_ms": round(percentile(delays, 0.99) * 1000, 1),
        "client_cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(flood(msgspec.json.decode(sys.stdin.readline(), type=Plan)))))
