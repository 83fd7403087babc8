"""`make bench`: every figure of the README, printed and kept in benchmarks/results/."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import chat, media, network, page, process
from benchmarks.measure import machine

FIGURES: dict[str, Callable[[], Any]] = {
    "rest": process.rest,
    "deliver_2": lambda: asyncio.run(chat.deliver(2)),
    "deliver_20": lambda: asyncio.run(chat.deliver(20)),
    "deliver_100": lambda: asyncio.run(chat.deliver(100)),
    "durable_1000": lambda: asyncio.run(chat.durable(1000)),
    "durable_2000": lambda: asyncio.run(chat.durable(2000)),
    "commands_1000": lambda: asyncio.run(chat.commands(1_000)),
    "commands_4000": lambda: asyncio.run(chat.commands(4_000)),
    "commands_10000": lambda: asyncio.run(chat.commands(10_000)),
    "loop_lag": lambda: asyncio.run(chat.loop_lag()),
    "connections": lambda: asyncio.run(chat.connections()),
    "page": page.weights,
    "media": lambda: media.media(),
    "room_switch": lambda: asyncio.run(page.room_switch()),
    "network": lambda: asyncio.run(network.network()),
}


def main(chosen: list[str]) -> None:
    found: dict[str, Any] = {"machine": machine()}
    for name in chosen or FIGURES:
        found[name] = FIGURES[name]()
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    if not chosen:
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        path = Path(__file__).parent / "results" / f"{day}-{platform.node()}.json"
        path.write_text(json.dumps(found, indent=1) + "\n")
        print(f"kept in {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
