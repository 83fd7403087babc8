"""The cache port: values that may be lost, shared by all processes. Nothing here is the only copy of anything that matters.

Keys are short ASCII text with colons (`presence:user:42`). Values are bytes up to 1 MiB. Expiry is in seconds and
exact to one second. Every verb may raise Unavailable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Claim(NamedTuple):
    """Who holds a key, and since which change of holders (rising, not contiguous)."""

    holder: bytes
    epoch: int


class Cache(Protocol):
    async def get(self, keys: Sequence[str]) -> list[bytes | None]: ...

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        """Set the value and its expiry."""
        ...

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Set only if absent, atomically; False if somebody was first."""
        ...

    async def delete(self, *keys: str) -> None: ...

    async def claim(self, key: str, holder: bytes, ttl: float) -> Claim:
        """Hold `key` for `ttl` seconds, atomically: if nobody does, or (again, longer) if `holder` does already.
        Returns who holds it now. `epoch` rises each time that the holder becomes another: who acts for the holder
        sends it along, and whoever has seen a higher one refuses (fencing)."""
        ...

    async def holder(self, key: str) -> Claim | None:
        """Who holds it; None when nobody does."""
        ...

    async def release(self, key: str, claim: Claim) -> bool:
        """Give up what was claimed; False when it is not held (any more) by that holder since that epoch: a release that
        comes late takes nothing from a later claim."""
        ...

    async def put_hash(self, key: str, fields: Mapping[str, bytes], ttl: float) -> None:
        """Set these fields of a hash (others stay) and the expiry of the whole."""
        ...

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[str, bytes]]:
        """All fields of each, in the order of the keys; empty when there is none. In one round trip."""
        ...

    async def score(self, key: str, member: str, score: float, ttl: float) -> None:
        """Put `member` into a sorted set (typing indicators, leaderboards) and set the expiry of the whole."""
        ...

    async def range(self, key: str, low: float, high: float, limit: int) -> list[tuple[str, float]]:
        """Members with low <= score <= high, lowest first; those below `low` are dropped for good."""
        ...

    async def take(self, key: str, per_second: float, burst: float, cost: float) -> float:
        """Token bucket: take `cost` tokens and return 0, or take none and return the seconds until they would be there."""
        ...

    async def close(self) -> None: ...
