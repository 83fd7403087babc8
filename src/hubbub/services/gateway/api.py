"""What a protocol needs to serve resumable event streams, and what it has to bring: a sink and a dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from hubbub.services.auth.api import Principal
from hubbub.services.gateway.events import Notice, SessionReady

RESUMABLE_SECONDS = 120.0
"""A session without a socket lives so long, and so does what it missed."""

Ending = Literal["revoked", "moved", "replaced"]
"""revoked: log in again. moved: identify again. replaced: the same session was resumed on another socket."""


class Encoded(NamedTuple):
    """One event in the words of one dialect; a session puts its sequence, ten characters wide, between the two."""

    head: bytes
    tail: bytes


class Dialect(Protocol):
    """How one protocol words events. Each event is encoded once per dialect, however many sessions get it."""

    def encode(self, notice: Notice, seq: int) -> Encoded | None:
        """`seq`: of the event's stream, 0 outside of streams. None: this dialect does not show it."""
        ...


Greet = Callable[[SessionReady], Encoded]
"""How READY is worded: it is for one socket only, so whoever opens the session may put more into it."""


class Sink(Protocol):
    """The socket's side of a session. Calls never wait; a sink that cannot keep up closes itself."""

    def write(self, prebuilt: bytes) -> None:
        """One or more whole frames."""
        ...

    def invalid(self, reason: str) -> None:
        """The session is gone, the socket may identify again."""
        ...

    def reconnect(self) -> None:
        """Please come back soon, on another socket: this process is about to stop."""
        ...

    def ended(self, ending: Ending) -> None:
        """The session is gone or elsewhere, and the socket must close."""
        ...


class OpenSession(Protocol):
    """A gateway session, as the protocol that serves its socket sees it."""

    @property
    def id(self) -> str: ...

    @property
    def principal(self) -> Principal: ...

    def acknowledge(self, sequence: int) -> bool:
        """The client has handled everything up to here. False: it cannot have, that was never sent."""
        ...


class MemberQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one of `ranges` (rows, both ends included), `query` (prefix of a name) and `ids` is given."""

    server_id: int
    ranges: tuple[tuple[int, int], ...]
    query: str | None
    ids: tuple[int, ...]
    nonce: str | None


class GatewayApi(Protocol):
    async def open(self, principal: Principal, dialect: Dialect, greet: Greet, sink: Sink) -> OpenSession:
        """A new session. When this returns, READY and what happened since are written. Cancelled: nothing is left.
        Raises Refused and Unavailable of the services that are asked."""
        ...

    def resume(self, principal: Principal, session_id: str, sequence: int, sink: Sink) -> OpenSession | None:
        """Attach another socket and write what was missed after `sequence`, then RESUMED. None: unknown, expired, not
        of this login, or too much was missed; the client identifies again."""
        ...

    def detach(self, session: OpenSession, sink: Sink) -> None:
        """The socket is gone. The session collects on, for a while."""
        ...

    def end(self, session: OpenSession) -> None:
        """The client said goodbye."""
        ...

    async def list_members(self, session: OpenSession, question: MemberQuestion) -> None:
        """The answer comes as MembersListed; an empty one for a server that the principal is not in."""
        ...


class Streams(Protocol):
    """Where facts can be had again: the owner of the outbox."""

    async def heads(self, streams: Sequence[str]) -> dict[str, int]: ...

    async def events_after(self, stream: str, seq: int, limit: int) -> list[bytes] | None:
        """None: the outbox does not reach back so far."""
        ...
