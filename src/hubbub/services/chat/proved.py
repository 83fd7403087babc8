"""The newest page of busy channels where several processes write to them (TX-10): a copy in memory, proved at each use.

Every change of a channel's messages raises the head of its stream in the same transaction. So rows that were read after
the head was read as `n` are exactly the channel's as long as its head is `n`: one look at the head, on the primary,
proves them, and nobody has to tell anybody that they are stale. A copy that was overtaken while it was read carries the
older head and is never used. Names of people are not in it: they are asked for each time.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from hubbub.ids import MAX_ID
from hubbub.infra.database.base import Database
from hubbub.services.chat import events, store
from hubbub.services.chat.message_build import MessageBuild
from hubbub.services.chat.recent import CHANNELS, LENGTH
from hubbub.services.chat.store import MessageRow


class Newest(NamedTuple):
    """`rows`: the newest LENGTH, or all there are; newest first. `answered`: the messages that they answer."""

    head: int
    rows: list[MessageRow]
    answered: dict[int, MessageRow]


class Proved:
    """`used` and `read` count pages given from memory and from the database."""

    def __init__(self, database: Database, build: MessageBuild, channels: int = CHANNELS) -> None:
        self._database = database
        self._build = build
        self._channels = channels
        self._kept: OrderedDict[int, Newest] = OrderedDict()
        self.used = self.read = 0

    async def newest(self, channel_id: int) -> Newest:
        stream = events.stream(channel_id)
        head = (await self._database.heads([stream]))[stream]
        kept = self._kept.get(channel_id)
        if kept is not None and kept.head == head:
            self._kept.move_to_end(channel_id)
            self.used += 1
            return kept
        found = await self._database.fetch(store.BEFORE, channel=channel_id, border=MAX_ID, count=LENGTH)
        rows = [store.message(row) for row in found]
        page = Newest(head, rows, await self._build.answered(rows))
        self._keep(channel_id, page)
        self.read += 1
        return page

    def forget(self, channel_id: int) -> None:
        """A deleted channel loses its messages without a fact of its own stream; nobody may ask for it any more."""
        self._kept.pop(channel_id, None)

    def _keep(self, channel_id: int, page: Newest) -> None:
        known = self._kept.get(channel_id)
        if known is not None and known.head > page.head:
            return  # somebody read later and was quicker
        self._kept[channel_id] = page
        self._kept.move_to_end(channel_id)
        if len(self._kept) > self._channels:
            self._kept.popitem(last=False)
