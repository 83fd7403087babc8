"""The load, a process of its own. Reads a `Task` as one line of JSON, prepares, prints "ready", waits for a line, does
the work, prints what it found, holds everything until another line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import uvloop

from benchmarks.chat_peers.gateway import GatewayTalker
from benchmarks.chat_peers.matrix import MatrixTalker
from benchmarks.chat_peers.talk import Account, Heard, Peer, Talker
from benchmarks.chat_peers.xmpp import XmppTalker
from benchmarks.measure import percentile

KINDS: dict[str, Callable[[Peer, Account, Heard], Talker]] = {
    "gateway": GatewayTalker,
    "xmpp": XmppTalker,
    "matrix": MatrixTalker,
}
AT_ONCE = 25  # connections being opened
WINDOW = 4  # texts of one sender that it has not heard back
TEXT = "x" * 90


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts`: one for each connection; the first `senders` of them also speak."""

    work: str
    peer: Peer
    accounts: list[Account]
    senders: int = 1
    per_second: float = 20
    seconds: float = 5


async def opened(task: Task, heard: Heard, accounts: list[Account]) -> list[Talker]:
    talkers = [KINDS[task.peer.kind](task.peer, each, heard) for each in accounts]
    for start in range(0, len(talkers), AT_ONCE):
        await asyncio.gather(*(each.open() for each in talkers[start : start + AT_ONCE]))
    return talkers


async def deliver(task: Task) -> Any:
    """From just before a text is sent until each of the others has it."""
    said: dict[bytes, float] = {}
    delays: list[float] = []
    count = round(task.per_second * task.seconds)
    expected, whole = count * (len(task.accounts) - 1), asyncio.Event()

    def heard(text: bytes) -> None:
        delays.append(time.perf_counter() - said[text])
        if len(delays) == expected:
            whole.set()

    own: list[bytes] = []
    (sender,) = await opened(task, own.append, task.accounts[:1])
    others = await opened(task, heard, task.accounts[1:])
    await go()
    planned = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0, planned - time.perf_counter()))
        text = f"{number:06d}{TEXT}"
        said[text.encode()] = time.perf_counter()
        sender.say(text)
        planned += 1 / task.per_second
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(whole.wait(), task.peer.patience)
    return {
        "heard": len(delays),
        "expected": expected,
        "p50_ms": round(percentile(delays, 0.5) * 1000, 2),
        "p99_ms": round(percentile(delays, 0.99) * 1000, 2),
        "still_open": not any(each.closed for each in (sender, *others)),
    }


class Closed:
    """A sender that keeps WINDOW texts under way."""

    def __init__(self, number: int) -> None:
        self.mark = b"%04d" % number
        self.talker: Talker
        self.heard = 0

    def text(self, text: bytes) -> None:
        if text.startswith(self.mark):
            self.heard += 1
            if self.running:
                self.talker.say(self.mark.decode() + TEXT)

    running = True


async def rate(task: Task) -> Any:
    """Senders in one room, each with WINDOW texts under way; a text counts when its sender has heard it. Everybody in the
    room gets all of them."""
    senders = [Closed(number) for number in range(task.senders)]
    total = 0

    def listened(_: bytes) -> None:
        nonlocal total
        total += 1

    for sender, account in zip(senders, task.accounts, strict=False):
        (sender.talker,) = await opened(task, sender.text, [account])
    readers = await opened(task, listened, task.accounts[task.senders :])
    await go()
    began = time.perf_counter()
    for sender in senders:
        for _ in range(WINDOW):
            sender.talker.say(sender.mark.decode() + TEXT)
    await asyncio.sleep(task.seconds)
    Closed.running = False
    count, took = sum(each.heard for each in senders), time.perf_counter() - began
    await asyncio.sleep(0.5)
    assert not any(each.closed for each in (*readers, *(each.talker for each in senders)))
    return {"messages": count, "per_second": round(count / took), "in_room": len(task.accounts)}


async def idle(task: Task) -> Any:
    began = time.perf_counter()
    talkers = await opened(task, lambda _: None, task.accounts)
    took = time.perf_counter() - began
    await go()
    return {"connections": len(talkers) - sum(each.closed for each in talkers), "opened_in_s": round(took, 1)}


async def storm(task: Task) -> Any:
    """Everybody is cut off and comes back at once, with a new session."""
    talkers = await opened(task, lambda _: None, task.accounts)
    await go()
    for each in talkers:
        each.cut()
    await asyncio.sleep(0.5)
    again = [KINDS[task.peer.kind](task.peer, each, lambda _: None) for each in task.accounts]
    began, times = time.perf_counter(), list[float]()

    async def back(talker: Talker) -> None:
        await talker.open()
        times.append(time.perf_counter() - began)

    await asyncio.gather(*map(back, again))
    return {
        "connections": len(times),
        "half_ready_s": round(percentile(times, 0.5), 2),
        "all_ready_s": round(max(times), 2),
    }


async def go() -> None:
    print("ready", flush=True)
    await line()


async def line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


WORKS: dict[str, Callable[[Task], Coroutine[Any, Any, Any]]] = {
    "deliver": deliver,
    "rate": rate,
    "idle": idle,
    "storm": storm,
}


async def main() -> None:
    task = msgspec.json.decode(sys.stdin.readline(), type=Task)
    print(json.dumps(await WORKS[task.work](task)), flush=True)
    await line()


if __name__ == "__main__":
    uvloop.run(main())
