"""Messages of one channel on their way into the database: those that waited together share a transaction.

Invariants: in a channel the order of commits, of ids and of the stream's sequence is one order; a nonce is one message,
also when it comes twice in one batch. Round trips of a batch, whatever its size: lock, newest id with the first nonce,
other nonces, rows, mentions if there are any, head, facts, commit. A message alone has no other nonces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hubbub import trace
from hubbub.clock import Clock
from hubbub.errors import Unavailable
from hubbub.ids import EPOCH_MS, Snowflakes
from hubbub.infra.database.base import Database, Transaction
from hubbub.measures import Distribution
from hubbub.services.chat import events, store
from hubbub.services.chat.api import Draft, Message, Reference, Sent
from hubbub.services.chat.recent import Recent
from hubbub.services.user.api import User

NONCE_MS = 24 * 3_600_000
_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Prepared(NamedTuple):
    """A draft that was looked at: nothing is left to refuse. `cause`: the traceparent of its sender."""

    draft: Draft
    server_id: int
    author: User
    content: str
    mentions: tuple[int, ...]
    mention_everyone: bool
    reference: Reference | None
    cause: str

    @property
    def nonce(self) -> tuple[int, str] | None:
        return None if self.draft.nonce is None else (self.author.id, self.draft.nonce)


class Written(NamedTuple):
    """What became of one draft: it was sent, or its nonce is that of the message with this id. `together`: drafts in its
    batch."""

    answer: Sent | int
    together: int


class MessageBatch:
    def __init__(self, database: Database, ids: Snowflakes, clock: Clock, recent: Recent) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock
        self._recent = recent
        self.sizes = Distribution(bounds=_SIZES)  # drafts that shared a transaction

    async def write(self, prepared: Sequence[Prepared]) -> list[Written]:
        """All of one channel, in this order; durable when this returns."""
        channel = prepared[0].draft.channel_id
        try:
            answers = await self._database.write(lambda tx: self._body(tx, channel, prepared))
        except Unavailable as error:
            if error.started:
                self._recent.forget(channel)  # they may be there
            raise
        self.sizes.add(len(answers))
        for each in answers:
            if isinstance(each, Sent) and each.created:
                self._recent.add(each.message)
        return [Written(each, len(answers)) for each in answers]

    async def _body(self, tx: Transaction, channel: int, prepared: Sequence[Prepared]) -> list[Sent | int]:
        await tx.lock(channel)  # ids of a channel become visible in order
        last, known = await self._known(tx, channel, prepared)
        answers: list[Sent | int] = []
        fresh: list[tuple[Message, str]] = []
        first: dict[tuple[int, str], Message] = {}  # with the nonces that this batch brings
        for each in prepared:
            nonce = each.nonce
            if nonce is not None and nonce in known:
                answers.append(known[nonce])
            elif nonce is not None and nonce in first:
                answers.append(Sent(message=first[nonce], created=False))
            else:
                last = self._ids.after(last)
                message = _message(each, last)
                # the transaction itself belongs to the trace of whoever came first
                fresh.append((message, each.cause if fresh else trace.traceparent()))
                answers.append(Sent(message=message, created=True))
                if nonce is not None:
                    first[nonce] = message
        if fresh:
            await _store(tx, channel, fresh)
        return answers

    async def _known(
        self, tx: Transaction, channel: int, prepared: Sequence[Prepared]
    ) -> tuple[int, dict[tuple[int, str], int]]:
        """The newest id that others may have given in the channel, 0 without any, and by author and nonce the ids of
        messages that are there already."""
        since = max(0, self._clock.now_ms() - NONCE_MS - EPOCH_MS) << 22
        asked = [
            {"author": author, "nonce": nonce, "channel": channel, "since": since}
            for author, nonce in dict.fromkeys(each.nonce for each in prepared if each.nonce is not None)
        ]
        last, known = 0, dict[tuple[int, str], int]()
        if self._ids.shared:
            first = asked.pop(0) if asked else {"author": 0, "nonce": None, "channel": channel, "since": since}
            for id, author, nonce in await tx.fetch(store.KNOWN, **first):
                if nonce is None:
                    last = id or 0
                else:
                    known[author, nonce] = id
        known |= {(author, nonce): id for id, author, nonce in await tx.fetch_many(store.BY_NONCE, asked)}
        return last, known


def _message(prepared: Prepared, id: int) -> Message:
    return Message(
        id=id,
        channel_id=prepared.draft.channel_id,
        server_id=prepared.server_id,
        author=prepared.author,
        content=prepared.content,
        edited_at=None,
        nonce=prepared.draft.nonce,
        mentions=prepared.mentions,
        mention_everyone=prepared.mention_everyone,
        reference=prepared.reference,
    )


async def _store(tx: Transaction, channel: int, fresh: Sequence[tuple[Message, str]]) -> None:
    await tx.fetch_many(store.ADD, [_row(message) for message, _ in fresh])
    called = [
        {"user_id": user_id, "channel_id": channel, "message_id": message.id}
        for message, _ in fresh
        for user_id in message.mentions
        if user_id != message.author.id
    ]
    await tx.fetch_many(store.ADD_MENTION, called)
    told = [
        (events.MessageCreated(server_id=message.server_id, channel_id=channel, message=message), cause)
        for message, cause in fresh
    ]
    await tx.emit_all(events.stream(channel), told)


def _row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "channel_id": message.channel_id,
        "server_id": message.server_id,
        "author_id": message.author.id,
        "content": message.content,
        "nonce": message.nonce,
        "mentions": store.mentions_text(message.mentions),
        "mention_everyone": int(message.mention_everyone),
        "reply_to": message.reference.id if message.reference else None,
        "edited_at": None,
        "deleted_at": None,
    }
