"""Who speaks, from loudness. Pure: levels and the time in, changes out.

Loudness comes in -dBov (RFC 6464: 0 is loudest, 127 silence), at most one value per participant and window of 100 ms.
Somebody starts to speak with two loud windows in a row, which a click or a key stroke does not have, and goes on until
nothing of theirs was nearly loud for `RELEASE` seconds. `HOLD` is quieter than `LOUD`, so that the end of a sentence
belongs to it. LiveKit's defaults (-35 dBov, 400 ms) are the scale.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

LOUD = 35
HOLD = 40
RELEASE = 0.4
ROW = 0.25  # seconds within which two windows are in a row: windows are 100 ms apart, plus what the loop is late
REPORT = 0.4  # seconds between reports of changed levels of those who go on speaking


class Voice(msgspec.Struct, eq=False):
    """`loud` and `held`: when a window was last that loud. `level`: loudest since the last report, linear 0..1."""

    loud: float
    held: float
    speaks: bool = False
    level: float = 0.0
    told: float = 0.0


class Speaking:
    """The voices of one room. Keys are participants; the caller leaves out what is muted."""

    def __init__(self) -> None:
        self._voices: dict[str, Voice] = {}
        self._reported = 0.0

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(key for key, voice in self._voices.items() if voice.speaks)

    @property
    def idle(self) -> bool:
        """Nobody speaks or is about to: `settle` need not be called."""
        return not self._voices

    def hear(self, levels: Iterable[tuple[str, int]], now: float) -> dict[str, float]:
        """One window. Who began to speak, or (at times) speaks louder or softer: linear levels."""
        changes: dict[str, float] = {}
        for key, level in levels:
            voice = self._voices.get(key)
            if level <= LOUD:
                self._loud(key, voice, level, now, changes)
            elif voice is not None and voice.speaks:
                voice.level = max(voice.level, linear(level))
                if level <= HOLD:
                    voice.held = now
        if now - self._reported >= REPORT:
            self._reported = now
            self._report(changes)
        return changes

    def settle(self, now: float) -> tuple[str, ...]:
        """Who fell silent: call it every 100 ms or so, because silence may come as no levels at all."""
        ended: list[str] = []
        for key, voice in list(self._voices.items()):
            if now - voice.held >= RELEASE:
                del self._voices[key]
                if voice.speaks:
                    ended.append(key)
        return tuple(ended)

    def silence(self, key: str) -> bool:
        """At once: muted or gone. Whether they spoke."""
        voice = self._voices.pop(key, None)
        return voice is not None and voice.speaks

    def _loud(self, key: str, voice: Voice | None, level: int, now: float, changes: dict[str, float]) -> None:
        if voice is None:
            self._voices[key] = Voice(loud=now, held=now, level=linear(level))
            return
        if not voice.speaks and now - voice.loud <= ROW:
            voice.speaks = True
            voice.told = max(voice.level, linear(level))
            changes[key] = voice.told
        voice.level = max(voice.level, linear(level))
        voice.loud = voice.held = now

    def _report(self, changes: dict[str, float]) -> None:
        for key, voice in self._voices.items():
            if voice.speaks and key not in changes and _step(voice.level) != _step(voice.told):
                voice.told = changes[key] = voice.level
            voice.level = 0.0


def linear(level: int) -> float:
    """-dBov as an amplitude, 0..1."""
    return 0.0 if level >= 127 else float(10.0 ** (-level / 20.0))


def _step(level: float) -> int:
    """Smaller changes than an eighth are not worth a message to everybody."""
    return round(level * 8)
