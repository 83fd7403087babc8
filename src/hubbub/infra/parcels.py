"""What is too long for one message of the bus: parked where it is, and fetched in parts by whoever it is for.

Instead of the payload travels `"~" + msgpack [place, number, bytes]`. `place` is a subject part of the process that
keeps it; the receiver asks `rpc.parcel.<place>` for each part, with msgpack [number, offset]. A parcel goes when its last
part was given, or after KEPT seconds. Bounded on both sides: a parcel, and all parcels of a process together.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from weakref import WeakKeyDictionary

import msgspec

from hubbub.errors import Unavailable
from hubbub.infra.bus.base import Bus

PART = 512 * 1024  # bytes in one message: half of what every bus takes
LARGEST = 16 * 1024 * 1024  # bytes of one parcel
ROOM = 128 * 1024 * 1024  # bytes of all parcels that wait in this process
KEPT = 10.0  # seconds; a call without a deadline has five
LEAVING = 2.0  # seconds that a process waits at its end for what it has answered to be fetched
AT_ONCE = 4  # parts under way

_SIGN = b"~"
_Label = tuple[str, int, int]  # place, number, bytes
_label = msgspec.msgpack.Decoder(_Label)
_wanted = msgspec.msgpack.Decoder(tuple[int, int])  # number, offset
_encode = msgspec.msgpack.encode


def is_label(payload: bytes) -> bool:
    """Whether the payload is somewhere else. Calls begin with an array, answers with = or !."""
    return payload[:1] == _SIGN


class Parcels:
    """Those of one process on one bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._place = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._kept: dict[int, bytes] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._given: set[int] = set()  # whose last part was asked for
        self._fetched = asyncio.Event()  # set while nothing waits for its last part to be asked for
        self._fetched.set()
        self._waiting = 0
        self._open: asyncio.Task[object] | None = None

    async def park(self, payload: bytes) -> bytes:
        """The label to send instead. Raises Unavailable when too much waits already."""
        if self._waiting + len(payload) > ROOM:
            raise Unavailable(f"{self._waiting:,} bytes of long answers wait to be fetched already")
        number = next(self._numbers)
        self._kept[number] = payload
        self._fetched.clear()
        self._waiting += len(payload)
        self._timers[number] = asyncio.get_running_loop().call_later(KEPT, self._drop, number)
        if self._open is None:
            self._open = asyncio.create_task(self._bus.serve(f"rpc.parcel.{self._place}", self._place, self._give))
        try:
            await asyncio.shield(self._open)
        except BaseException:
            self._open = None if self._open.done() else self._open
            self._drop(number)
            raise
        return _SIGN + _encode((self._place, number, len(payload)))

    async def fetch(self, label: bytes, seconds: float) -> bytes:
        """What a label stands for. Raises Unavailable: it was sent, so something may have been done."""
        try:
            place, number, size = _label.decode(memoryview(label)[1:])
        except msgspec.MsgspecError as error:
            raise Unavailable(f"a parcel's label is not understood: {error}", started=True) from error
        if not 0 <= size <= LARGEST:
            raise Unavailable(f"a parcel of {size:,} bytes is over {LARGEST:,}", started=True)
        turn = asyncio.Semaphore(AT_ONCE)

        async def part(offset: int) -> bytes:
            async with turn:
                return await self._bus.request(f"rpc.parcel.{place}", _encode((number, offset)), seconds)

        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                tasks = [group.create_task(part(offset)) for offset in range(0, size, PART)]
        except (TimeoutError, BaseExceptionGroup) as error:
            raise Unavailable(f"a parcel of {size:,} bytes did not come whole", started=True) from error
        payload = b"".join(task.result() for task in tasks)
        if len(payload) != size:
            raise Unavailable(f"a parcel came with {len(payload):,} of {size:,} bytes", started=True)
        return payload

    async def finish(self) -> None:
        """Wait until what was answered has been fetched, a little while at most. Stop serving first."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._fetched.wait(), LEAVING)

    async def _give(self, request: bytes) -> bytes:
        number, offset = _wanted.decode(request)
        payload = self._kept.get(number, b"")
        part = payload[offset : offset + PART]
        if payload and offset + PART >= len(payload) and number not in self._given:
            self._soon(number)
        return part

    def _soon(self, number: int) -> None:
        """The last part was asked for; those before it are on their way, or are asked for within this second."""
        self._given.add(number)
        self._settle()
        self._timers.pop(number).cancel()
        self._timers[number] = asyncio.get_running_loop().call_later(1.0, self._drop, number)

    def _drop(self, number: int) -> None:
        if timer := self._timers.pop(number, None):
            timer.cancel()
        self._given.discard(number)
        self._waiting -= len(self._kept.pop(number, b""))
        self._settle()

    def _settle(self) -> None:
        if not self._kept.keys() - self._given:
            self._fetched.set()


_of: WeakKeyDictionary[Bus, Parcels] = WeakKeyDictionary()


def parcels(bus: Bus) -> Parcels:
    """Those of this process on that bus."""
    found = _of.get(bus)
    if found is None:
        found = _of[bus] = Parcels(bus)
    return found
