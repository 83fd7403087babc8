"""The media of one process, part of the composition root: a node of our own here, or the way to those elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from hubbub import machine, welcome
from hubbub.backends import Closing
from hubbub.clock import Clock
from hubbub.config import Config
from hubbub.events import Event
from hubbub.infra import rpc
from hubbub.infra.bus.base import Bus
from hubbub.infra.cache.base import Cache
from hubbub.infra.sfu.embedded import EmbeddedEngine
from hubbub.machine import CannotStart
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.all_rooms import AllRooms
from hubbub.services.media.api import Keyholders, MediaApi, RoomsApi
from hubbub.services.media.membership import Membership
from hubbub.services.media.node import MediaNode
from hubbub.services.media.operator import OperatorKeys, OperatorRooms
from hubbub.services.media.service import MediaService
from hubbub.services.voice.placement import Placement
from hubbub.services.voice.service import VoiceService

OWN_KEY = "hubbub"
Between = Callable[[Any, Any], Any]


class Node(NamedTuple):
    """`id`: which one of several."""

    id: str
    node: MediaNode
    service: MediaService
    rooms: OperatorRooms
    engine: EmbeddedEngine


class World(NamedTuple):
    """What media is made of here."""

    config: Config
    clock: Clock
    bus: Bus
    cache: Cache
    publish: Callable[[Event], None]
    closing: Closing
    between: Between
    apart: bool


class MediaSide:
    """`api`: what the voice service asks; `rooms` and `keys`: what an operator's tools ask, and by which right."""

    def __init__(self, world: World, here: bool, port: int) -> None:
        self._world = world
        self.tokens = _tokens(world)
        self.keys: Keyholders = OperatorKeys(self.tokens)
        self.node = self._open_node(port) if here else None
        self.api: MediaApi
        self.rooms: RoomsApi
        if world.apart:
            rooms = self.node.rooms if self.node else None
            self.api = Placement(world.cache, lambda id: rpc.remote(MediaApi, world.bus, id))
            self.rooms = AllRooms(world.cache, lambda id: rpc.remote(RoomsApi, world.bus, id), rooms)
        else:
            assert self.node is not None
            self.api = world.between(MediaApi, self.node.service)
            self.rooms = world.between(RoomsApi, self.node.rooms)

    @property
    def port(self) -> int:
        return self.node.engine.port if self.node else 0

    async def start(self, voice: VoiceService) -> None:
        """Where the voice service lives, once it has begun."""
        if isinstance(self.api, Placement):
            await self.api.start(voice.room_lost)
            self._world.closing.append(self.api.stop)

    async def serve(self) -> list[Callable[[], None]]:
        """Where there are several processes: the others may ask from now on. How to stop."""
        if self.node is None:
            return []
        world, here = self._world, self.node
        membership = Membership(world.cache, here.node, here.id, world.clock)
        stops = [
            await rpc.serve(MediaApi, here.service, world.bus, place=here.id),
            await rpc.serve(RoomsApi, here.rooms, world.bus, place=here.id),
        ]
        await membership.start()
        world.closing.append(membership.close)
        return stops

    def _open_node(self, process_port: int) -> Node:
        world, config = self._world, self._world.config
        port = config.media_port or process_port
        try:
            engine = EmbeddedEngine(machine.bind_address(config.host), port, config.public_ip)
        except OSError as error:
            raise CannotStart(f"UDP port {port} cannot be used: {error}. Choose another HUBBUB_MEDIA_PORT.") from None
        admissions = Admissions(world.clock)
        node = MediaNode(engine, self.tokens, admissions, world.clock, world.publish)
        node.start()

        async def stop() -> None:
            node.stop()
            engine.close()

        world.closing.append(stop)
        here = "ws" + welcome.own_address(config, process_port).removeprefix("http") if world.apart else ""
        service = MediaService(node, self.tokens, admissions, config.media_url or here)
        return Node(secrets.token_hex(6), node, service, OperatorRooms(node, service, world.clock), engine)


def _tokens(world: World) -> AccessTokens:
    keys = world.config.data_dir / "keys"
    own = secrets.token_urlsafe(48) if world.apart else machine.secret(keys / "media")
    return AccessTokens({OWN_KEY: own, **world.config.livekit_keys}, OWN_KEY, world.clock)
