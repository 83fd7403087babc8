"""Snowflakes rise, never repeat, and survive a clock that is set back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.ids import EPOCH_MS, MAX_ID, Snowflakes, created_ms, parse_id

NOW = 1_700_000_000_000


class Times:
    """A clock that shows the given milliseconds one after the other, the last one for ever."""

    def __init__(self, *times: int) -> None:
        self._times = list(times)

    def now_ms(self) -> int:
        return self._times.pop(0) if len(self._times) > 1 else self._times[0]

    def monotonic(self) -> float:
        return 0.0


def test_an_id_tells_when_and_by_whom_it_was_made() -> None:
    made = Snowflakes(5, Times(NOW)).next()
    assert created_ms(made) == NOW
    assert made >> 12 & 0x3FF == 5
    assert made == (NOW - EPOCH_MS) << 22 | 5 << 12


@given(st.integers(0, 5_000), st.integers(1, 1_023), st.integers(1, 1_023))
def test_an_id_follows_one_of_another_worker_whose_clock_is_ahead(ahead: int, worker: int, other: int) -> None:
    """Also in the same millisecond; and its own go on rising."""
    ids, others = Snowflakes(worker, Times(NOW)), Snowflakes(other, Times(NOW + ahead))
    assert ids.shared
    made = [ids.next()]
    for _ in range(3):
        newest = others.after(made[-1])
        made += [newest, ids.after(newest)]
    assert all(earlier < later for earlier, later in zip(made, made[1:], strict=False))
    assert ids.next() > made[-1]
    assert created_ms(made[-1]) <= NOW + ahead + 8


@given(st.lists(st.integers(EPOCH_MS, EPOCH_MS + (1 << 41) - 1_000), min_size=1, max_size=50), st.integers(0, 1023))
def test_ids_of_one_worker_rise_whatever_the_clock_does(times: list[int], worker: int) -> None:
    ids = Snowflakes(worker, Times(*times))
    made = [ids.next() for _ in range(len(times) * 2)]
    assert all(earlier < later for earlier, later in zip(made, made[1:], strict=False))
    assert {each >> 12 & 0x3FF for each in made} == {worker}
    assert all(each <= MAX_ID for each in made)


def test_more_than_4096_in_a_millisecond_go_on_in_the_next() -> None:
    ids = Snowflakes(0, Times(NOW))
    made = [ids.next() for _ in range(10_000)]
    assert len(set(made)) == 10_000
    assert made == sorted(made)
    assert [created_ms(made[at]) - NOW for at in (0, 4_095, 4_096, 8_192)] == [0, 0, 1, 2]


def test_workers_never_meet() -> None:
    first, second = (Snowflakes(worker, Times(NOW)) for worker in (1, 2))
    assert not {first.next() for _ in range(5_000)} & {second.next() for _ in range(5_000)}


@pytest.mark.parametrize("worker", [-1, 1_024])
def test_there_are_1024_workers(worker: int) -> None:
    with pytest.raises(ValueError):
        Snowflakes(worker, Times(NOW))


@given(st.integers(0, MAX_ID))
def test_a_decimal_string_is_read_back(id: int) -> None:
    assert parse_id(str(id)) == id


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1.0", "1_000", "0x1", "\u0661", "\u00b2", str(MAX_ID + 1), "9" * 5_000, "1\n"]
)
def test_anything_else_is_no_id(text: str) -> None:
    assert parse_id(text) is None
