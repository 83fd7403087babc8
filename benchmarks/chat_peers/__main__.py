"""`make bench-chat-peers`: the same fan-out work on Hubbub, ejabberd, Prosody and Synapse, on this machine, one after the
other. `python -m benchmarks.chat_peers FOLDER [SERVER …]`; FOLDER is what `fetch` filled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.chat_peers import servers
from benchmarks.chat_peers.servers import Running
from benchmarks.chat_peers.talk import Peer
from benchmarks.chat_peers.work import Task
from benchmarks.measure import TICK, machine

ROOT = Path(__file__).parents[2]
DELIVER = {2: (20, 5.0), 20: (20, 5.0), 100: (20, 5.0), 1000: (5, 8.0)}  # receivers: (texts a second, seconds)
SENDERS, READERS = 32, 2
IDLE, STORM = 10_000, 1_000
MOST = {"synapse": 20, "prosody": 100}  # receivers; more are not ready in PATIENCE
PATIENCE = 60.0
Start = Callable[[], AbstractAsyncContextManager[Running]]


def starts(fetched: Path) -> dict[str, Start]:
    root, python = fetched / "root", fetched / "synapse/bin/python"
    return {
        "hubbub": servers.hubbub,
        "ejabberd_archive": _fresh(lambda folder: servers.ejabberd(root, folder, True)),
        "ejabberd": _fresh(lambda folder: servers.ejabberd(root, folder, False)),
        "prosody": _fresh(lambda folder: servers.prosody(root, folder)),
        "synapse": _fresh(lambda folder: servers.synapse(python, folder)),
    }


def _fresh(start: Callable[[Path], AbstractAsyncContextManager[Running]]) -> Start:
    @contextlib.asynccontextmanager
    async def started() -> AsyncIterator[Running]:
        with tempfile.TemporaryDirectory(prefix="bench-peer-") as folder:
            async with start(Path(folder)) as running:
                yield running

    return started


async def measured(name: str, start: Start) -> dict[str, Any]:
    found: dict[str, Any] = {}
    slow = name == "synapse"
    async with start() as running:
        await asyncio.sleep(2)
        found["cold_start_s"] = round(running.cold_start_s, 2)
        found["idle_rss_mb"] = round(_rss_kb(running.pid) / 1024, 1)
    works = [
        *(_deliver(count) for count in DELIVER if count <= MOST.get(name, count)),
        ("rate", {"work": "rate", "count": SENDERS + READERS, "senders": SENDERS}),
        ("storm", {"work": "storm", "count": 100 if slow else STORM}),
        ("idle", {"work": "idle", "count": 500 if slow else IDLE}),
    ]
    for label, work in works:
        people = 200 if label == "idle" and name == "hubbub" else 0
        began = servers.hubbub(people) if people else start()
        try:
            async with began as running:
                found[label] = await _one(running, **work)
        except (OSError, RuntimeError, TimeoutError, AssertionError) as error:
            found[label] = {"failed": f"{type(error).__name__}: {str(error)[-300:]}"}
        print(f"{name} {label}: {json.dumps(found[label])}", flush=True)
    return found


def _deliver(count: int) -> tuple[str, dict[str, Any]]:
    per_second, seconds = DELIVER[count]
    return f"deliver_{count}", {"work": "deliver", "count": count + 1, "per_second": per_second, "seconds": seconds}


async def _one(running: Running, work: str, count: int, **more: Any) -> dict[str, Any]:
    room = "" if work == "idle" and running.kind == "xmpp" else running.room
    peer = Peer(kind=running.kind, host="127.0.0.1", port=running.port, room=room, patience=PATIENCE)
    task = Task(work=work, peer=peer, accounts=running.accounts(count), **more)
    load = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.chat_peers.work",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=ROOT,
        limit=1 << 20,
    )
    assert load.stdin is not None
    assert load.stdout is not None
    assert load.stderr is not None
    memory = _rss_kb(running.pid)
    load.stdin.write(msgspec.json.encode(task) + b"\n")
    try:
        async with asyncio.timeout(3 * PATIENCE):
            if await load.stdout.readline() != b"ready\n":
                raise RuntimeError((await load.stderr.read()).decode())
            await asyncio.sleep(1)
            grown, cpu = _rss_kb(running.pid) - memory, _cpu(running.pid)
            load.stdin.write(b"go\n")
            answer = await load.stdout.readline()
            if not answer:
                raise RuntimeError((await load.stderr.read()).decode())
        found: dict[str, Any] = json.loads(answer)
        spent = _cpu(running.pid) - cpu
    finally:
        if load.returncode is None:
            load.kill()
        await load.wait()
    if work == "idle":
        found["kb_per_connection"] = round(grown / found["connections"], 1)
    elif work == "rate":
        found["server_cpu_us_per_message"] = round(spent / found["messages"] * 1e6)
    elif work == "deliver":
        found["server_cpu_us_per_frame"] = round(spent / found["heard"] * 1e6, 1)
    else:
        found["server_cpu_ms_per_return"] = round(spent / found["connections"] * 1e3, 2)
    return found


def _rss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def main(fetched: Path, chosen: list[str]) -> None:
    known = starts(fetched)
    found: dict[str, Any] = {"machine": {**machine(), "load_average": os.getloadavg()}}
    for name in chosen or known:
        found[name] = await measured(name, known[name])
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    path = ROOT / "benchmarks/results" / f"{day}-{platform.node()}-chat-peers.json"
    if chosen and path.exists():
        found = {**json.loads(path.read_text()), **found}
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"kept in {path}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
