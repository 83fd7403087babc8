"""`make bench-peers`: Hubbub and LiveKit on this machine, one after the other, by the same clients.

    python -m benchmarks.peers                    # everything, kept in benchmarks/results/
    python -m benchmarks.peers --only loads       # or figures
    python -m benchmarks.peers --system hubbub    # or livekit; nothing is kept

Loads are our load generator's (`benchmarks.media`), each on a fresh server; figures are the unmodified Python SDK's, whose log
goes to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from livekit import rtc

from benchmarks.measure import machine
from benchmarks.media import SHAPES, build, generate
from benchmarks.peers import figures
from benchmarks.peers.systems import VERSION, System, built, hubbub, livekit
from benchmarks.peers.table import table

Fresh = Callable[[], AbstractAsyncContextManager[System]]
RESULTS = Path(__file__).parents[1] / "results"


async def loads(systems: dict[str, Fresh], seconds: int) -> dict[str, Any]:
    """Each shape on one system after the other, so that what else the machine does meets both."""
    rows: dict[str, Any] = {name: {} for name in systems}
    for shape, options in SHAPES.items():
        for name, fresh in systems.items():
            async with fresh() as system:
                row = await asyncio.to_thread(generate, system.target, *options, "--seconds", str(seconds))
            rows[name][shape] = row
            print(f"{name} {shape}: {json.dumps(row)}", flush=True)
    return rows


async def experience(systems: dict[str, Fresh]) -> dict[str, figures.Samples]:
    """Likewise; all run, but only one is asked at a time."""
    samples: dict[str, figures.Samples] = {name: {} for name in systems}
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(fresh()) for fresh in systems.values()]
        for figure in figures.ALL:
            for system in running:
                samples[system.name].update(await _tried(figure, system))
    return samples


async def _tried(figure: Callable[[System], Awaitable[figures.Samples]], system: System) -> figures.Samples:
    """Nothing if it fails, which is told: the other figures are worth having."""
    began = time.monotonic()
    try:
        found = await figure(system)
    except (AssertionError, TimeoutError, RuntimeError, rtc.ConnectError) as fault:
        print(f"{system.name} {figure.__name__}: {fault!r}", flush=True)
        return {}
    print(f"{system.name} {figure.__name__} ({time.monotonic() - began:.0f} s): {json.dumps(found)}", flush=True)
    return found


async def run(options: argparse.Namespace) -> None:
    systems: dict[str, Fresh] = {}
    if options.system != "livekit":
        systems["hubbub"] = hubbub
    if options.system != "hubbub":
        systems["livekit"] = partial(livekit, await asyncio.to_thread(built))
    report: dict[str, Any] = {"machine": machine(), "peer": f"LiveKit {VERSION}", "loads": {}, "figures": {}}
    if options.only != "figures":
        await asyncio.to_thread(build)
        report["loads"] = await loads(systems, options.seconds)
    if options.only != "loads":
        report["figures"] = await experience(systems)
    print(table(report))
    if not options.only and len(systems) == 2:
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        path = RESULTS / f"{day}-{platform.node()}-beside-livekit.json"
        path.write_text(json.dumps(report, indent=1) + "\n")
        print(f"kept in {path}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.peers")
    parser.add_argument("--only", choices=("loads", "figures"))
    parser.add_argument("--system", choices=("hubbub", "livekit"))
    parser.add_argument("--seconds", type=int, default=6, help="length of each load's window")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
