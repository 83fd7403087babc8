"""`make soak`: people talk, lose their lines, come back, look back and sit down in voice rooms, for an hour or as long as
one likes (`python -m benchmarks.chat_soak MINUTES`, at least 8). Every minute: what the server holds. Fails when it grows.

Flat means: after the warm-up, memory rises by less than 0.1 MB a minute (the slope of the line that lies best among the
samples: one that is higher or lower by chance does not decide), and no descriptor or session is kept. The warm-up is for
what is bounded and fills at first: the caches of SQLite, and what is kept for those who may resume, 2 minutes. The
database grows with what was written, which is told too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.scenarios.place import Gateway, Person, Place

from benchmarks.measure import cpu_seconds, instance, machine, resident_mb

PEOPLE = 12
TALK = 0.5  # seconds between two messages of one person
CUT = 3.0  # seconds until one line is cut
BEAT = 20.0
LOOK_BACK = 4.0
SIT = 2.0
RENEW = 1_200.0  # an access token lives for an hour
WARM_UP = 3  # minutes
MEMORIES = 1_100
SHORTEST = 8
STEEPEST = 0.1  # MB a minute
RESULTS = Path(__file__).parent / "results"


class Crowd:
    """Everybody, and what they have done so far."""

    def __init__(self, people: list[Person], lines: list[Gateway], text: str, voice: str) -> None:
        self.people = people
        self.lines = lines
        self.text = text
        self.voice = voice
        self.sent = self.read = self.resumed = self.joined = 0
        self._random = random.Random(1)

    async def talk(self, at: int) -> None:
        line, number = self.lines[at], f"{at}-{self.sent}-{time.monotonic_ns()}"
        reply = await line.command("message.send", {"channel_id": self.text, "content": "x" * 200, "nonce": number})
        assert "problem" not in reply, reply
        self.sent += 1
        line.events.clear()
        line.replies.clear()

    async def cut(self) -> None:
        """A line that resumes; of five, one that begins anew."""
        at = self._random.randrange(len(self.lines) // 2, len(self.lines))  # these only listen
        old = self.lines[at]
        await old.cut()
        if self._random.random() < 0.8:
            self.lines[at] = await old.resume()
            self.resumed += 1
        else:
            self.lines[at] = await Gateway.open(old.place, old.token)
        self.lines[at].events.clear()

    async def beat(self) -> None:
        """What a client says it has handled, which empties its ring."""
        for line in self.lines:
            if line.closed is None:
                await line.send(1, line.seq)

    async def look_back(self) -> None:
        """Through five pages: in order, without a repetition."""
        person, seen = self._random.choice(self.people), list[int]()
        for _ in range(5):
            page = await person.history(self.text, limit=50, **({"before": seen[-1]} if seen else {}))
            seen += [int(each["id"]) for each in page]
        assert seen == sorted(set(seen), reverse=True)
        self.read += len(seen)

    async def fill_caches(self) -> None:
        """Those that remember the newest questions, 1,024 of each kind: an hour's worth of looking back."""
        for number in range(1, MEMORIES):
            assert await self.people[0].history(self.text, limit=1, before=number) == []

    async def sit(self) -> None:
        person = self._random.choice(self.people)
        await person.call("POST", f"/api/channels/{self.voice}/voice/join", {})
        self.joined += 1
        await person.http.delete("/api/voice")

    async def renew(self) -> None:
        """As clients do before their access token ends. Lines bring the new one when they come back."""
        for at, person in enumerate(self.people):
            spent = {"refresh_token": person.tokens["refresh_token"]}
            person.tokens |= await person.call("POST", "/api/auth/refresh", spent)
            self.lines[at].token = person.tokens["access_token"]
            person.http.headers["Authorization"] = f"Bearer {self.lines[at].token}"


async def keep(every: float, until: float, work: Callable[[], Awaitable[None]]) -> None:
    while time.monotonic() < until:
        began = time.monotonic()
        await work()
        await asyncio.sleep(max(0, every - (time.monotonic() - began)))


