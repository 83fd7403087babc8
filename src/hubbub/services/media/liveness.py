"""Whether a participant is still there: from what was heard on its signalling and how its media is. Pure.

A client pings every 5 s. Three things may be missing, alone or together: the signalling socket (cut), words on it
(silent), media. Media that never came, and a client that is silent and without media, end the seat; a cut or silent
client whose media goes on is waited for, as it may resume.

A client that is killed closes its socket without a word and sends nothing more, not even the checks of ICE, which come
every 2.5 s from browsers: a cut socket and not one datagram mean that nobody is there. One that loses its network is
different: its socket is not cut until somebody notices.
"""

from __future__ import annotations

from typing import Literal

NEVER_CAME = 30.0  # seconds from the join to media
SILENT = 15.0  # no ping and no media: nobody is there (LiveKit's ping_timeout)
FROZEN = 21.0  # no ping: the socket is as good as cut
GONE = 8.0  # cut, and not a datagram
RESUME = 30.0  # a cut socket may be followed by a resume so long
WITHOUT_MEDIA = 30.0  # signalling without media: the client is told to join anew

# `cut`: hang up, keep the seat. `failed`: the client shall join anew. The others end the seat.
Verdict = Literal["never_came", "lost", "cut", "failed"]


class Liveness:
    def __init__(self, now: float) -> None:
        self._joined = now
        self._heard = now
        self._cut: float | None = None
        self._lost: float | None = now  # since when there is no media
        self._came = False
        self._still: float | None = None  # since when no datagram has come

    @property
    def resumable(self) -> bool:
        """LiveKit resumes only what once worked; before that a new join is faster."""
        return self._came

    @property
    def has_media(self) -> bool:
        return self._lost is None

    def heard(self, now: float) -> None:
        self._heard = now

    def attached(self, now: float) -> None:
        self._heard, self._cut, self._still = now, None, None
        if self._lost is not None and self._came:
            self._lost = now  # a restart needs its time

    def cut(self, now: float) -> None:
        self._cut = now

    def freeze(self) -> None:
        """Cut by us: the resume is waited for from when something was heard last."""
        self._cut = self._heard

    def received(self, now: float, anything: bool, seconds: float) -> None:
        """Whether any datagram came in the last `seconds`."""
        if anything:
            self._still = None
        elif self._still is None:
            self._still = now - seconds

    def media_up(self) -> None:
        self._lost, self._came = None, True

    def media_lost(self, now: float) -> None:
        if self._lost is None:
            self._lost = now

    def verdict(self, now: float) -> Verdict | None:
        if not self._came:
            return "never_came" if now - self._joined >= NEVER_CAME else None
        if self._cut is not None:
            gone = self._still is not None and now - self._still >= GONE
            return "lost" if gone or now - self._cut >= RESUME else None
        silent = now - self._heard
        if silent >= SILENT and self._lost is not None:
            return "lost"
        if silent >= FROZEN:
            return "cut"
        if self._lost is not None and now - self._lost >= WITHOUT_MEDIA:
            return "failed"
        return None
