"""The cache between processes, on Redis or Valkey: one server (`redis://`, `rediss://`) or a cluster (`redis+cluster://`).

What must be atomic is a Lua script over one key (a claim's epoch is kept beside it, in the same slot of a cluster).
Time is the server's: buckets and leases mean the same to every process. Keys are prefixed with the instance's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from hubbub.errors import Unavailable
from hubbub.infra.cache.base import Claim

LARGEST = 1 << 20  # bytes of one value
ANSWER = 2.0  # seconds that the server may take
CONNECTIONS = 32
EPOCH_TTL = 86_400  # seconds that an epoch is remembered after its lease's last claim: then the clock is past it

_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = burst
if known[1] then level = math.min(burst, known[1] + math.max(0, now - known[2]) * rate) end
local missing = cost - level
if missing > 1e-6 then return string.format('%.9f', missing / rate) end
level = level - cost
redis.call('HSET', KEYS[1], 'level', string.format('%.9f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - level) / rate * 1000) + 1)
return '0'
"""
_CLAIM = """
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
elseif not holder then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  holder = ARGV[1]
  local time = redis.call('TIME')
  local epoch = time[1] * 1000000 + time[2]
  local last = redis.call('GET', KEYS[2])
  if last and tonumber(last) >= epoch then epoch = tonumber(last) + 1 end
  redis.call('SET', KEYS[2], string.format('%.0f', epoch), 'EX', ARGV[3])
end
return {holder, redis.call('GET', KEYS[2]) or '0'}
"""
_HOLDER = """
local holder = redis.call('GET', KEYS[1])
return holder and {holder, redis.call('GET', KEYS[2]) or '0'} or {}
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_RANGE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
"""

R = TypeVar("R")


class RedisCache:
    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = f"{prefix}:"
        options: dict[str, Any] = {
            "socket_timeout": ANSWER,
            "socket_connect_timeout": ANSWER,
            "health_check_interval": 15,
            "max_connections": CONNECTIONS,
        }
        self._client: Any
        if self._is_cluster(url):
            del options["health_check_interval"]
            address = url.replace("+cluster", "", 1)
            self._client = RedisCluster.from_url(address, **options)
        else:
            self._client = Redis.from_url(url, retry=Retry(NoBackoff(), 1), **options)
        self._free = asyncio.Semaphore(CONNECTIONS)  # the client would refuse the one too many; here it waits its turn
        self._take = self._client.register_script(_TAKE)
        self._claim = self._client.register_script(_CLAIM)
        self._holder = self._client.register_script(_HOLDER)
        self._release = self._client.register_script(_RELEASE)
        self._range = self._client.register_script(_RANGE)

    @staticmethod
    def _is_cluster(url: str) -> bool:
        return url.partition("://")[0].endswith("+cluster")

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        named = [self._prefix + key for key in keys]
        if isinstance(self._client, RedisCluster):
            return await self._done(lambda: self._client.mget_nonatomic(named))
        return await self._done(lambda: self._client.mget(named))

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        _check(key, value, ttl)
        await self._done(lambda: self._client.set(self._prefix + key, value, px=_ms(ttl)))

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        _check(key, value, ttl)
        return bool(await self._done(lambda: self._client.set(self._prefix + key, value, px=_ms(ttl), nx=True)))

    async def delete(self, *keys: str) -> None:
        if keys:
            await self._done(lambda: self._client.delete(*(self._prefix + key for key in keys)))

    async def claim(self, key: str, holder: bytes, ttl: float) -> Claim:
        _check(key, holder, ttl)
        name = f"{{{self._prefix}{key}}}"  # braces: both keys live in one slot
        names = [f"{name}:lease", f"{name}:epoch"]
        held = await self._done(lambda: self._claim(keys=names, args=[holder, _ms(ttl), EPOCH_TTL]))
        return Claim(held[0], int(held[1]))

    async def holder(self, key: str) -> Claim | None:
        name = f"{{{self._prefix}{key}}}"
        held = await self._done(lambda: self._holder(keys=[f"{name}:lease", f"{name}:epoch"], args=[]))
        return Claim(held[0], int(held[1])) if held else None

    async def release(self, key: str, claim: Claim) -> bool:
        name = f"{{{self._prefix}{key}}}"
        names = [f"{name}:lease", f"{name}:epoch"]
        return bool(await self._done(lambda: self._release(keys=names, args=[claim.holder, claim.epoch])))

    async def put_hash(self, key: str, fields: Mapping[str, bytes], ttl: float) -> None:
        for value in fields.values():
            _check(key, value, ttl)
        name = self._prefix + key

        async def both() -> None:
            async with self._client.pipeline(transaction=True) as pipe:
                if fields:
                    pipe.hset(name, mapping=dict(fields))
                pipe.pexpire(name, _ms(ttl))
                await pipe.execute()

        await self._done(both)

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[str, bytes]]:
        async def all_of_them() -> list[dict[bytes, bytes]]:
            async with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hgetall(self._prefix + key)
                return await pipe.execute()

        found = await self._done(all_of_them) if keys else []
        return [{name.decode(): value for name, value in each.items()} for each in found]

    async def score(self, key: str, member: str, score: float, ttl: float) -> None:
        _check(key, b"", ttl)
        if score != score:
            raise ValueError("a score has an order")
        name = self._prefix + key

        async def both() -> None:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.zadd(name, {member: score})
                pipe.pexpire(name, _ms(ttl))
                await pipe.execute()

        await self._done(both)

    async def range(self, key: str, low: float, high: float, limit: int) -> list[tuple[str, float]]:
        arguments = [_score(low), _score(high), max(0, limit)]
        flat = await self._done(lambda: self._range(keys=[self._prefix + key], args=arguments))
        return [(member.decode(), float(score)) for member, score in zip(flat[::2], flat[1::2], strict=True)]

    async def take(self, key: str, per_second: float, burst: float, cost: float) -> float:
        if not (per_second > 0 and 0 <= cost <= burst):
            raise ValueError(f"a bucket of {burst} filled by {per_second} per second never holds {cost}")
        arguments = [repr(float(each)) for each in (per_second, burst, cost)]
        return float(await self._done(lambda: self._take(keys=[self._prefix + key], args=arguments)))

    async def ping(self) -> None:
        """For health checks: raises Unavailable when the server does not answer."""
        await self.get([f"health:{id(self)}"])

    async def close(self) -> None:
        await self._client.aclose()

    async def _done(self, work: Callable[[], Awaitable[R]]) -> R:
        try:
            async with self._free:
                return await work()
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE") or "WRONGTYPE" in str(error):
                raise TypeError(str(error)) from error
            raise Unavailable(f"Redis: {error}") from error
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"Redis: {error!r}", started=True) from error


def _ms(ttl: float) -> int:
    return max(1, round(ttl * 1000))


def _score(value: float) -> str:
    return {float("inf"): "+inf", float("-inf"): "-inf"}.get(value, repr(float(value)))


def _check(key: str, value: bytes, ttl: float) -> None:
    if not key or not key.isascii() or len(value) > LARGEST or ttl <= 0:
        raise ValueError(f"{key!r}: {len(value)} bytes for {ttl} s")
