"""Whether a table is the same on both sides: both are read after the copy, side by side, in order of the key."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator

import msgspec

from hubbub.migrate.tables import Row, Shape

_canonical = msgspec.msgpack.Encoder().encode  # tells NULL, numbers, text and bytes apart, and has one form of each


class Side:
    """What was read of one side."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()

    def take(self, row: Row) -> bytes:
        written = _canonical(row)
        self.rows += 1
        self._hash.update(written)
        return written

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class Comparison:
    """`difference`: the first one in words, "" when there is none."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.source, self.target = Side(), Side()
        self.difference = ""

    @property
    def same(self) -> bool:
        return self.source.rows == self.target.rows and self.source.sha256 == self.target.sha256

    def differs(self, here: Row | None, there: Row | None) -> None:
        shape = self.shape
        if self.difference:
            return
        if there is None or (here is not None and shape.key_of(here) < shape.key_of(there)):
            self.difference = f"{shape.named(here or ())} is not in PostgreSQL"
        elif here is None or shape.key_of(there) < shape.key_of(here):
            self.difference = f"{shape.named(there)} is only in PostgreSQL"
        else:
            other = [name for name, a, b in zip(shape.columns, here, there, strict=True) if a != b]
            self.difference = f"{shape.named(here)} differs in {', '.join(other) or 'form'}"


async def compare(shape: Shape, here: Iterator[Row], there: AsyncIterator[Row]) -> Comparison:
    """Reads both to their ends, a row of each at a time."""
    found = Comparison(shape)
    while True:
        mine, theirs = next(here, None), await anext(there, None)
        if mine is None and theirs is None:
            return found
        left = found.source.take(mine) if mine is not None else b""
        right = found.target.take(theirs) if theirs is not None else b""
        if left != right:
            found.differs(mine, theirs)
