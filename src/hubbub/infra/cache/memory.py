"""The cache inside one process: bounded by bytes, least recently used goes first, expiry exact. What has expired is also
gone from memory, at the next write after it.

Limits and leases have rooms of their own, so that a flood of values cannot make anybody's token bucket forgotten.
A verb used on a key of another kind is a programming error and raises TypeError.
"""

from __future__ import annotations

import bisect
import heapq
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from hubbub.clock import Clock
from hubbub.infra.cache.base import Claim

VALUES_BYTES = 64 * 1024 * 1024
BUCKETS_BYTES = 16 * 1024 * 1024
LARGEST = 1 << 20  # bytes of one value
ENTRY_BYTES = 350  # what an entry costs beside its key and value, roughly
_AT_ONCE = 16  # expired entries that one write drops: more than one, or they would never get fewer
_SLACK = 64  # ends of entries that are gone already
MEMBER_BYTES = 120  # the same for a field of a hash or a member of a sorted set


class MemoryCache:
    def __init__(self, clock: Clock, values_bytes: int = VALUES_BYTES, buckets_bytes: int = BUCKETS_BYTES) -> None:
        self._clock = clock
        self._values: _Room[_Value] = _Room(clock, values_bytes)
        self._buckets: _Room[_Bucket] = _Room(clock, buckets_bytes)
        self._leases: _Room[Claim] = _Room(clock, buckets_bytes)
        self._epoch = 0

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._plain(key) for key in keys]

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        _check(key, value, ttl)
        self._values.put(key, value, len(value), ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        _check(key, value, ttl)
        if self._values.get(key) is not None:
            return False
        self._values.put(key, value, len(value), ttl)
        return True

    async def delete(self, *keys: str) -> None:
        for key in keys:
            self._values.drop(key)

    async def claim(self, key: str, holder: bytes, ttl: float) -> Claim:
        _check(key, holder, ttl)
        held = self._leases.get(key)
        if held is None or held.holder == holder:
            if held is None:
                self._epoch = max(self._epoch + 1, self._clock.now_ms() * 1000)
                held = Claim(holder, self._epoch)
            self._leases.put(key, held, len(holder), ttl)
        return held

    async def holder(self, key: str) -> Claim | None:
        return self._leases.get(key)

    async def release(self, key: str, claim: Claim) -> bool:
        if self._leases.get(key) != claim:
            return False
        self._leases.drop(key)
        return True

    async def put_hash(self, key: str, fields: Mapping[str, bytes], ttl: float) -> None:
        for value in fields.values():
            _check(key, value, ttl)
        found = self._hash(key)
        if not fields and not found:
            return
        found |= fields
        self._values.put(key, found, sum(len(n) + len(v) + MEMBER_BYTES for n, v in found.items()), ttl)

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[str, bytes]]:
        return [dict(self._hash(key)) for key in keys]

    async def score(self, key: str, member: str, score: float, ttl: float) -> None:
        _check(key, b"", ttl)
        if math.isnan(score):
            raise ValueError("a score that is not a number has no order")
        found = self._set(key) or _Scores()
        found.put(member, score)
        self._values.put(key, found, found.size, ttl)

    async def range(self, key: str, low: float, high: float, limit: int) -> list[tuple[str, float]]:
        found = self._set(key)
        if found is None:
            return []
        found.drop_below(low)
        self._values.resize(key, found.size)
        return found.up_to(high, limit)

    async def take(self, key: str, per_second: float, burst: float, cost: float) -> float:
        if not (per_second > 0 and 0 <= cost <= burst):
            raise ValueError(f"a bucket of {burst} filled by {per_second} per second never holds {cost}")
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        level = burst if bucket is None else min(burst, bucket.level + (now - bucket.at) * per_second)
        missing = cost - level
        if missing > 1e-9:  # floats: one token taken back after exactly its time must not fail by a rounding error
            return missing / per_second
        level -= cost
        self._buckets.put(key, _Bucket(level, now), 0, (burst - level) / per_second)  # full again: as good as none
        return 0.0

    @property
    def held(self) -> int:
        """Entries and ends of entries that are held, expired ones too."""
        return sum(room.held for room in (self._values, self._buckets, self._leases))

    async def close(self) -> None:
        self._values.clear()
        self._buckets.clear()
        self._leases.clear()

    def _plain(self, key: str) -> bytes | None:
        found = self._values.get(key)
        if isinstance(found, bytes | None):
            return found
        raise TypeError(f"{key} is not a plain value")

    def _hash(self, key: str) -> dict[str, bytes]:
        found = self._values.get(key)
        if found is None:
            return {}
        if isinstance(found, dict):
            return found
        raise TypeError(f"{key} is not a hash")

    def _set(self, key: str) -> _Scores | None:
        found = self._values.get(key)
        if isinstance(found, _Scores | None):
            return found
        raise TypeError(f"{key} is not a sorted set")


