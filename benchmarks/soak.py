"""Media for minutes: rooms fill, talk and empty again and again on one instance, whose memory must not follow.

    python -m benchmarks.soak [MINUTES]

Each round is one minute of 5 rooms with 5 talkers and 10 listeners each, and 200 visits of a few packets; the figure is
the server's memory after each round. The first rounds fill caches and allocators: growth is counted from the second on.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.media import build, fresh, generate

ROUND = ("--rooms", "5", "--publishers", "5", "--subscribers", "10", "--seconds", "60")
VISITS = ("--churn", "200")


def soak(minutes: int = 5) -> dict[str, Any]:
    build()
    memory: list[float] = []
    lost: list[float] = []
    with fresh() as target:
        for number in range(minutes):
            row, visits = generate(target, *ROUND), generate(target, *VISITS)
            memory.append(visits["server_rss_mib"]["after"])
            lost.append(row["loss"])
            told = {"round": number + 1, "rss_mib": memory[-1], "lost": lost[-1], "failed": visits["failed"]}
            print(json.dumps(told), flush=True)
    grown = memory[-1] - memory[min(1, minutes - 1)]
    return {"rounds": minutes, "rss_mib": memory, "grown_mib": round(grown, 2), "worst_loss": max(lost)}


if __name__ == "__main__":
    print(json.dumps(soak(int(sys.argv[1]) if len(sys.argv) > 1 else 5)))
