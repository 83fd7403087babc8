"""Snowflakes: 41 bits of milliseconds since 2015, 10 bits of worker, 12 bits of counter.

Ids of one worker rise strictly. They travel as decimal strings on every wire: JSON numbers lose bits past 2^53.
"""

from __future__ import annotations

from hubbub.clock import Clock

EPOCH_MS = 1_420_070_400_000
MAX_ID = (1 << 63) - 1
_WORKERS = 1 << 10
_COUNTERS = 1 << 12


class Snowflakes:
    """The ids of one process. Worker 0 when everything is in one process; leased through the cache port when apart."""

    def __init__(self, worker: int, clock: Clock) -> None:
        if not 0 <= worker < _WORKERS:
            raise ValueError(f"worker must be 0..{_WORKERS - 1}, not {worker}")
        self._worker = worker << 12
        self._clock = clock
        self._last = 0  # (ms << 12) | counter of the newest id; carries into the next millisecond when exhausted

    def next(self) -> int:
        """A new id. If the clock was set back, ids go on from the last one: they never repeat and never fall."""
        fresh = (self._clock.now_ms() - EPOCH_MS) << 12
        self._last = fresh if fresh > self._last else self._last + 1
        ms, counter = divmod(self._last, _COUNTERS)
        return ms << 22 | self._worker | counter

    @property
    def shared(self) -> bool:
        """Whether other processes make ids too."""
        return self._worker > 0

    def after(self, other: int) -> int:
        """A new id above `other`, which another worker may have made in the same millisecond, or by a clock ahead."""
        fresh = self.next()
        if fresh > other:
            return fresh
        self._last = ((other >> 22) + 1) * _COUNTERS - 1
        return self.next()


def created_ms(snowflake: int) -> int:
    """When the id was made, in milliseconds since 1970 UTC."""
    return (snowflake >> 22) + EPOCH_MS


def parse_id(text: str) -> int | None:
    """The id in a decimal string, or None when it is not one (signs, spaces, other digits and overflow included)."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and (value := int(text)) <= MAX_ID:
        return value
    return None