class _Bucket:
    __slots__ = ("at", "level")

    def __init__(self, level: float, at: float) -> None:
        self.level = level
        self.at = at


class _Scores:
    """A sorted set: members once each, in order of (score, member)."""

    def __init__(self) -> None:
        self._of: dict[str, float] = {}
        self._order: list[tuple[float, str]] = []
        self.size = 0

    def put(self, member: str, score: float) -> None:
        old = self._of.get(member)
        if old is not None:
            del self._order[bisect.bisect_left(self._order, (old, member))]
        else:
            self.size += len(member) + MEMBER_BYTES
        self._of[member] = score
        bisect.insort(self._order, (score, member))

    def drop_below(self, low: float) -> None:
        end = bisect.bisect_left(self._order, (low, ""))
        for _, member in self._order[:end]:
            del self._of[member]
            self.size -= len(member) + MEMBER_BYTES
        del self._order[:end]

    def up_to(self, high: float, limit: int) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        for score, member in self._order[: max(0, limit)]:
            if score > high:
                break
            found.append((member, score))
        return found


_Value = bytes | dict[str, bytes] | _Scores
V = TypeVar("V")


class _Room(Generic[V]):
    """Entries with an end and a size, the least recently used first; together never over the bound."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[str, tuple[V, int, float]] = OrderedDict()
        self._ends: list[tuple[float, str]] = []  # heap; each key of `_entries` is in it, once
        self._listed: set[str] = set()  # the keys in `_ends`
        self.bytes = 0

    @property
    def held(self) -> int:
        return max(len(self._entries), len(self._ends))

    def get(self, key: str) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock.monotonic() >= entry[2]:
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: str, value: V, size: int, ttl: float) -> None:
        self.drop(key)
        size += len(key) + ENTRY_BYTES
        if size > self._most:
            return  # it would push out everything else and not fit even then
        now = self._clock.monotonic()
        self._drop_expired(now)
        self._entries[key] = value, size, now + ttl
        self._list(key, now + ttl)
        self.bytes += size
        while self.bytes > self._most:
            self.drop(next(iter(self._entries)))

    def resize(self, key: str, size: int) -> None:
        value, old, ends = self._entries[key]
        size += len(key) + ENTRY_BYTES
        self._entries[key] = value, size, ends
        self.bytes += size - old

    def drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry[1]

    def clear(self) -> None:
        self._entries.clear()
        self._ends.clear()
        self._listed.clear()
        self.bytes = 0

    def _list(self, key: str, ends: float) -> None:
        """An end that is put off is found to be so when its first time comes: a key is listed once. One that is moved
        forward expires exactly all the same (`get`), and leaves memory at the time that it had before."""
        if key not in self._listed:
            self._listed.add(key)
            heapq.heappush(self._ends, (ends, key))

    def _drop_expired(self, now: float) -> None:
        for _ in range(_AT_ONCE):
            if not self._ends or self._ends[0][0] > now:
                break
            _, key = heapq.heappop(self._ends)
            self._listed.discard(key)
            if (entry := self._entries.get(key)) is None:
                continue
            if entry[2] <= now:
                self.drop(key)
            else:
                self._list(key, entry[2])
        if len(self._ends) > 2 * len(self._entries) + _SLACK:  # dropped by hand or pushed out, long before their ends
            self._ends = [(entry[2], key) for key, entry in self._entries.items()]
            self._listed = set(self._entries)
            heapq.heapify(self._ends)


def _check(key: str, value: bytes, ttl: float) -> None:
    if not key or not key.isascii() or len(value) > LARGEST or ttl <= 0:
        raise ValueError(f"{key!r}: {len(value)} bytes for {ttl} s")
