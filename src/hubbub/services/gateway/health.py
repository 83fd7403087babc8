"""How the gateway is doing (EV-01): plain counters, read by /health and /metrics."""

from __future__ import annotations


class Health:
    """`sessions` is a level; the others only grow since the process began."""

    def __init__(self) -> None:
        self.sessions = 0  # with and without a socket
        self.opened = 0
        self.resumed = 0
        self.invalid = 0  # sessions that had to start anew
        self.unresumed = 0  # resumes of sessions that are gone, or too far behind
        self.frames = 0  # events handed to sessions
        self.skipped = 0  # typing and speaking left out because too much was waiting
        self.gaps = 0  # holes in a stream that the bus brought
        self.repaired = 0  # events had again from the outbox
