"""The table of leases: which answer counts, for how long, in whatever order they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.services.media.api import Lease
from hubbub.services.media.leases import ROOM, SKEW, Table

GOOD = ROOM - SKEW  # seconds that an answer is good for
A, B = "a", "b"
R = "1:2"


@pytest.mark.parametrize(
    ("answers", "now", "epoch", "newest"),
    [
        ([], 0.0, None, None),
        ([(Lease(A, 5), 0.0)], 0.0, 5, 5),
        ([(Lease(A, 5), 0.0)], GOOD - 0.01, 5, 5),
        ([(Lease(A, 5), 0.0)], GOOD, None, None),  # it ran out
        ([(Lease(A, 5), 0.0), (Lease(A, 5), 2.0)], GOOD + 1.9, 5, 5),  # it was renewed
        ([(Lease(A, 5), 2.0), (Lease(A, 5), 0.0)], GOOD + 1.9, 5, 5),  # answers came in another order
        ([(Lease(B, 6), 0.0)], 0.0, None, 6),  # another node's
        ([(Lease(A, 5), 0.0), (Lease(B, 6), 1.0)], 1.0, None, 6),  # it was lost
        ([(Lease(B, 6), 1.0), (Lease(A, 5), 0.0)], 1.0, None, 6),  # the same, overtaken: the lower epoch is refused
        ([(Lease(A, 5), 0.0), (Lease(B, 6), 1.0), (Lease(A, 7), 2.0)], 2.0, 7, 7),  # away and back
        ([(Lease(A, 7), 2.0), (Lease(B, 6), 1.0)], 2.0, 7, 7),
        ([(Lease(A, 7), 0.0), (Lease(A, 3), 1.0)], 1.0, 7, 7),  # the registry lost its memory and its clock
        ([(Lease(A, 7), 0.0), (Lease(A, 3), GOOD)], GOOD, 3, 3),  # and begins anew when the old lease is over
    ],
)
def test_what_counts(answers: list[tuple[Lease, float]], now: float, epoch: int | None, newest: int | None) -> None:
    table = Table(A)
    for lease, asked in answers:
        table.learn(R, lease, asked, now)
    assert table.epoch(R, now) == epoch
    found = table.find(R, now)
    assert (found.epoch if found else None) == newest
    assert table.epoch("3:4", now) is None


def test_what_was_given_back_is_not_ours_by_an_answer_that_was_under_way() -> None:
    table = Table(A)
    table.learn(R, Lease(A, 5), 0.0, 0.0)
    table.ended(R, Lease(A, 5), 1.0)
    assert table.epoch(R, 1.0) is None
    table.learn(R, Lease(A, 5), 0.5, 1.1)
    assert table.epoch(R, 1.1) is None
    table.learn(R, Lease(A, 6), 1.2, 1.3)
    assert table.epoch(R, 1.3) == 6


def test_what_ran_out_is_forgotten() -> None:
    table = Table(A)
    for number in range(1000):
        table.learn(str(number), Lease(A, 5), float(number % 2), 1.0)
    table.forget(GOOD)
    assert len(table.ours(GOOD)) == 500
    table.forget(GOOD + 1)
    assert table.ours(GOOD + 1) == {}
    assert not table._known  # pyright: ignore[reportPrivateUsage]


# How one room went from hand to hand at the registry: at which instant, to whom; epochs rise.
HANDS = st.lists(st.tuples(st.floats(0, 60), st.sampled_from([A, B])), min_size=1, max_size=8).map(sorted)
# Questions of node A: when one left, how long its answer took.
QUESTIONS = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 10)), max_size=20)


@given(HANDS, QUESTIONS, st.floats(0, 70))
def test_nobody_is_let_in_once_a_higher_epoch_was_seen(
    hands: list[tuple[float, str]], questions: list[tuple[float, float]], now: float
) -> None:
    """Whatever overtakes what. An answer says how it was when it was asked for."""
    table, told = Table(A), list[tuple[float, Lease]]()
    for asked, took in sorted(questions, key=lambda each: sum(each)):
        past = [Lease(node, epoch) for epoch, (since, node) in enumerate(hands, 1) if since <= asked]
        if past and asked + took <= now:
            table.learn(R, past[-1], asked, asked + took)
            told.append((asked, past[-1]))
    epoch = table.epoch(R, now)
    good = [lease for asked, lease in told if asked + GOOD > now]
    newest = max(good, key=lambda lease: lease.epoch, default=None)
    expected = newest.epoch if newest is not None and newest.node == A else None
    assert epoch == expected
