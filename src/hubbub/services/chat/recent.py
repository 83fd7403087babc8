"""The last 50 messages of each busy channel (TX-10), so that opening a room reads no disk.

Invariant: a list that is present is exactly the newest `len` messages of its channel, newest last, and reaches back
LENGTH messages or to the beginning. Whatever cannot keep that promise drops the list: the next reader loads it again.
"""

from __future__ import annotations

from collections import OrderedDict

from hubbub.services.chat.api import Message

LENGTH = 50
CHANNELS = 1_000  # by default; the least recently used goes; 1,000 full lists are about 25 MB


class Recent:
    def __init__(self, channels: int) -> None:
        """`channels` 0 keeps nothing: for where other processes write to the same channels."""
        self._channels = channels
        self._lists: OrderedDict[int, list[Message]] = OrderedDict()
        self._changes = 0  # counts every change: a load that was overtaken is thrown away

    @property
    def keeps(self) -> bool:
        return self._channels > 0

    @property
    def version(self) -> int:
        return self._changes

    def newest(self, channel_id: int, count: int) -> tuple[Message, ...] | None:
        """Newest first; None when this cache cannot say."""
        known = self._lists.get(channel_id)
        if known is None or (len(known) < count and len(known) >= LENGTH):
            return None
        self._lists.move_to_end(channel_id)
        return tuple(reversed(known[-count:]))

    def load(self, channel_id: int, newest_first: tuple[Message, ...], version: int) -> None:
        """Keep a page that was read while `version` stood; it must be the newest LENGTH or all there are."""
        if version != self._changes:
            return
        self._lists[channel_id] = list(reversed(newest_first[:LENGTH]))
        if len(self._lists) > self._channels:
            self._lists.popitem(last=False)

    def add(self, message: Message) -> None:
        self._changes += 1
        known = self._lists.get(message.channel_id)
        if known is None:
            return
        if known and known[-1].id >= message.id:
            if all(each.id != message.id for each in known):  # told out of order: not worth sorting
                self.forget(message.channel_id)
            return
        known.append(message)
        if len(known) > LENGTH:
            del known[0]

    def replace(self, message: Message) -> None:
        self._changes += 1
        known = self._lists.get(message.channel_id, [])
        for at, each in enumerate(known):
            if each.id == message.id:
                known[at] = message

    def remove(self, channel_id: int, message_id: int) -> None:
        """The list would be one short of its promise, so it goes."""
        self._changes += 1
        known = self._lists.get(channel_id)
        if known is not None and any(each.id == message_id for each in known):
            del self._lists[channel_id]

    def forget(self, channel_id: int) -> None:
        self._changes += 1
        self._lists.pop(channel_id, None)

    def forget_all(self) -> None:
        """Names or answered texts inside the messages may be stale."""
        self._changes += 1
        self._lists.clear()
