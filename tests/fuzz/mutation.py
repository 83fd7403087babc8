"""Valid messages, damaged: what parsers see from broken and from hostile clients."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st

SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))  # of each target, by `make fuzz`
PIECES = (
    b"",
    b"\x00",
    b"\xff" * 5,
    b"\x80" * 10 + b"\x01",
    b'"',
    b"null",
    b"[" * 200,
    b"-1",
    b"1e999",
    b"\xed\xa0\x80",
)


def budget(examples: int) -> settings:
    """So many examples, always the same ones; under `make fuzz` ten times as many, and others each time."""
    many = SECONDS > 0
    return settings(max_examples=examples * 10 if many else examples, derandomize=not many, deadline=None)


def mutated(valid: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of them, or two spliced, with up to six bits, bytes or pieces changed."""
    changes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1 << 16), st.integers(0, 1 << 16)), max_size=6)
    return st.builds(_damage, st.sampled_from(valid), st.sampled_from(valid), changes)


def _damage(message: bytes, other: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    for kind, where, what in changes:
        at = where % (len(message) + 1)
        end = at + what % 16
        match kind:
            case 0 if at < len(message):
                message = message[:at] + bytes((message[at] ^ (1 << what % 8),)) + message[at + 1 :]
            case 1:
                message = message[:at] + PIECES[what % len(PIECES)] + message[end:]
            case 2:
                message = message[:at] + message[end:]
            case 3:
                message = message[:end] + message[at:end] * (what % 5) + message[end:]
            case _:
                message = message[:at] + other[what % (len(other) + 1) :]
    return message
