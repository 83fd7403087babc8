"""The blob port: whole files under a key, too large for the database, never changed in part.

Keys are paths of `[a-z0-9._-]` segments (`avatars/42/ab12.png`), at most 512 characters, no segment begins with a dot.
Whoever reads sees a blob whole or not at all. What `put` and `create` returned for survives power loss, as far as the
backend's own promise goes. Every verb may raise Unavailable.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Protocol

from hubbub.errors import HubbubError

LONGEST_KEY = 512
_SEGMENT = re.compile(r"[a-z0-9_-][a-z0-9._-]*")


class Absent(HubbubError):
    """There is no blob of that key."""


class Blobs(Protocol):
    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        """Store all of it, in place of what was there, or nothing (if `content` raises, that is raised); its size."""
        ...

    async def create(self, key: str, content: bytes) -> bool:
        """Store it if there is none yet, atomically; False if there is one. For small things."""
        ...

    async def size(self, key: str) -> int | None:
        """In bytes; None when there is none."""
        ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` up to before `end` (at most the size), in pieces. Raises Absent before the first piece."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Those that are there; the others do no harm."""
        ...

    async def list(self, folder: str, after: str, limit: int) -> list[str]:
        """Keys inside the folder ("" for all) and its folders, in the order of their text, above `after`."""
        ...

    async def close(self) -> None: ...


def check_key(key: str) -> None:
    if len(key) > LONGEST_KEY or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise ValueError(f"not the key of a blob: {key!r}")
