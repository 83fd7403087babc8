"""The chat service: holds what the verbs need and delegates to them."""

from __future__ import annotations

from collections.abc import Callable

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra.database.base import Database
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.events import ChannelDeleted, ServerDeleted
from hubbub.services.channel.permission_bits import SEND_MESSAGES, VIEW_CHANNEL
from hubbub.services.chat import events, store
from hubbub.services.chat.api import ChannelHead, Draft, Message, Page, ReadState, Sent
from hubbub.services.chat.calls import Calls
from hubbub.services.chat.history import History
from hubbub.services.chat.message_batch import MessageBatch
from hubbub.services.chat.message_build import MessageBuild
from hubbub.services.chat.message_change import MessageChange
from hubbub.services.chat.message_send import MessageSend
from hubbub.services.chat.proved import Proved
from hubbub.services.chat.purge import Purge
from hubbub.services.chat.read_state import ReadStates
from hubbub.services.chat.recent import Recent
from hubbub.services.user.api import UserApi
from hubbub.services.user.events import ProfileUpdated


class ChatService:
    """Implements ChatApi. `publish` is for facts of the moment; the others leave through the outbox.
    `recent_channels`: how many channels' newest messages are kept in memory; 0 where other
    processes write too: then what is kept is proved at each use."""

    def __init__(
        self,
        database: Database,
        users: UserApi,
        channels: ChannelApi,
        ids: Snowflakes,
        clock: Clock,
        publish: Callable[[Event], None],
        recent_channels: int,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._publish = publish
        self._recent = Recent(recent_channels)
        build = MessageBuild(database, users)
        batch = MessageBatch(database, ids, clock, self._recent)
        self._send = MessageSend(channels, build, batch)
        self._change = MessageChange(database, channels, clock, build, self._send, self._recent)
        self._proved = Proved(database, build)
        self._history = History(database, channels, build, self._recent, self._proved, clock)
        self._reading = ReadStates(database, channels)
        self._calls = Calls(database, channels, build)
        self._purge = Purge(database)
        self.sent = 0  # messages stored by this process, for /metrics
        self.batches = batch.sizes  # how many of them shared a transaction, too

    async def send(self, principal: Principal, draft: Draft) -> Sent:
        sent = await self._send.send(principal, draft)
        self.sent += sent.created
        return sent

    async def edit(self, principal: Principal, message_id: int, content: str) -> Message:
        return await self._change.edit(principal, message_id, content)

    async def delete(self, principal: Principal, message_id: int) -> None:
        await self._change.delete(principal, message_id)

    async def message(self, principal: Principal, channel_id: int, message_id: int) -> Message:
        return await self._history.message(principal, channel_id, message_id)

    async def page(self, principal: Principal, page: Page) -> tuple[Message, ...]:
        return await self._history.page(principal, page)

    async def calls(self, principal: Principal, before: int | None, limit: int) -> tuple[Message, ...]:
        return await self._calls.newest(principal, before, limit)

    async def mark_read(self, principal: Principal, channel_id: int, message_id: int) -> ReadState:
        return await self._reading.mark(principal, channel_id, message_id)

    async def read_states(self, principal: Principal) -> tuple[ReadState, ...]:
        return await self._reading.all(principal)

    async def start_typing(self, principal: Principal, channel_id: int) -> None:
        access = await self._channels.authorize(principal, channel_id, VIEW_CHANNEL | SEND_MESSAGES)
        self._publish(
            events.TypingStarted(
                server_id=access.server_id,
                channel_id=channel_id,
                user_id=principal.user_id,
                at=self._clock.now_ms(),
            )
        )

    async def heads(self, channel_ids: tuple[int, ...]) -> tuple[ChannelHead, ...]:
        if len(channel_ids) > 1_000:
            raise Refused("request.too_many_ids", limit=1_000)
        seqs = await self._database.heads([events.stream(each) for each in channel_ids])
        found: list[ChannelHead] = []
        for channel_id in channel_ids:
            rows = await self._database.fetch(store.LAST, channel=channel_id)
            last = rows[0][0] if rows else None
            found.append(
                ChannelHead(channel_id=channel_id, last_message_id=last, seq=seqs.get(events.stream(channel_id), 0))
            )
        return tuple(found)

    async def close(self) -> None:
        """Finish the messages accepted so far, then refuse."""
        await self._send.close()

    async def on_event(self, event: Event) -> None:
        """Facts of others (assembly subscribes): deleted rooms take their messages along; names go stale."""
        if isinstance(event, ChannelDeleted):
            self._forget(event.channel_id)
            await self._purge.channel(event.channel_id)
        elif isinstance(event, ServerDeleted):
            for channel_id in event.channel_ids:
                self._forget(channel_id)
                await self._purge.channel(channel_id)
        elif isinstance(event, ProfileUpdated):
            self._recent.forget_all()

    def _forget(self, channel_id: int) -> None:
        self._recent.forget(channel_id)
        self._proved.forget(channel_id)
