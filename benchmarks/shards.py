"""Where servers would live on several databases, and what moves when one is added (docs/operating/shards.md).

`python -m benchmarks.shards`: 10,000 servers, whose messages are spread as those of real communities are (a few have most of
them: Zipf), on 4, 8 and 16 shards. A server belongs to the shard that draws the highest number for it (rendezvous hashing):
no table of places is needed, every process computes the same, and a new shard takes its share from all others and nothing
else moves. `compared` shows what counting modulo the number of shards would do instead.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

SERVERS = 10_000
Place = Callable[[int, int], int]


def place(server_id: int, shards: int) -> int:
    """The shard, 0 and up, of a server."""
    name = server_id.to_bytes(8, "big")
    return max(range(shards), key=lambda shard: blake2b(name, digest_size=8, key=b"shard %d" % shard).digest())


def modulo(server_id: int, shards: int) -> int:
    return (server_id >> 22) % shards  # the milliseconds: lower bits are nearly always 0


def population(count: int = SERVERS, seed: int = 5) -> dict[int, int]:
    """Server id to messages: ids as snowflakes of two years, the n-th largest has 1/n of what the largest has."""
    chance = random.Random(seed)
    ids = [chance.randrange(63_000_000_000) << 22 for _ in range(count)]
    return {id: max(1, 50_000_000 // rank) for rank, id in enumerate(ids, start=1)}


def balance(sizes: dict[int, int], shards: int, by: Place) -> dict[str, float]:
    """The fullest shard over the mean, by servers and by messages; 1.0 is even."""
    servers, messages = [0] * shards, [0] * shards
    for id, size in sizes.items():
        at = by(id, shards)
        servers[at] += 1
        messages[at] += size
    largest = max(sizes.values()) / (sum(messages) / shards)
    return {"servers": _over(servers), "messages": _over(messages), "largest_server": round(largest, 2)}


def moved(sizes: dict[int, int], shards: int, by: Place) -> dict[str, float]:
    """What lives elsewhere once there is one shard more: share of servers, of messages, and of those that move between
    two old shards."""
    pairs = {id: (by(id, shards), by(id, shards + 1)) for id in sizes}
    gone = [id for id, (before, after) in pairs.items() if before != after]
    between = [id for id in gone if pairs[id][1] != shards]
    total = sum(sizes.values())
    return {
        "servers": round(len(gone) / len(sizes), 3),
        "messages": round(sum(sizes[id] for id in gone) / total, 3),
        "between_old": round(len(between) / len(sizes), 3),
    }


def _over(counts: Sequence[int]) -> float:
    return round(max(counts) / (sum(counts) / len(counts)), 2)


def compared() -> dict[str, Any]:
    sizes = population()
    return {
        f"{by.__name__}, {shards} shards": {"balance": balance(sizes, shards, by), "one_more": moved(sizes, shards, by)}
        for by in (place, modulo)
        for shards in (4, 8, 16)
    }


if __name__ == "__main__":
    for name, figures in compared().items():
        print(f"{name}: {json.dumps(figures)}")
