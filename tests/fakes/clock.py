"""Time that stands still until a test moves it."""

from __future__ import annotations


class HandClock:
    """`now`: seconds since 1970, for both kinds of time."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def now_ms(self) -> int:
        return int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now
