"""Who speaks: starts within two windows, ends 400 ms after the last sound, and does not flicker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.services.media.speaking import HOLD, LOUD, RELEASE, Speaking, linear

WINDOW = 0.1
LEVELS = st.lists(st.integers(0, 127) | st.none(), max_size=80)  # one window each; None: no packets in it


def play(levels: list[int | None]) -> list[bool]:
    """Whether somebody speaks after each window."""
    speaking, states = Speaking(), []
    for n, level in enumerate(levels):
        now = n * WINDOW
        if level is not None:
            speaking.hear([("ann", level)], now)
        speaking.settle(now)
        states.append(speaking.speakers == ("ann",))
    return states


def test_a_word_starts_with_its_second_window_and_ends_after_the_release() -> None:
    silence, word = [127, 127], [20, 20, 20]
    states = play([*silence, *word, *([127] * 6)])
    assert states == [False, False, False, True, True, True, True, True, False, False, False]


def test_a_click_is_not_a_word() -> None:
    assert not any(play([127, 5, 127, 127, 127, 5, 127, None, None, None, 5]))


def test_a_pause_between_words_is_part_of_what_is_said() -> None:
    assert all(play([20, 20, 127, 127, 127, 20, None, None, None, 20])[1:])


def test_who_gets_quieter_goes_on_speaking_but_does_not_begin_so() -> None:
    assert all(play([20, 20, *([HOLD] * 20)])[1:])
    assert not any(play([HOLD] * 20))
    assert not play([20, 20, *([HOLD + 1] * 20)])[-1]


@given(LEVELS)
def test_nobody_begins_without_two_loud_windows_close_together(levels: list[int | None]) -> None:
    states = play(levels)
    for n, speaks in enumerate(states):
        if speaks and not (n and states[n - 1]):
            recent = [level for level in levels[max(0, n - 2) : n + 1] if level is not None and level <= LOUD]
            assert len(recent) >= 2


@given(LEVELS)
def test_everybody_falls_silent_in_time(levels: list[int | None]) -> None:
    states = play([*levels, *([None] * 5)])
    assert not states[-1]


@given(LEVELS)
def test_two_loud_windows_in_a_row_are_always_speech(levels: list[int | None]) -> None:
    states = play(levels)
    for n in range(1, len(levels)):
        before, level = levels[n - 1], levels[n]
        if before is not None and level is not None and before <= LOUD and level <= LOUD:
            assert states[n]


@given(LEVELS)
def test_speech_lasts_at_least_the_release(levels: list[int | None]) -> None:
    """No flicker: who began goes on for 400 ms."""
    states = play(levels)
    for n, speaks in enumerate(states):
        if speaks and not (n and states[n - 1]):
            assert all(states[n : n + round(RELEASE / WINDOW)])


@given(LEVELS)
def test_what_is_told_adds_up_to_who_speaks(levels: list[int | None]) -> None:
    speaking, told = Speaking(), set[str]()
    for n, level in enumerate(levels):
        now = n * WINDOW
        if level is not None:
            for key, linear_level in speaking.hear([("ann", level), ("bob", level // 2)], now).items():
                assert 0 <= linear_level <= 1
                told.add(key)
        told -= set(speaking.settle(now))
        assert told == set(speaking.speakers)


def test_the_muted_are_silent_at_once() -> None:
    speaking = Speaking()
    speaking.hear([("ann", 20)], 0.0)
    speaking.hear([("ann", 20)], 0.1)
    assert speaking.silence("ann")
    assert speaking.speakers == ()
    assert speaking.idle
    assert not speaking.silence("ann")


def test_a_louder_voice_is_told_again_but_not_each_time() -> None:
    speaking = Speaking()
    told = [speaking.hear([("ann", 20 if n < 10 else 6)], n * WINDOW) for n in range(20)]
    assert [n for n, each in enumerate(told) if each] == [1, 12]


def test_levels_are_linear() -> None:
    assert linear(0) == 1.0
    assert round(linear(20), 3) == 0.1
    assert linear(127) == 0.0
