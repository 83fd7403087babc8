"""When a participant counts as gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.services.media.liveness import Liveness


def alive(media: bool = True) -> Liveness:
    liveness = Liveness(0.0)
    if media:
        liveness.media_up()
    return liveness


def test_media_that_never_comes_costs_the_seat() -> None:
    liveness = alive(media=False)
    liveness.heard(29.0)
    assert liveness.verdict(29.9) is None
    assert liveness.verdict(30.0) == "never_came"
    assert not liveness.resumable


def test_a_client_that_pings_stays() -> None:
    liveness = alive()
    for second in range(0, 600, 5):
        liveness.heard(second)
        assert liveness.verdict(second + 4.9) is None


def test_silent_and_without_media_is_gone_after_15_seconds() -> None:
    liveness = alive()
    liveness.media_lost(8.0)
    assert liveness.verdict(14.9) is None
    assert liveness.verdict(15.0) == "lost"


def test_a_frozen_socket_is_cut_and_the_seat_kept_from_the_last_word_on() -> None:
    liveness = alive()
    assert liveness.verdict(20.9) is None
    assert liveness.verdict(21.0) == "cut"
    liveness.freeze()
    assert liveness.verdict(29.9) is None
    assert liveness.verdict(30.0) == "lost"


def test_a_cut_socket_keeps_the_seat_for_30_seconds_with_media_or_without() -> None:
    for media in (True, False):
        liveness = alive()
        liveness.cut(100.0)
        if not media:
            liveness.media_lost(101.0)
        assert liveness.verdict(129.9) is None
        assert liveness.verdict(130.0) == "lost"


def test_a_killed_client_is_gone_when_nothing_has_come_for_8_seconds() -> None:
    liveness = alive()
    liveness.cut(100.0)
    for second in (102.0, 104.0, 106.0):
        liveness.received(second, False, 2.0)
    assert liveness.verdict(107.9) is None
    assert liveness.verdict(108.0) == "lost"


def test_one_datagram_is_enough_to_be_waited_for() -> None:
    liveness = alive()
    liveness.cut(100.0)
    for second in range(102, 130, 2):
        liveness.received(second, second % 6 == 0, 2.0)
        assert liveness.verdict(second) is None
    assert liveness.verdict(130.0) == "lost"


def test_stillness_alone_is_no_reason_while_the_socket_is_open() -> None:
    liveness = alive()
    liveness.received(2.0, False, 2.0)
    liveness.heard(14.0)
    assert liveness.verdict(14.0) is None


def test_a_resume_ends_the_wait() -> None:
    liveness = alive()
    liveness.media_lost(5.0)
    liveness.cut(10.0)
    liveness.attached(39.0)
    assert liveness.verdict(39.0) is None
    liveness.media_up()
    liveness.heard(100.0)
    assert liveness.verdict(100.0) is None


def test_signalling_without_media_is_told_to_join_anew() -> None:
    liveness = alive()
    liveness.media_lost(50.0)
    liveness.heard(79.9)
    assert liveness.verdict(79.9) is None
    liveness.heard(80.0)
    assert liveness.verdict(80.0) == "failed"


STEPS = st.lists(
    st.tuples(st.sampled_from(["heard", "cut", "attached", "media_up", "media_lost"]), st.floats(0.01, 20)), max_size=20
)


@given(STEPS)
def test_without_a_word_everybody_is_gone_sooner_or_later(steps: list[tuple[str, float]]) -> None:
    now, liveness = 0.0, Liveness(0.0)
    for step, later in steps:
        now += later
        if step == "media_up":
            liveness.media_up()
        else:
            getattr(liveness, step)(now)
    verdict = liveness.verdict(now + 60)
    if verdict == "cut":
        liveness.freeze()
        verdict = liveness.verdict(now + 60)
    assert verdict in ("never_came", "lost", "failed")
