"""The media of one process, part of the composition root: a node of our own here, the way to those elsewhere, or an
operator's LiveKit."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from hubbub import backends, machine, welcome
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
from hubbub.services.media.api import HooksApi, Keyholders, MediaApi, RoomsApi
from hubbub.services.media.leases import Leases, OnlyNode, RoomLeases
from hubbub.services.media.membership import Membership
from hubbub.services.media.node import MediaNode
from hubbub.services.media.operator import OperatorKeys, OperatorRooms
from hubbub.services.media.registry import Registry
from hubbub.services.media.service import MediaService
from hubbub.services.voice.placement import Placement
from hubbub.services.voice.service import VoiceService

if TYPE_CHECKING:
    from hubbub.services.media.cluster import ClusterMedia

OWN_KEY = "hubbub"
Between = Callable[[Any, Any], Any]


class Node(NamedTuple):
    """`id`: which one of several."""

    id: str
    node: MediaNode
    service: MediaService
    rooms: OperatorRooms
    engine: EmbeddedEngine
    leases: Leases


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
    """`api`: what the voice service asks; `rooms` and `keys`: what an operator's tools ask, and by which right; `hooks`:
    what an operator's LiveKit tells. `here` and `voice`: whether media and the voice service live in this process."""

    def __init__(self, world: World, here: bool, voice: bool, port: int) -> None:
        self._world = world
        self._voice = voice
        self._registry = Registry(world.cache, world.clock)
        self.tokens = _tokens(world)
        self.keys: Keyholders = OperatorKeys(self.tokens)
        self.cluster: ClusterMedia | None = None
        self.node: Node | None = None
        self.api: MediaApi
        self.rooms: RoomsApi | None = None
        self.hooks: HooksApi | None = None
        if world.config.livekit_url:
            self.api, self.hooks = rpc.remote(MediaApi, world.bus), rpc.remote(HooksApi, world.bus)
            if voice:  # the only one that asks
                cluster = backends.livekit(world.config, world.clock, world.publish, world.closing)
                self.cluster = cluster
                self.api, self.hooks = world.between(MediaApi, cluster), world.between(HooksApi, cluster)
            return
        self.node = self._open_node(port) if here else None
        if world.apart:
            rooms = self.node.rooms if self.node else None
            self.api = Placement(self._registry, lambda id: rpc.remote(MediaApi, world.bus, id))
            self.rooms = AllRooms(self._registry, lambda id: rpc.remote(RoomsApi, world.bus, id), rooms)
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
        if self.cluster is not None:
            await self.cluster.start()
            self._world.closing.append(self.cluster.stop)

    async def serve(self) -> list[Callable[[], None]]:
        """Where there are several processes: the others may ask from now on. How to stop."""
        world, here = self._world, self.node
        if self.cluster is not None and self._voice:
            return [await rpc.serve(HooksApi, self.cluster, world.bus)]
        if here is None:
            return []
        assert isinstance(here.leases, RoomLeases)
        membership = Membership(self._registry, here.leases, here.node, here.id)
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
        id = secrets.token_hex(6)
        leases = RoomLeases(self._registry, id, world.clock) if world.apart else OnlyNode()
        node = MediaNode(engine, self.tokens, admissions, world.clock, world.publish, leases)
        node.start()

        async def stop() -> None:
            node.stop()
            engine.close()

        world.closing.append(stop)
        here = "ws" + welcome.own_address(config, process_port).removeprefix("http") if world.apart else ""
        service = MediaService(node, self.tokens, admissions, config.media_url or here)
        return Node(id, node, service, OperatorRooms(node, service, world.clock), engine, leases)


def _tokens(world: World) -> AccessTokens:
    keys = world.config.data_dir / "keys"
    own = secrets.token_urlsafe(48) if world.apart else machine.secret(keys / "media")
    return AccessTokens({OWN_KEY: own, **world.config.livekit_keys}, OWN_KEY, world.clock)
