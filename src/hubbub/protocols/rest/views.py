"""Answers that are put together from several services. Shared by the resources that return a whole server."""

from __future__ import annotations

from hubbub.protocols.wire import convert, things
from hubbub.services.channel.api import ChannelView, ServerView
from hubbub.services.chat.api import ChatApi
from hubbub.services.voice.api import VoiceApi


class Views:
    def __init__(self, chat: ChatApi, voice: VoiceApi) -> None:
        self._chat = chat
        self._voice = voice

    async def server(self, view: ServerView) -> things.Server:
        heads = await self._chat.heads(tuple(each.channel.id for each in view.channels))
        seen = {each.channel.id for each in view.channels}
        states = [state for state in await self._voice.states((view.server.id,)) if state.channel_id in seen]
        return convert.server_view(view, {head.channel_id: head for head in heads}, states)

    async def channel(self, view: ChannelView) -> things.Channel:
        (head,) = await self._chat.heads((view.channel.id,))
        return convert.channel_view(view, head.last_message_id)

    async def channels(self, views: tuple[ChannelView, ...]) -> tuple[things.Channel, ...]:
        heads = await self._chat.heads(tuple(view.channel.id for view in views))
        last = {head.channel_id: head.last_message_id for head in heads}
        return tuple(convert.channel_view(view, last.get(view.channel.id)) for view in views)
