"""The verdict on a connection follows loss and delay, worse at once, better after a second look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.services.media.quality import Measured, QualityMeter, score, verdict


def measured(loss: float = 0.0, rtt: float = 40.0, jitter: float = 5.0) -> Measured:
    return Measured(loss_in=loss, loss_out=0.0, rtt_ms=rtt, jitter_ms=jitter)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (measured(), "excellent"),
        (measured(loss=0.02), "excellent"),
        (measured(rtt=200), "excellent"),
        (measured(loss=0.06), "good"),
        (measured(rtt=600), "good"),
        (measured(loss=0.2), "poor"),
        (measured(jitter=300), "poor"),
        (measured(loss=1.0), "poor"),
    ],
)
def test_verdicts(what: Measured, expected: str) -> None:
    assert verdict(score(what)) == expected


SHARES = st.floats(0, 1)
TIMES = st.floats(0, 5000)


@given(SHARES, TIMES, TIMES, SHARES, TIMES, TIMES)
def test_worse_is_never_scored_better(l1: float, r1: float, j1: float, l2: float, r2: float, j2: float) -> None:
    better = measured(min(l1, l2), min(r1, r2), min(j1, j2))
    worse = measured(max(l1, l2), max(r1, r2), max(j1, j2))
    assert 0 <= score(worse) <= score(better) <= 5


def test_worse_counts_at_once_and_better_after_two() -> None:
    meter = QualityMeter()
    assert meter.measure(measured(loss=0.2))
    assert meter.connection == "poor"
    assert not meter.measure(measured())
    assert meter.connection == "poor"
    assert meter.measure(measured())
    assert meter.connection == "excellent"


def test_lost_is_said_and_unsaid_by_the_engine() -> None:
    meter = QualityMeter()
    assert meter.lose()
    assert not meter.lose()
    assert meter.connection == "lost"
    assert meter.recover()
    assert meter.connection == "good"
    assert not meter.recover()
