"""What the cache port promises, on every backend.

To add a backend: a class like `Memory` below and its name in `BACKENDS`. Time is moved by `forward`: by hand where the
backend takes our clock, by waiting where it has its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hubbub.errors import Unavailable
from hubbub.infra.cache import redis
from hubbub.infra.cache.base import Cache
from hubbub.infra.cache.memory import MemoryCache
from hubbub.infra.cache.redis import RedisCache
from tests.contract.hand_clock import HandClock
from tests.servers.engines import Redis as Server
from tests.servers.engines import fresh_name


class Memory:
    patience = 1e9  # seconds that one test may let pass

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._clock = HandClock()

    def open(self) -> Cache:
        return MemoryCache(self._clock)

    async def forward(self, seconds: float) -> None:
        self._clock.forward(seconds)


class Redis:
    """Its own clock cannot be moved: here time really passes."""

    patience = 3.0
    server = "redis_server"

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._url = self.url(request)
        self._prefix = fresh_name()

    def url(self, request: pytest.FixtureRequest) -> str:
        return request.getfixturevalue("redis_server").url

    def open(self) -> Cache:
        return RedisCache(self._url, self._prefix)

    async def forward(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Cluster(Redis):
    def url(self, request: pytest.FixtureRequest) -> str:
        return request.getfixturevalue("redis_cluster").cluster_url()


BACKENDS: dict[str, type[Memory] | type[Redis]] = {"memory": Memory, "redis": Redis, "redis cluster": Cluster}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Memory | Redis:
    return BACKENDS[request.param](request)


@pytest.fixture
async def cache(backend: Memory | Redis) -> AsyncIterator[Cache]:
    opened = backend.open()
    yield opened
    await opened.close()


# ---- values ----------------------------------------------------------------------------------------------------------


async def test_values_come_back_in_the_order_of_their_keys(cache: Cache) -> None:
    await cache.put("a", b"1", 60)
    await cache.put("b", b"\0\xff", 60)
    await cache.put("empty", b"", 60)
    assert await cache.get(["b", "none", "a", "b", "empty"]) == [b"\0\xff", None, b"1", b"\0\xff", b""]
    assert await cache.get([]) == []


async def test_a_value_lasts_as_long_as_its_last_put_said(backend: Memory | Redis, cache: Cache) -> None:
    await cache.put("short", b"1", 3)
    await cache.put("long", b"1", 3)
    await backend.forward(1)
    await cache.put("long", b"2", 6)
    await backend.forward(1)
    assert await cache.get(["short", "long"]) == [b"1", b"2"]
    await backend.forward(2)
    assert await cache.get(["short", "long"]) == [None, b"2"]


async def test_deleting_is_final_and_absent_keys_do_no_harm(cache: Cache) -> None:
    await cache.put("a", b"1", 60)
    await cache.put("b", b"2", 60)
    await cache.delete("a", "none")
    await cache.delete()
    assert await cache.get(["a", "b"]) == [None, b"2"]


async def test_only_the_first_may_add(backend: Memory | Redis, cache: Cache) -> None:
    won = await asyncio.gather(*(cache.add("lease", str(n).encode(), 2) for n in range(20)))
    assert won.count(True) == 1
    assert await cache.get(["lease"]) == [str(won.index(True)).encode()]
    await backend.forward(3)
    assert await cache.add("lease", b"later", 2) is True


async def test_a_value_may_be_a_mebibyte(cache: Cache) -> None:
    await cache.put("a", bytes(1 << 20), 60)
    assert (await cache.get(["a"]))[0] == bytes(1 << 20)
    with pytest.raises(ValueError):
        await cache.put("a", bytes((1 << 20) + 1), 60)


@pytest.mark.parametrize(("key", "ttl"), [("", 1), ("\u00e9", 1), ("a", 0), ("a", -1)])
async def test_keys_are_ascii_and_values_end(cache: Cache, key: str, ttl: float) -> None:
    with pytest.raises(ValueError):
        await cache.put(key, b"", ttl)


# ---- hashes ----------------------------------------------------------------------------------------------------------


async def test_fields_of_a_hash_are_put_beside_each_other(backend: Memory | Redis, cache: Cache) -> None:
    assert (await cache.get_hashes(["h"]))[0] == {}
    await cache.put_hash("h", {"a": b"1", "b": b"2"}, 2)
    await backend.forward(1)
    await cache.put_hash("h", {"b": b"3", "c": b"4"}, 3)
    await backend.forward(2)
    assert (await cache.get_hashes(["h"]))[0] == {"a": b"1", "b": b"3", "c": b"4"}
    await backend.forward(2)
    assert (await cache.get_hashes(["h"]))[0] == {}
    await cache.put_hash("h", {"d": b"5"}, 2)
    assert (await cache.get_hashes(["h"]))[0] == {"d": b"5"}
    await cache.delete("h")
    assert (await cache.get_hashes(["h"]))[0] == {}


async def test_many_hashes_come_in_the_order_of_their_keys(cache: Cache) -> None:
    assert await cache.get_hashes([]) == []
    for number in range(40):
        await cache.put_hash(f"h{number}", {"a": b"%d" % number}, 60)
    asked = [39, 3, 99, 0, 3]
    found = await cache.get_hashes([f"h{number}" for number in asked])
    assert found == [{"a": b"39"}, {"a": b"3"}, {}, {"a": b"0"}, {"a": b"3"}]


async def test_what_was_read_is_the_readers_own(cache: Cache) -> None:
    await cache.put_hash("h", {"a": b"1"}, 60)
    (await cache.get_hashes(["h"]))[0]["a"] = b"changed"
    assert (await cache.get_hashes(["h"]))[0] == {"a": b"1"}


# ---- sorted sets -----------------------------------------------------------------------------------------------------


async def test_a_range_is_in_order_and_drops_what_is_below(cache: Cache) -> None:
    for member, score in (("c", 3.0), ("a", 1.5), ("d", 4.0), ("b", 3.0), ("a", 2.0)):
        await cache.score("s", member, score, 60)
    assert await cache.range("s", 0, 10, 3) == [("a", 2.0), ("b", 3.0), ("c", 3.0)]
    assert await cache.range("s", 2.0, 3.0, 10) == [("a", 2.0), ("b", 3.0), ("c", 3.0)]
    assert await cache.range("s", 2.5, 10, 10) == [("b", 3.0), ("c", 3.0), ("d", 4.0)]
    assert await cache.range("s", 0, 10, 10) == [("b", 3.0), ("c", 3.0), ("d", 4.0)], "a was dropped for good"
    assert await cache.range("s", float("-inf"), float("inf"), 0) == []
    assert await cache.range("none", 0, 10, 10) == []


async def test_a_sorted_set_ends_as_a_whole(backend: Memory | Redis, cache: Cache) -> None:
    await cache.score("s", "a", 1, 2)
    await backend.forward(1)
    await cache.score("s", "b", 2, 3)
    await backend.forward(2)
    assert await cache.range("s", 0, 10, 10) == [("a", 1.0), ("b", 2.0)]
    await backend.forward(2)
    assert await cache.range("s", 0, 10, 10) == []


# ---- token buckets ---------------------------------------------------------------------------------------------------


async def test_a_bucket_gives_its_burst_and_then_its_rate(backend: Memory | Redis, cache: Cache) -> None:
    assert [await cache.take("t", 1, 5, 1) for _ in range(5)] == [0.0] * 5
    wait = await cache.take("t", 1, 5, 1)
    assert 0.5 < wait <= 1.0
    assert wait <= await cache.take("t", 1, 5, 2) <= 2.0
    await backend.forward(1.1)
    assert await cache.take("t", 1, 5, 1) == 0.0
    assert await cache.take("t", 1, 5, 1) > 0.0
    assert await cache.take("other", 1, 5, 5) == 0.0


async def test_a_bucket_never_holds_more_than_its_burst(backend: Memory | Redis, cache: Cache) -> None:
    assert await cache.take("t", 10, 3, 3) == 0.0
    await backend.forward(2)
    assert await cache.take("t", 10, 3, 3) == 0.0
    assert await cache.take("t", 10, 3, 1) > 0.0


async def test_a_smaller_burst_counts_at_once(cache: Cache) -> None:
    assert await cache.take("t", 0.1, 100, 1) == 0.0
    assert [await cache.take("t", 0.1, 3, 1) == 0.0 for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize("per_second", [0.7, 3, 7, 11.3, 49])
async def test_waiting_as_long_as_told_is_enough(backend: Memory | Redis, cache: Cache, per_second: float) -> None:
    waited = 0.0
    for _ in range(100):
        if waited > backend.patience:
            break
        if wait := await cache.take("t", per_second, 5, 1):
            waited += wait
            await backend.forward(wait)
            assert await cache.take("t", per_second, 5, 1) == 0.0


async def test_together_callers_get_no_more_than_the_burst(cache: Cache) -> None:
    waits = await asyncio.gather(*(cache.take("t", 0.01, 10, 1) for _ in range(40)))
    assert waits.count(0.0) == 10


@pytest.mark.parametrize(("per_second", "burst", "cost"), [(0, 1, 1), (1, 1, 2), (1, 1, -1)])
async def test_a_bucket_that_could_never_give_is_an_error(
    cache: Cache, per_second: float, burst: float, cost: float
) -> None:
    with pytest.raises(ValueError):
        await cache.take("t", per_second, burst, cost)


# ---- leases ----------------------------------------------------------------------------------------------------------


async def test_a_claim_is_held_by_one_and_kept_by_claiming_again(backend: Memory | Redis, cache: Cache) -> None:
    assert await cache.holder("node:1") is None
    first = await cache.claim("node:1", b"a", 2)
    assert first.holder == b"a"
    assert await cache.holder("node:1") == first
    assert await cache.claim("node:1", b"b", 60) == first, "who comes second learns who holds it, and changes nothing"
    await backend.forward(1)
    assert await cache.claim("node:1", b"a", 3) == first
    await backend.forward(2)
    assert await cache.claim("node:1", b"b", 2) == first, "it was renewed"
    await backend.forward(2)
    second = await cache.claim("node:1", b"b", 60)
    assert second.holder == b"b"
    assert second.epoch > first.epoch


async def test_only_the_holder_releases(cache: Cache) -> None:
    first = await cache.claim("node:1", b"a", 60)
    assert await cache.release("node:1", first._replace(holder=b"b")) is False
    assert await cache.release("none", first) is False
    assert await cache.release("node:1", first) is True
    again = await cache.claim("node:1", b"a", 60)
    assert again.epoch > first.epoch, "what happened in between is not known: the holder is a new one"
    assert await cache.release("node:1", first) is False, "it comes too late"
    assert await cache.holder("node:1") == again


async def test_of_many_claims_one_wins_and_all_agree_on_it(cache: Cache) -> None:
    claims = await asyncio.gather(*(cache.claim("node:1", str(n).encode(), 60) for n in range(30)))
    assert len(set(claims)) == 1


# ---- what is the memory cache's own ----------------------------------------------------------------------------------


async def test_memory_is_bounded_and_the_least_used_goes_first() -> None:
    cache = MemoryCache(HandClock(), values_bytes=100_000)
    await cache.put("used", bytes(1_000), 60)
    for n in range(500):
        await cache.put(f"value:{n}", bytes(1_000), 60)
        await cache.get(["used"])
    kept = [n for n in range(500) if (await cache.get([f"value:{n}"]))[0] is not None]
    assert (await cache.get(["used"]))[0] is not None
    assert kept == list(range(500 - len(kept), 500))
    assert 70 <= len(kept) <= 100
    await cache.put("too big for it", bytes(200_000), 60)
    assert await cache.get(["too big for it"]) == [None]
    assert (await cache.get(["used"]))[0] is not None


async def test_what_has_expired_leaves_memory_though_nobody_asks_for_it() -> None:
    """A bucket per socket, a record per person: keys that are never asked for again."""
    clock = HandClock()
    cache = MemoryCache(clock)
    for number in range(5_000):
        await cache.take(f"rate:command:{number}", 2, 120, 1)
        await cache.put(f"short:{number}", b"", 60)
        await cache.put("long", b"kept", 86_400)
        if number % 100 == 0:
            clock.forward(10)
    assert cache.held < 1_500
    assert await cache.get(["long"]) == [b"kept"]
    for number in range(5_000):  # gone before their ends, and their ends too
        await cache.put(f"{number}", b"", 86_400)
        await cache.delete(f"{number}")
    assert cache.held < 1_500


async def test_a_growing_hash_or_set_counts_as_it_grows() -> None:
    cache = MemoryCache(HandClock(), values_bytes=100_000)
    for n in range(2_000):
        await cache.put_hash(f"hash:{n % 3}", {str(n): bytes(100)}, 60)
        await cache.score(f"set:{n % 3}", f"member {n}", n, 60)
    fields = sum([len((await cache.get_hashes([f"hash:{n}"]))[0]) for n in range(3)])
    members = sum([len(await cache.range(f"set:{n}", 0, 1e9, 10_000)) for n in range(3)])
    assert fields * 100 + members * 10 < 100_000


async def test_a_flood_of_values_does_not_refill_a_bucket() -> None:
    cache = MemoryCache(HandClock(), values_bytes=100_000)
    assert await cache.take("limit", 1, 1, 1) == 0.0
    for n in range(1_000):
        await cache.put(f"value:{n}", bytes(1_000), 60)
    assert await cache.take("limit", 1, 1, 1) > 0.0


async def test_a_verb_on_the_wrong_kind_is_a_programming_error() -> None:
    cache = MemoryCache(HandClock())
    await cache.put("plain", b"1", 60)
    await cache.put_hash("hash", {"a": b"1"}, 60)
    for attempt in (cache.get_hashes(["plain"]), cache.get(["hash"]), cache.range("plain", 0, 1, 1)):
        with pytest.raises(TypeError):
            await attempt


# ---- what is Redis's own ---------------------------------------------------------------------------------------------


async def test_instances_on_one_server_do_not_meet(redis_server: Server) -> None:
    one, other = RedisCache(redis_server.url, fresh_name()), RedisCache(redis_server.url, fresh_name())
    await one.put("a", b"1", 60)
    assert await other.get(["a"]) == [None]
    assert (await one.claim("l", b"1", 60)).holder == b"1"
    assert (await other.claim("l", b"2", 60)).holder == b"2"
    await one.close()
    await other.close()


async def test_a_lease_that_is_kept_keeps_its_epoch(redis_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long: what is remembered for a day is remembered from the last claim on."""
    monkeypatch.setattr(redis, "EPOCH_TTL", 1)
    cache = RedisCache(redis_server.url, fresh_name())
    first = await cache.claim("l", b"1", 60)
    for _ in range(4):
        await asyncio.sleep(0.5)
        assert await cache.claim("l", b"1", 60) == first
    await cache.close()


async def test_a_server_that_goes_is_unavailable_soon_and_found_again() -> None:
    server = Server()
    server.start()
    cache = RedisCache(server.url, "x")
    try:
        await cache.put("a", b"1", 60)
        await asyncio.to_thread(server.kill)
        async with asyncio.timeout(5):
            for attempt in (cache.get(["a"]), cache.put("a", b"2", 60), cache.take("t", 1, 1, 1)):
                with pytest.raises(Unavailable):
                    await attempt
            with pytest.raises(Unavailable):
                await cache.claim("l", b"1", 60)
        await asyncio.to_thread(server.start)
        assert await cache.get(["a"]) == [None]
        assert await cache.take("t", 1, 1, 1) == 0.0
    finally:
        await cache.close()
        server.stop()
