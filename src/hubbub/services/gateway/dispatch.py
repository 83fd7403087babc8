"""One event on its way to many sessions: worded once per dialect, shared by all of them and by their replay rings."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from hubbub.services.gateway.api import Dialect, Encoded
from hubbub.services.gateway.events import Notice
from hubbub.trace import traceparent

SEQUENCE_WIDTH = 10

log = logging.getLogger(__name__)


class Outgoing:
    """An event before any dialect. `at`: when it came, monotonic seconds. `contains`: the event is a snapshot as of
    these heads (stream -> seq), so older events of those streams are not shown after it. `trace`: of what caused it."""

    __slots__ = ("at", "contains", "notice", "seq", "stream", "trace")

    def __init__(
        self, notice: Notice, stream: str, seq: int, at: float, contains: Mapping[str, int] | None = None
    ) -> None:
        self.notice = notice
        self.contains = contains
        self.stream = stream
        self.seq = seq
        self.at = at
        self.trace = traceparent()

    def reworded(self, notice: Notice) -> Outgoing:
        """The same event, said with more."""
        other = Outgoing(notice, self.stream, self.seq, self.at)
        other.trace = self.trace
        return other


class Dispatch:
    """An event in one dialect, lacking only the session's own sequence."""

    __slots__ = ("at", "contains", "head", "seq", "size", "stream", "tail")

    def __init__(self, encoded: Encoded, event: Outgoing) -> None:
        self.head, self.tail = encoded
        self.stream = event.stream
        self.seq = event.seq
        self.at = event.at
        self.contains = event.contains
        self.size = len(self.head) + SEQUENCE_WIDTH + len(self.tail)


class Batch:
    """Events that leave together for the same sessions, in order."""

    __slots__ = ("_by_dialect", "events", "has_snapshot")

    def __init__(self, events: Sequence[Outgoing]) -> None:
        self.events = events
        self.has_snapshot = any(each.contains is not None for each in events)
        self._by_dialect: dict[Dialect, list[Dispatch]] = {}

    def worded(self, dialect: Dialect) -> list[Dispatch]:
        if (known := self._by_dialect.get(dialect)) is None:
            known = self._by_dialect[dialect] = [d for each in self.events if (d := word(dialect, each)) is not None]
        return known


def word(dialect: Dialect, event: Outgoing) -> Dispatch | None:
    """A dialect that fails on an event does not show it; once per event in the log, not once per session."""
    try:
        encoded = dialect.encode(event.notice, event.seq)
    except Exception:
        log.exception("%s has no words for %r", type(dialect).__name__, type(event.notice).__name__)
        return None
    return Dispatch(encoded, event) if encoded else None
