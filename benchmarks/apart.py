"""The services apart: two gateways, chats of their own, PostgreSQL (fsync on), NATS and Redis, all on this machine.

make bench-apart        everything, about five minutes; kept in benchmarks/results/
.venv/bin/python -m benchmarks.apart NAME …      some
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import platform
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.scenarios.apart import Apart, Groups
from tests.scenarios.place import Place
from tests.servers.engines import Nats, Postgres, Redis

from benchmarks.chat import flooded, people_of, rooms
from benchmarks.flood import Plan
from benchmarks.gateway_line import REPLY, Line
from benchmarks.measure import cpu_of, cpu_seconds, instance, machine, percentile
from hubbub.infra import rpc
from hubbub.infra.bus.nats import NatsBus
from hubbub.services.auth.api import AuthApi

REST = ("auth", "user", "channel", "presence", "voice", "media")
ONE_CHAT: Groups = {"gateway-1": ("gateway",), "gateway-2": ("gateway",), "rest": REST, "chat-1": ("chat",)}
TWO_CHATS: Groups = {**ONE_CHAT, "chat-2": ("chat",)}
LONGEST = 100.0  # seconds of one figure
Figure = dict[str, Any]


@contextmanager
def apart(groups: Groups = TWO_CHATS) -> Iterator[Apart]:
    """A fresh instance on servers of its own."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # servers do not run as root, and must get to their folders
        servers = postgres, nats, redis = Postgres(folder / "postgres"), Nats(), Redis()
        try:
            for each in servers:
                each.start()
            place = Apart(folder, postgres, nats, redis, groups)
            try:
                place.start()
                yield place
            finally:
                place.stop()
        finally:
            for each in servers:
                each.stop()


def ms(values: list[float], share: float) -> float:
    return round(percentile(values, share) * 1000, 2)


# ---- send to deliver, and one call


async def deliver(place: Place, receivers: int, messages: int, per_second: float) -> Figure:
    """From before the gateway command until the event is in each receiver, one message at a time. Receivers are sockets of
    at most 40 accounts, at all entrances by turns."""
    people, channel = _known[place] = _known.get(place) or await people_of(place, 40)
    delays: list[float] = []
    began, left, all_there = 0.0, 0, asyncio.Event()

    def frame(payload: bytes) -> None:
        nonlocal left
        if b'"t":"MESSAGE_CREATE"' in payload[:60]:
            delays.append(time.perf_counter() - began)
            left -= 1
            if not left:
                all_there.set()

    sender = await _line(place, people[0].tokens["access_token"], lambda _: None)
    tokens = [people[1 + at % 40].tokens["access_token"] for at in range(receivers)]
    sockets = [sender]
    for start in range(0, receivers, 20):
        sockets += await asyncio.gather(*(_line(place, token, frame) for token in tokens[start : start + 20]))
    for number in range(messages):
        left, began = receivers, time.perf_counter()
        all_there.clear()
        sender.command(number, b"message.send", b'{"channel_id":"%b","content":"%b"}' % (channel.encode(), b"x" * 100))
        async with asyncio.timeout(30):
            await all_there.wait()
        await asyncio.sleep(max(0, 1 / per_second - (time.perf_counter() - began)))
    for each in sockets:
        each.abort()
    return {"p50_ms": ms(delays, 0.5), "p99_ms": ms(delays, 0.99)}


_known: dict[Place, Any] = {}
LOADS = {2: (600, 20), 100: (240, 20), 1000: (40, 5)}  # receivers: messages, per second


async def _line(place: Place, token: str, frame: Callable[[bytes], None]) -> Line:
    return await Line.open(place.host, int(place.entrance().rpartition(":")[2]), token, frame)


async def delivered_in_one() -> Figure:
    with instance() as place:
        return {str(count): await deliver(place, count, *load) for count, load in LOADS.items()}


async def delivered_apart() -> Figure:
    with apart() as place:
        found = {str(count): await deliver(place, count, *load) for count, load in LOADS.items()}
        return {**found, "call": await call(place)}


