"""`make bench-peers`: Hubbub and LiveKit on this machine, one after the other, by the same clients.

    python -m benchmarks.peers                    # everything, kept in benchmarks/results/
    python -m benchmarks.peers --only loads       # or figures
    python -m benchmarks.peers --system hubbub    # or livekit; nothing is kept

Loads are our load generator's (`benchmarks.media`), each on a fresh server; figures are the unmodified Python SDK's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from benchmarks.media import SHAPES, build, generate
from benchmarks.peers import figures
from benchmarks.peers.systems import VERSION, System, built, hubbub, livekit
from benchmarks.peers.table import table

Fresh = Callable[[], AbstractAsyncContextManager[System]]
RESULTS = Path(__file__).parents[1] / "results"


async def loads(fresh: Fresh, seconds: int) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for shape, options in SHAPES.items():
        async with fresh() as system:
            rows[shape] = await asyncio.to_thread(generate, system.target, *options, "--seconds", str(seconds))
        print(f"{system.name} {shape}: {json.dumps(rows[shape])}", flush=True)
    return rows


async def experience(fresh: Fresh) -> figures.Samples:
    samples: figures.Samples = {}
    async with fresh() as system:
        for figure in figures.ALL:
            began = time.monotonic()
            try:
                found = await figure(system)
            except (AssertionError, TimeoutError, RuntimeError) as fault:
                print(f"{system.name} {figure.__name__}: {fault!r}", flush=True)
                continue
            print(
                f"{system.name} {figure.__name__} ({time.monotonic() - began:.0f} s): {json.dumps(found)}", flush=True
            )
            samples.update(found)
    return samples


async def run(options: argparse.Namespace) -> None:
    systems: dict[str, Fresh] = {}
    if options.system != "livekit":
        systems["hubbub"] = hubbub
    if options.system != "hubbub":
        systems["livekit"] = partial(livekit, await asyncio.to_thread(built))
    if options.only != "figures":
        await asyncio.to_thread(build)
    report: dict[str, Any] = {"machine": machine(), "peer": f"LiveKit {VERSION}", "loads": {}, "figures": {}}
    for name, fresh in systems.items():
        if options.only != "figures":
            report["loads"][name] = await loads(fresh, options.seconds)
        if options.only != "loads":
            report["figures"][name] = await experience(fresh)
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