async def watch(place: Place, crowd: Crowd, until: float, rows: list[dict[str, Any]]) -> None:
    cpu = cpu_seconds(place)
    while time.monotonic() < until:
        await asyncio.sleep(60)
        spent, cpu = cpu_seconds(place) - cpu, cpu_seconds(place)
        rows.append({**await held(place, crowd), "cpu_percent": round(spent / 60 * 100, 1)})
        print(json.dumps(rows[-1]), flush=True)


async def held(place: Place, crowd: Crowd) -> dict[str, Any]:
    assert place.process is not None
    counters = (await crowd.people[0].http.get("/health")).json()["counters"]
    files = await asyncio.to_thread(
        lambda: [each.stat().st_size for each in (place.folder / "data").glob("hubbub.db*")]
    )
    opened = await asyncio.to_thread(lambda: len(list(Path(f"/proc/{place.process.pid}/fd").iterdir())))  # pyright: ignore[reportOptionalMemberAccess]
    return {
        "sent": crowd.sent,
        "resumed": crowd.resumed,
        "read_back": crowd.read,
        "voice_joins": crowd.joined,
        "rss_mb": round(resident_mb(place), 1),
        "fds": opened,
        "gateway_sessions": counters["gateway.sessions"],
        "lag_p99_ms": counters["loop.p99_us"] / 1000,
        "lag_worst_ms": counters["loop.worst_us"] / 1000,
        "database_mb": round(sum(files) / 1e6, 1),
    }


def slope(values: Sequence[float]) -> float:
    """Per sample: the median of the slopes between any two of them (Theil and Sen's estimator)."""
    pairs = combinations(enumerate(values), 2)
    return statistics.median((b - a) / (later - earlier) for (earlier, a), (later, b) in pairs)


def growth(rows: Sequence[dict[str, Any]]) -> tuple[float, list[str]]:
    """MB a minute after the warm-up, and in words what is not flat."""
    warm = rows[WARM_UP:]
    found: list[str] = []
    rises = round(slope([each["rss_mb"] for each in warm]), 3)
    if rises > STEEPEST:
        found.append(f"memory rises by {rises} MB a minute")
    half = len(warm) // 2
    for name in ("fds", "gateway_sessions"):
        low, high = (max(each[name] for each in part) for part in (warm[:half], warm[-half:]))
        if high > low + 5:
            found.append(f"{name} rose from {low} to {high}")
    return rises, found


async def soak(minutes: float) -> dict[str, Any]:
    with instance() as place:
        owner = await place.owner()
        server = await owner.make_server()
        text, voice = (
            next(each["id"] for each in server["channels"] if each["type"] == kind) for kind in ("text", "voice")
        )
        invite = await owner.invite_to(server["id"])
        people = [owner, *[await place.guest(f"guest{number}", invite) for number in range(PEOPLE - 1)]]
        lines = [await Gateway.open(place, each.tokens["access_token"]) for each in people]
        crowd, rows = Crowd(people, lines, text, voice), list[dict[str, Any]]()
        await crowd.fill_caches()
        until = time.monotonic() + minutes * 60
        async with asyncio.TaskGroup() as group:
            for at in range(PEOPLE // 2):
                group.create_task(keep(TALK, until, lambda at=at: crowd.talk(at)))
            group.create_task(keep(BEAT, until, crowd.beat))
            group.create_task(keep(CUT, until, crowd.cut))
            group.create_task(keep(LOOK_BACK, until, crowd.look_back))
            group.create_task(keep(SIT, until, crowd.sit))
            group.create_task(keep(RENEW, until, crowd.renew))
            group.create_task(watch(place, crowd, until, rows))
        for each in crowd.lines:
            with contextlib.suppress(OSError):
                await each.close()
    rises, not_flat = growth(rows)
    return {"minutes": minutes, "rows": rows, "rises_mb_per_minute": rises, "not_flat": not_flat}


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    if minutes < SHORTEST:
        raise SystemExit(f"at least {SHORTEST} minutes, or nothing can be said of what comes after the warm-up")
    found = {"machine": machine(), **asyncio.run(soak(minutes))}
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-{platform.node()}-soak.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"memory rises by {found['rises_mb_per_minute']} MB a minute after {WARM_UP}; kept in {path}")
    if found["not_flat"]:
        raise SystemExit("; ".join(found["not_flat"]))


if __name__ == "__main__":
    main()
