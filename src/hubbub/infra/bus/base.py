"""The bus port: events to everybody who listens, requests to one who serves.

Subjects are dotted; a pattern may use `*` for one part and `>` for the rest (NATS's rules).

- Delivery is at most once per subscription and unordered between subjects; between one publisher and one subscriber
  messages of one subject keep their order. What must not be lost is in the outbox, not here.
- `publish` never waits for a listener. A listener's queue is bounded (65,536 messages); when it is full the oldest are
  dropped and `lost()` is called on it, once per gap.
- A payload is at most 1 MiB.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

Listener = Callable[[str, bytes], None]
Handler = Callable[[bytes], Awaitable[bytes]]


class Backlog(NamedTuple):
    """`waiting`: messages and requests that nobody took yet, now. `dropped`: since the beginning."""

    waiting: int
    dropped: int


class Bus(Protocol):
    @property
    def connected(self) -> bool:
        """Whether what is published now has a way to others."""
        ...

    def publish(self, subject: str, payload: bytes) -> None: ...

    async def subscribe(
        self, pattern: str, listener: Listener, lost: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call `listener(subject, payload)` on the loop for each message from now on; returns how to stop.
        An exception in a listener is logged and costs that message only."""
        ...

    async def request(self, subject: str, payload: bytes, seconds: float) -> bytes:
        """Ask one of those who serve the subject and wait so long. Raises Unavailable(started=False) when nobody
        serves it, Unavailable(started=True) when no answer came in time."""
        ...

    async def serve(self, subject: str, group: str, handler: Handler) -> Callable[[], None]:
        """Answer requests; one member of the group gets each. At most 256 handlers of one `serve` run at once."""
        ...

    def backlog(self) -> Backlog:
        """How far this process is behind. Cheap: asked for at each reading of the metrics."""
        ...

    async def finish(self) -> None:
        """Wait until the requests taken so far are answered. Stop serving first."""
        ...

    async def close(self) -> None: ...
