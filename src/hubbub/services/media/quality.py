"""How good a connection is, from what the engine measured over 2 s. Pure.

The score follows what people hear: loss costs most (Opus hides some of it), then delay over 150 ms one way, of which
the jitter buffer adds about twice the jitter (ITU-T G.107 in spirit). A worse verdict counts at once, a better one when
it was seen twice, so that the sign does not flicker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_args

import msgspec

from hubbub.services.media.signals import Connection

_BETTER_AFTER = 2  # verdicts in a row
_FLOORS: tuple[tuple[float, Connection], ...] = ((4.0, "excellent"), (3.0, "good"))


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Shares 0..1, milliseconds."""

    loss_in: float
    loss_out: float
    rtt_ms: float
    jitter_ms: float


def score(measured: Measured) -> float:
    """0 (unusable) to 5 (nothing to hear)."""
    loss = max(measured.loss_in, measured.loss_out)
    delay = measured.rtt_ms / 2 + 2 * measured.jitter_ms
    penalty = 25 * loss + max(0.0, delay - 150) / 100
    return max(0.0, min(5.0, 5.0 - penalty))


def verdict(points: float) -> Connection:
    """2 % loss is still excellent, 8 % good."""
    for floor, name in _FLOORS:
        if points >= floor:
            return name
    return "poor"


class QualityMeter:
    """One participant's connection. `lost` is said by the engine, never by measurement."""

    def __init__(self) -> None:
        self.connection: Connection = "excellent"
        self.points = 5.0
        self._better = 0
        self.last: Measured | None = None

    def measure(self, measured: Measured) -> bool:
        """Whether the verdict changed."""
        self.last = measured
        points = score(measured)
        fresh = verdict(points)
        if fresh == self.connection:
            self._better = 0
        elif points > self.points and self.connection != "lost":
            self._better += 1
            if self._better < _BETTER_AFTER:
                return False
        return self._set(fresh, points)

    def lose(self) -> bool:
        return self._set("lost", 0.0)

    def recover(self) -> bool:
        """Media is back; what it is like will be measured."""
        return self.connection == "lost" and self._set("good", 3.5)

    def _set(self, connection: Connection, points: float) -> bool:
        changed = connection != self.connection
        self.connection, self.points = connection, points
        if changed:
            self._better = 0
        return changed


class Connections(NamedTuple):
    """All of a node's participants together: how many by verdict; the mean share of packets lost each way."""

    verdicts: dict[Connection, int]
    loss_in: float
    loss_out: float


def together(meters: Iterable[QualityMeter]) -> Connections:
    verdicts: dict[Connection, int] = dict.fromkeys(get_args(Connection), 0)
    lost_in = lost_out = 0.0
    measured = 0
    for meter in meters:
        verdicts[meter.connection] += 1
        if meter.last is not None:
            measured += 1
            lost_in += meter.last.loss_in
            lost_out += meter.last.loss_out
    return Connections(verdicts, lost_in / max(1, measured), lost_out / max(1, measured))
