"""Which database, bus and cache this process has, and whose media: the settings say it, assembly asks. A driver is
imported only when it is used."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from hubbub.clock import Clock
from hubbub.config import Config
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.infra.bus.base import Bus
from hubbub.infra.cache.base import Cache
from hubbub.infra.cache.lease import take_worker
from hubbub.infra.database.base import Database
from hubbub.infra.database.measures import DatabaseMeasures
from hubbub.infra.database.outbox import Lag, Publish
from hubbub.machine import CannotStart
from hubbub.services.media.access_token import AccessTokens

if TYPE_CHECKING:
    from hubbub.services.media.cluster import ClusterMedia

T = TypeVar("T")
Closing = list[Callable[[], Awaitable[None]]]


class Engine(Database, Protocol):
    """A database as the composition root sees it."""

    measures: DatabaseMeasures

    async def publish_to(self, publish: Publish) -> None: ...

    def publish_again(self) -> None:
        """The bus was interrupted: what was published shortly before may be lost."""
        ...

    async def lag(self) -> Lag: ...


def are_apart(config: Config, services: Sequence[str], every: Sequence[str]) -> bool:
    """Whether other processes belong to this instance. Raises CannotStart when it lacks what they need."""
    engines = {"DATABASE_URL": config.database_url, "NATS_URL": config.nats_url, "REDIS_URL": config.redis_url}
    missing = [name for name, url in engines.items() if not url]
    if set(services) != set(every) and missing:
        raise CannotStart(
            f"`hubbub run {' '.join(services)}` is one process of several: they meet on PostgreSQL, NATS and Redis. "
            f"Set {', '.join(missing)} (`hubbub config` explains them), or run everything in one: `hubbub run`."
        )
    if config.nats_url and missing:
        raise CannotStart(f"NATS_URL is set, so other processes are expected: set {', '.join(missing)} too.")
    return bool(config.nats_url)


async def open_bus(config: Config, closing: Closing, interrupted: Callable[[], None]) -> Bus:
    if config.nats_url:
        from hubbub.infra.bus.nats import NatsBus

        bus: Bus = await _opened("NATS_URL", NatsBus.connect(config.nats_url, config.namespace, interrupted))
    else:
        from hubbub.infra.bus.memory import MemoryBus

        bus = MemoryBus()
    closing.append(bus.close)
    return bus


async def open_cache(config: Config, clock: Clock, closing: Closing) -> Cache:
    if config.redis_url:
        from hubbub.infra.cache.redis import RedisCache

        try:
            cache: Cache = RedisCache(config.redis_url, config.namespace)
        except ValueError as error:
            raise CannotStart(f"REDIS_URL: {error}") from None
        closing.append(cache.close)
        await _opened("REDIS_URL", cache.get(["health"]))
        return cache
    from hubbub.infra.cache.memory import MemoryCache

    cache = MemoryCache(clock)
    closing.append(cache.close)
    return cache


async def open_database(config: Config, clock: Clock, closing: Closing) -> Engine:
    if config.database_url:
        from hubbub.infra.database.postgres import PostgresDatabase

        replicas = config.database_replica_url
        database: Engine = await _opened(
            "DATABASE_URL", PostgresDatabase.open(config.database_url, clock=clock, replicas=replicas)
        )
    else:
        from hubbub.infra.database.sqlite import SqliteDatabase

        path, replicated = str(config.database_path), config.replication == "litestream"
        opening = SqliteDatabase.open(path, clock=clock, replicated=replicated, key=config.database_key)
        database = await _opened(path, opening)
    closing.append(database.close)
    return database


async def worker_number(cache: Cache, apart: bool, closing: Closing, lost: Callable[[], None]) -> int:
    """For snowflakes: leased where other processes make ids too."""
    if not apart:
        return 0
    number, lease = await _opened("REDIS_URL", take_worker(cache, secrets.token_bytes(12), lost))
    closing.append(lease.close)
    return number


def livekit(config: Config, clock: Clock, publish: Callable[[Event], None], closing: Closing) -> ClusterMedia:
    """An operator's own LiveKit, which the settings name."""
    from hubbub.infra.twirp import Twirp
    from hubbub.services.media.cluster import ClusterMedia

    tokens = AccessTokens({config.livekit_api_key: config.livekit_api_secret}, config.livekit_api_key, clock)
    caller = Twirp(f"http{config.livekit_url.removeprefix('ws')}", "livekit.RoomService")
    closing.append(caller.close)
    return ClusterMedia(caller, tokens, config.livekit_url, config.namespace, clock, publish)


async def _opened(name: str, opening: Awaitable[T]) -> T:
    try:
        return await opening
    except Unavailable as error:
        raise CannotStart(f"{name}: {error}") from None