async def call(place: Apart, count: int = 2_000) -> Figure:
    """The call that each request makes: is this token good? The answer needs no database."""
    people, _ = _known[place]
    token = people[0].tokens["access_token"]
    bus = await NatsBus.connect(place.nats.url, place.settings["HUBBUB_NAMESPACE"], lambda: None)
    try:
        auth, delays = rpc.remote(AuthApi, bus), list[float]()
        before = cpu_seconds(place.parts["rest"])
        for _ in range(count):
            began = time.perf_counter()
            await auth.authenticate(token)
            delays.append(time.perf_counter() - began)
        spent = cpu_seconds(place.parts["rest"]) - before
        began = time.perf_counter()
        await asyncio.gather(*(_several(auth, token, count // 32) for _ in range(32)))
        took = time.perf_counter() - began
    finally:
        await bus.close()
    return {
        "p50_ms": ms(delays, 0.5),
        "p99_ms": ms(delays, 0.99),
        "answering_cpu_us": round(spent / count * 1e6),
        "per_second_32_at_once": round(count // 32 * 32 / took),
    }


async def _several(auth: AuthApi, token: str, count: int) -> None:
    for _ in range(count):
        await auth.authenticate(token)


# ---- throughput


async def written(groups: Groups, seconds: float = 8, senders: int = 64, outstanding: int = 4) -> Figure:
    """As many as are acknowledged while 64 senders, each in a room of its own, wait for at most 4 answers each; two readers
    get every one. The load is a process of its own."""
    with apart(groups) as place:
        owner, pairs = await rooms(place, senders)
        ports = [each.port for each in place.gateways]
        plan = Plan(
            host=place.host,
            port=ports[0],
            other_ports=ports[1:],
            senders=pairs,
            readers=[owner.tokens["access_token"]] * 2,
            per_second=100_000,
            seconds=seconds,
            outstanding=outstanding,
        )
        before: dict[str, float] = {}
        found = await flooded(plan, lambda: before.update(_spent(place)))
        spent = {name: each - before[name] for name, each in _spent(place).items()}
    return {
        "acknowledged_per_second": round(found["sent"] / found["took"]),
        "cpu_us_per_message": {name: round(each / found["sent"] * 1e6) for name, each in spent.items()},
        "client_cpu_us_per_message": round(found["client_cpu"] / found["sent"] * 1e6),
    }


def _spent(place: Apart) -> dict[str, float]:
    """CPU seconds of each process; PostgreSQL's with all of its children."""
    assert place.postgres.process is not None
    pid = place.postgres.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = {
        name: cpu_seconds(part) for name, part in place.parts.items() if part.process and part.process.poll() is None
    }
    found["postgres"] = 0.0
    for each in (pid, *map(int, children)):
        with contextlib.suppress(FileNotFoundError):  # the other end of its connection died
            found["postgres"] += cpu_of(each)
    return found


# ---- faults


async def storm(count: int = 1_000) -> Figure:
    """A gateway with so many clients of 40 people is killed; all come to the other one by the web client's own rule: after
    0.5 to 1 s, then 1 to 2, 2.5 to 5 …"""
    with apart() as place:
        people, _ = await people_of(place, 40)
        doomed, other = place.gateways
        tokens = [people[1 + at % 40].tokens["access_token"] for at in range(count)]
        lines: list[Line] = []
        for start in range(0, count, 20):
            some = tokens[start : start + 20]
            lines += await asyncio.gather(*(Line.open(doomed.host, doomed.port, t, lambda _: None) for t in some))
        doomed.kill()
        killed, ready, tries = time.perf_counter(), list[float](), 0

        async def come_back(token: str) -> None:
            nonlocal tries
            for step in (1, 2, 5, 10, 20):
                await asyncio.sleep(step * random.uniform(0.5, 1))
                tries += 1
                try:
                    lines.append(await Line.open(other.host, other.port, token, lambda _: None))
                except OSError:
                    continue
                ready.append(time.perf_counter() - killed)
                return

        coming = asyncio.gather(*(come_back(token) for token in tokens))
        await asyncio.sleep(0.3)  # nobody is back yet; connections of the dead one are gone from PostgreSQL
        before = _spent(place)
        await coming
        assert len(ready) == count, f"{count - len(ready)} did not come back"
        spent = {name: each - before[name] for name, each in _spent(place).items()}
        for line in lines:
            line.abort()
    return {
        "clients": count,
        "half_ready_s": round(percentile(ready, 0.5), 2),
        "all_ready_s": round(max(ready), 2),
        "tries": tries,
        "cpu_ms_per_client": {name: round(each / count * 1000, 2) for name, each in spent.items()},
    }


class Steady:
    """A sender that keeps to its plan, and repeats with the same nonce what was refused. `acknowledged`: (when, how late)."""

    def __init__(self, channel: str, name: str) -> None:
        self._channel, self._name = channel, name
        self._answer: asyncio.Future[bytes]
        self.line: Line
        self.acknowledged: list[tuple[float, float]] = []
        self.refused = 0

    def frame(self, payload: bytes) -> None:
        if payload.startswith(REPLY) and not self._answer.done():
            self._answer.set_result(payload[:60])

    async def keep(self, planned: float, every: float, until: float) -> None:
        for number in itertools.count():
            if planned >= until:
                return
            await asyncio.sleep(max(0, planned - time.perf_counter()))
            body = {"channel_id": self._channel, "content": "x" * 100, "nonce": f"{self._name}-{number}"}
            while not await self._sent(number, json.dumps(body).encode()):
                self.refused += 1
                await asyncio.sleep(0.05)
            now = time.perf_counter()
            self.acknowledged.append((now, now - planned))
            planned += every

    async def _sent(self, number: int, body: bytes) -> bool:
        self._answer = asyncio.get_running_loop().create_future()
        self.line.command(number, b"message.send", body)
        async with asyncio.timeout(20):
            return b'"problem"' not in await self._answer


async def restarted(per_second: float = 100, seconds: float = 18, senders: int = 40) -> Figure:
    """One of two chats is stopped (SIGTERM) after 4 s and started again, and killed (SIGKILL) after 11 s and started again,
    while people write."""
    with apart() as place:
        people, channel = await people_of(place, senders)
        steady = [Steady(channel, f"s{at}") for at in range(senders)]
        for each, person in zip(steady, people[1:], strict=True):
            each.line = await _line(place, person.tokens["access_token"], each.frame)
        chat, begun = place.parts["chat-1"], time.perf_counter()

        async def interfere() -> None:
            for at, number in ((4, signal.SIGTERM), (11, signal.SIGKILL)):
                await asyncio.sleep(begun + at - time.perf_counter())
                assert chat.process is not None
                chat.process.send_signal(number)
                await asyncio.to_thread(chat.process.wait)
                await asyncio.to_thread(chat.start)

        every = senders / per_second
        await asyncio.gather(
            interfere(),
            *(each.keep(begun + at / per_second, every, begun + seconds) for at, each in enumerate(steady)),
        )
        all_of_them = [each for sender in steady for each in sender.acknowledged]
        for each in steady:
            each.line.abort()
    return {
        "asked_per_second": per_second,
        "while_stopped": _between(all_of_them, begun + 4, begun + 11),
        "while_killed": _between(all_of_them, begun + 11, begun + seconds),
        "refused_and_repeated": sum(each.refused for each in steady),
    }


def _between(acknowledged: list[tuple[float, float]], low: float, high: float) -> Figure:
    here = [(when, late) for when, late in acknowledged if low <= when < high]
    halves = [
        sum(low + at / 2 <= when < low + (at + 1) / 2 for when, _ in here) * 2 for at in range(int(high - low) * 2)
    ]
    late = [late for _, late in here]
    return {
        "per_second": round(len(here) / (high - low)),
        "worst_half_second": min(halves),
        "p99_ms": ms(late, 0.99),
        "latest_ms": ms(late, 1),
    }


FIGURES: dict[str, Callable[[], Awaitable[Figure]]] = {
    "deliver_in_one": delivered_in_one,
    "deliver_apart": delivered_apart,
    "one_chat": lambda: written(ONE_CHAT),
    "two_chats": lambda: written(TWO_CHATS),
    "storm": storm,
    "restart": restarted,
}


async def take(name: str) -> Figure:
    """A figure that cannot be taken does not keep the others from being."""
    try:
        async with asyncio.timeout(LONGEST):
            return await FIGURES[name]()
    except Exception as error:
        traceback.print_exc()
        return {"failed": repr(error)}


def main(chosen: list[str]) -> int:
    found: Figure = {"machine": machine()}
    for name in chosen or FIGURES:
        found[name] = asyncio.run(take(name))
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    if not chosen:
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        path = Path(__file__).parent / "results" / f"{day}-{platform.node()}-apart.json"
        path.write_text(json.dumps(found, indent=1) + "\n")
        print(f"kept in {path}")
    return int(any("failed" in each for each in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
