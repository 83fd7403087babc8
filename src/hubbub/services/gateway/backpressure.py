"""What happens to events that cannot leave yet: kept for a client that is away or not ready, within bounds.

Sockets that are too slow are no business of this file: the kernel buffers 1 MiB, then their connection closes (4020)
and they are clients that are away.
"""

from __future__ import annotations

from hubbub.services.gateway.api import RESUMABLE_SECONDS
from hubbub.services.gateway.dispatch import Batch, Dispatch

REPLAY_EVENTS = 2_000
REPLAY_BYTES = 1 << 20
HELD_EVENTS = 10_000
_TRIM = 64  # taken away at once when full: a list moves all of its rest for each cut at the front


class ReplayRing:
    """The newest events of a session, as long as its client has not acknowledged them.

    Invariant: holds exactly the events with sequences `last - len + 1` … `last`, without a hole. A list and not a
    deque: an empty deque holds 600 bytes, and most rings are empty most of the time."""

    __slots__ = ("_bytes", "_events", "last")

    def __init__(self) -> None:
        self._events: list[Dispatch] = []
        self._bytes = 0
        self.last = 0  # sequence of the newest event of the session, kept or not

    def __len__(self) -> int:
        return len(self._events)

    def extend(self, events: list[Dispatch]) -> None:
        self.last += len(events)
        self._events += events
        for each in events:
            self._bytes += each.size
        while len(self._events) > REPLAY_EVENTS or self._bytes > REPLAY_BYTES:
            self._drop(min(_TRIM, len(self._events)))

    def skip(self) -> int:
        """A sequence for an event that is never replayed (READY). Nothing older can be replayed either."""
        self._drop(len(self._events))
        self.last += 1
        return self.last

    def acknowledge(self, sequence: int) -> None:
        """Drop what the client has handled; `sequence` is not above `last`."""
        if (done := len(self._events) - (self.last - sequence)) > 0:
            self._drop(done)

    def forget_old(self, now: float) -> None:
        oldest = now - RESUMABLE_SECONDS
        if self._events and self._events[0].at < oldest:
            self._drop(next((i for i, each in enumerate(self._events) if each.at >= oldest), len(self._events)))

    def after(self, sequence: int) -> list[Dispatch] | None:
        """What came after `sequence`; None when it is not all there any more, or was never sent."""
        missed = self.last - sequence
        if not 0 <= missed <= len(self._events):
            return None
        return self._events[len(self._events) - missed :]

    def _drop(self, count: int) -> None:
        for each in self._events[:count]:
            self._bytes -= each.size
        del self._events[:count]


class Hold:
    """Events for a session whose READY is still being gathered."""

    __slots__ = ("_count", "batches", "overflowed")

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.overflowed = False
        self._count = 0

    def add(self, batch: Batch) -> None:
        self._count += len(batch.events)
        if self._count > HELD_EVENTS:
            self.overflowed = True
            self.batches.clear()
        else:
            self.batches.append(batch)
