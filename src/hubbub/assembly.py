"""The composition root: the only place that knows which backends and which topology this process has.

Everything below gets its collaborators handed in. A service that does not live here is reached over the bus; with
`HUBBUB_ENCODED_CALLS=1` each call between services passes through the encoding of calls between processes even here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from hubbub import backends, events, front, machine, server, welcome
from hubbub.clock import Clock, SystemClock
from hubbub.config import Config
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra import rpc
from hubbub.infra.bus.base import Bus
from hubbub.infra.bus.inbox import Inbox
from hubbub.infra.cache.base import Cache
from hubbub.infra.cache.lease import Lease
from hubbub.infra.parcels import parcels
from hubbub.infra.telemetry.loop_lag import LoopLag
from hubbub.machine import CannotStart
from hubbub.media_side import MediaSide, World
from hubbub.protocols.rest import app as rest
from hubbub.readiness import Readiness
from hubbub.services.auth import signing_key
from hubbub.services.auth.api import AuthApi
from hubbub.services.auth.service import AuthService
from hubbub.services.auth.setup_token import SetupToken
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.service import ChannelService
from hubbub.services.chat.api import ChatApi
from hubbub.services.chat.recent import CHANNELS
from hubbub.services.chat.service import ChatService
from hubbub.services.gateway.service import GatewayService
from hubbub.services.limits.api import LimitsApi
from hubbub.services.limits.service import LimitsService
from hubbub.services.presence.api import PresenceApi
from hubbub.services.presence.service import PresenceService
from hubbub.services.user.api import UserApi
from hubbub.services.user.service import UserService
from hubbub.services.voice.api import VoiceApi
from hubbub.services.voice.service import VoiceService

__all__ = ("EVERY", "CannotStart", "Place", "run")

OTHERS_COME = 60.0  # seconds in which services that this one needs at its start must be there
EVERY = ("gateway", "auth", "user", "channel", "chat", "voice", "presence", "media")
WITHOUT_DATABASE = {"presence", "media"}
A = TypeVar("A")
log = logging.getLogger(__name__)

# What each service hears of the others, by bus subject.
HEARS = {
    "channel": ("user.profile.updated.>",),
    "chat": ("channel.deleted.>", "server.deleted.>", "user.profile.updated.>"),
    "voice": (
        "media.>",
        "server.permissions.changed.>",
        "server.member.removed.>",
        "channel.deleted.>",
        "server.deleted.>",
        "auth.session.revoked.>",
    ),
}
# What it hears besides of its own kind, where there may be several: what they keep in memory goes stale.
HEARS_OF_ITS_KIND = {
    "auth": ("auth.session.revoked.>",),
    "user": ("user.profile.updated.>",),
    "channel": ("server.>", "channel.>"),
}


async def run(config: Config, services: Sequence[str] = ()) -> None:
    """The whole life of `hubbub run [SERVICE…]`; none named: all."""
    try:
        listening = server.bind(config.host, config.port)
    except OSError as error:
        raise CannotStart(f"{error.strerror}. Choose another HUBBUB_PORT; `hubbub doctor` tells more.") from None
    port = listening.getsockname()[1]
    place = Place(config, port, services)
    try:
        await place.open()
        print(welcome.text(config, port, place.media_port, place.setup_token), flush=True)
        await server.serve(place.server, listening)
    finally:
        await place.close()
        listening.close()


class Place:
    """Everything that one process holds, opened from the bottom up and closed from the top down."""

    def __init__(self, config: Config, port: int, services: Sequence[str] = ()) -> None:
        self._config = config
        self._port = port
        self._names: tuple[str, ...] = tuple(services) or EVERY
        self._clock: Clock = SystemClock()
        self._closing: backends.Closing = []
        self._local: dict[str, Any] = {}
        self._served: list[Callable[[], None]] = []
        self._lag = LoopLag()
        self._inboxes: list[Inbox] = []
        self._readiness = Readiness()
        self._media: MediaSide
        self.setup_token: str | None = None
        self.server: server.Server
        self._bus: Bus
        self._cache: Cache
        self._database: backends.Engine | None = None
        self._apart = False

    @property
    def media_port(self) -> int:
        """UDP; 0 when there is no node here."""
        return self._media.port

    async def open(self) -> None:
        """Whatever fails here, `close` takes back what was opened."""
        machine.make_private(self._config.data_dir)
        self._traced()
        self._lag.start()
        self._closing.append(self._lag.close)
        await self._open_backends()
        services = await self._open_services()
        self._open_front(services)
        if self._apart:
            await self._serve()

    async def close(self) -> None:
        """Every part is closed even when another one cannot be."""
        while self._closing:
            try:
                await self._closing.pop()()
            except Exception:
                log.exception("a part did not close cleanly")

    # ---- backends

    async def _open_backends(self) -> None:
        config = self._config
        self._apart = backends.are_apart(config, self._names, EVERY)
        self._bus = await backends.open_bus(config, self._closing, self._interrupted)
        self._cache = await backends.open_cache(config, self._clock, self._closing)
        if self._apart:
            self._readiness.ask_for("cache", lambda: self._cache.get(["health"]))
            self._readiness.ask_for("bus", self._bus_answers)
        if set(self._names) - WITHOUT_DATABASE:
            database = self._database = await backends.open_database(config, self._clock, self._closing)
            self._readiness.ask_for("database", lambda: database.heads(["health"]))

    async def _bus_answers(self) -> None:
        if not self._bus.connected:
            raise Unavailable("the bus is not connected")

    def _interrupted(self) -> None:
        if self._database is not None:
            self._database.publish_again()

    # ---- services

    async def _open_services(self) -> rest.Services:
        config, clock, cache = self._config, self._clock, self._cache
        database: Any = self._database  # there, wherever a service lives that asks for it
        number = await backends.worker_number(cache, self._apart, self._closing, self._give_up)
        ids = Snowflakes(number, clock)
        users = self._api("user", UserApi, lambda: UserService(database, clock))
        channels = self._api("channel", ChannelApi, lambda: ChannelService(database, users, ids, clock))
        limits = self._between(LimitsApi, LimitsService(cache, config.rate_limit_scale))
        presence = self._api("presence", PresenceApi, lambda: PresenceService(cache, channels, clock, self._publish))
        recent = 0 if self._apart else CHANNELS
        chat = self._api(
            "chat", ChatApi, lambda: ChatService(database, users, channels, ids, clock, self._publish, recent)
        )
        media = self._media = self._open_media()
        voice = self._api(
            "voice", VoiceApi, lambda: VoiceService(database, channels, users, media.api, clock, self._publish)
        )
        auth = self._api("auth", AuthApi, lambda: self._auth(users, channels, ids))
        found = rest.Services(
            auth=auth, users=users, channels=channels, chat=chat, voice=voice, presence=presence, limits=limits
        )
        if "gateway" in self._names:
            gateway = GatewayService(self._bus, database, channels, chat, voice, presence, users, clock)
            self._local["gateway"] = gateway
        await self._start()
        return found

    async def _start(self) -> None:
        """Everybody listens before anybody speaks."""
        for name, service in self._local.items():
            patterns = [*HEARS.get(name, ()), *(HEARS_OF_ITS_KIND.get(name, ()) if self._apart else ())]
            if patterns:
                await self._hear(name, service, patterns)
        if (gateway := self._local.get("gateway")) is not None:
            await gateway.start()
            self._closing.append(gateway.stop)
        if (channel := self._local.get("channel")) is not None:
            await channel.start()
            self._closing.append(channel.close)
        if (chat := self._local.get("chat")) is not None:
            self._closing.append(chat.close)
        if self._database is not None:
            await self._database.publish_to(self._publish_all)
        if self._apart:  # others may need these to start in their turn
            await self._serve_some("user", "channel")
        if (auth := self._local.get("auth")) is not None:
            self.setup_token = await self._patiently(auth.start)
        if (voice := self._local.get("voice")) is not None:
            await self._start_voice(voice)

    async def _start_voice(self, voice: VoiceService) -> None:
        """Who sits where is known to one process: others stand by."""
        if self._apart:
            lease = Lease(self._cache, "office:voice", secrets.token_bytes(12), self._give_up)
            await lease.wait()
            self._closing.append(lease.close)
        await self._patiently(voice.start)
        self._closing.append(voice.close)
        await self._media.start(voice)

    async def _serve(self) -> None:
        """From now on other processes may ask; before everything else closes they no longer do."""
        await self._serve_some("auth", "chat", "presence", "voice")
        self._served += await self._media.serve()
        self._closing.append(parcels(self._bus).finish)
        self._closing.append(self._bus.finish)  # the last one is the first to close

    async def _serve_some(self, *names: str) -> None:
        apis: dict[str, type] = {
            "auth": AuthApi,
            "user": UserApi,
            "channel": ChannelApi,
            "chat": ChatApi,
            "presence": PresenceApi,
            "voice": VoiceApi,
        }
        for name in names:
            if name in self._local:
                self._served.append(await rpc.serve(apis[name], self._local[name], self._bus))

    async def _patiently(self, start: Callable[[], Awaitable[A]]) -> A:
        """What a service needs at its start may itself be starting, in another process."""
        end = asyncio.get_running_loop().time() + (OTHERS_COME if self._apart else 0)
        while True:
            try:
                return await start()
            except Unavailable as error:
                if asyncio.get_running_loop().time() > end:
                    raise CannotStart(f"another service is missing: {error}") from None
                await asyncio.sleep(0.2)

    def _give_up(self) -> None:
        """Another process does what only one may do: end, as an operator would have us end."""
        os.kill(os.getpid(), signal.SIGTERM)

    def _open_front(self, services: rest.Services) -> None:
        media, local = self._media, self._local
        parts = front.Parts(
            lag=self._lag,
            bus=self._bus,
            inboxes=self._inboxes,
            readiness=self._readiness,
            database=self._database,
            gateway=local.get("gateway"),
            chat=local.get("chat"),
            voice=local.get("voice"),
            media=media,
        )
        self.server = front.make(self._config, self._clock, services, parts)

        def farewell() -> None:
            """Nothing new is taken; clients learn where to go while they can still be told."""
            self._readiness.drain()
            for stop in self._served:
                stop()
            if parts.gateway is not None:
                parts.gateway.drain()
            if media.node is not None:
                media.node.node.stop()

        self.server.farewell = farewell

    # ---- parts

    def _api(self, name: str, api: type[A], make: Callable[[], A]) -> A:
        """The service, here or elsewhere."""
        if name not in self._names:
            return rpc.remote(api, self._bus)
        service = self._local[name] = make()
        return self._between(api, service)

    def _auth(self, users: UserApi, channels: ChannelApi, ids: Snowflakes) -> AuthService:
        config, database = self._config, self._database
        assert database is not None
        try:
            key = signing_key.load(config.jwt_secret or None, config.data_dir / "keys" / "jwt.pem")
        except signing_key.KeyRefused as reason:
            raise CannotStart(str(reason)) from None
        setup = SetupToken(config.data_dir / "setup-token")
        return AuthService(database, users, channels, ids, self._clock, key, setup, config.registration)

    def _open_media(self) -> MediaSide:
        if self._config.livekit_url and self._names == ("media",):
            raise CannotStart("HUBBUB_LIVEKIT_URL is set: LiveKit has the media, and this process nothing to do.")
        world = World(
            self._config,
            self._clock,
            self._bus,
            self._cache,
            self._publish,
            self._closing,
            self._between,
            self._apart,
        )
        return MediaSide(world, "media" in self._names, "voice" in self._names, self._port)

    def _between(self, api: type[A], service: A) -> A:
        """What one service gets of another."""
        if self._config.encoded_calls:
            return rpc.encoded(api, service)
        return rpc.traced(api, service) if self._config.otlp_endpoint else service

    def _traced(self) -> None:
        """Spans go to a collector if there is one; without one nothing of OpenTelemetry is loaded."""
        if not self._config.otlp_endpoint:
            return
        from hubbub.infra.telemetry.traces import Traces

        name = f"hubbub-{self._names[0]}" if len(self._names) == 1 else "hubbub"
        traces = Traces(name, self._config.otlp_endpoint)
        self._closing.append(lambda: asyncio.to_thread(traces.close))

    async def _hear(self, name: str, service: Any, patterns: Sequence[str]) -> None:
        inbox = Inbox(name, service.on_event, getattr(service, "on_gap", None))
        self._inboxes.append(inbox)
        await inbox.start(self._bus, patterns)
        self._closing.append(inbox.close)

    def _publish(self, event: Event) -> None:
        """Facts of the moment: while the bus is away they are lost, as it says."""
        try:
            self._bus.publish(event.topic, events.encode(event, "", 0, self._clock.now_ms()))
        except Unavailable as error:
            log.warning("%s was not told: %s", type(event).__name__, error)

    def _publish_all(self, facts: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in facts:
            self._bus.publish(topic, payload)
