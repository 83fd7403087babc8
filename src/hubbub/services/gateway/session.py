"""One resumable event stream, without I/O of its own: batches in, frames to whatever sink is attached.

A session counts its own events. While a client is away they are kept (ReplayRing); whoever resumes gets exactly what
was missed, in order and once, or is told that the session is invalid. Never a gap, never a repetition.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubbub.services.auth.api import Principal
from hubbub.services.gateway.api import RESUMABLE_SECONDS, Dialect, Encoded, Sink
from hubbub.services.gateway.backpressure import Hold, ReplayRing
from hubbub.services.gateway.dispatch import Batch, Dispatch, Outgoing
from hubbub.services.gateway.events import Notice

CONTAINED_SECONDS = 10.0
"""How late the bus may bring an event that a snapshot already contained."""


class GatewaySession:
    """Held until `begin`, then attached to a sink or detached; `alive` turns False once, for good."""

    __slots__ = (
        "_contained",
        "_contained_until",
        "_detached_at",
        "_hold",
        "_ring",
        "_sink",
        "alive",
        "dialect",
        "id",
        "principal",
        "servers",
    )

    def __init__(self, id: str, principal: Principal, dialect: Dialect, sink: Sink) -> None:
        self.id = id
        self.principal = principal
        self.dialect = dialect
        self.servers: tuple[int, ...] = ()  # where it is subscribed; kept by Subscriptions
        self.alive = True
        self._ring = ReplayRing()
        self._sink: Sink | None = sink
        self._detached_at = 0.0
        self._hold: Hold | None = Hold()
        self._contained: dict[str, int] | None = None  # stream -> head of the snapshot that the client has
        self._contained_until = 0.0

    # ---- life

    def begin(self, ready: Encoded) -> bool:
        """Write READY and what was held. False: too much happened meanwhile, start anew."""
        hold, self._hold = self._hold, None
        if hold is None or hold.overflowed:
            return False
        sequence = self._ring.skip()  # not kept: who did not get it does not know the session
        if self._sink is not None:
            self._sink.write(b"%b%10d%b" % (ready.head, sequence, ready.tail))
        for batch in hold.batches:
            self.dispatch(batch)
        return True

    def contain(self, heads: Mapping[str, int], now: float) -> None:
        """The client has, or is about to get, a snapshot as of these heads: do not show older events again."""
        self._contained = {**(self._contained or {}), **heads}
        self._contained_until = now + CONTAINED_SECONDS

    def resume(self, sequence: int, sink: Sink, now: float) -> int | None:
        """Attach a sink and write what it missed; how many events, or None: impossible."""
        self._ring.forget_old(now)
        if self._hold is not None or (missed := self._ring.after(sequence)) is None:
            return None
        if self._sink is not None:
            self._sink.ended("replaced")
        self._sink = sink
        self._ring.acknowledge(sequence)
        if missed:
            sink.write(_frames(missed, sequence))
        return len(missed)

    def detach(self, sink: Sink, now: float) -> None:
        """Nothing for a sink that was replaced already."""
        if self._sink is sink:
            self._sink = None
            self._detached_at = now

    def end(self) -> None:
        """For good. Whoever ends a session tells its sink why."""
        self._sink = None
        self.alive = False

    @property
    def sink(self) -> Sink | None:
        return self._sink

    def tidy(self, now: float) -> bool:
        """Forget what is too old; True when the session itself is."""
        self._ring.forget_old(now)
        if self._contained is not None and now >= self._contained_until:
            self._contained = None
        return self._sink is None and now - self._detached_at >= RESUMABLE_SECONDS

    # ---- events

    def dispatch(self, batch: Batch) -> None:
        if self._hold is not None:
            self._hold.add(batch)
            return
        worded = batch.worded(self.dialect)
        if self._contained is not None or batch.has_snapshot:
            worded = self._not_contained(worded)
        if not worded or not self.alive:
            return
        sequence = self._ring.last
        self._ring.extend(worded)
        if self._sink is not None:
            self._sink.write(_frames(worded, sequence))

    def tell(self, notice: Notice, now: float) -> None:
        """Something for this session alone."""
        self.dispatch(Batch((Outgoing(notice, "", 0, now),)))

    def acknowledge(self, sequence: int) -> bool:
        if not 0 <= sequence <= self._ring.last:
            return False
        self._ring.acknowledge(sequence)
        return True

    def _not_contained(self, worded: list[Dispatch]) -> list[Dispatch]:
        fresh: list[Dispatch] = []
        for each in worded:
            if each.seq and self._contained is not None and each.seq <= self._contained.get(each.stream, 0):
                continue
            fresh.append(each)
            if each.contains is not None:
                self.contain(each.contains, each.at)
        return fresh


def _frames(worded: list[Dispatch], sequence: int) -> bytes:
    """Numbered from `sequence + 1`. JSON allows the spaces of the fixed width."""
    if len(worded) == 1:
        return b"%b%10d%b" % (worded[0].head, sequence + 1, worded[0].tail)
    return b"".join([b"%b%10d%b" % (each.head, number, each.tail) for number, each in enumerate(worded, sequence + 1)])
