"""Real servers for whoever asks: started at the first asking, one of each for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.servers.engines import S3, Nats, Postgres, Redis, RedisCluster
from tests.servers.process import ServerProcess

P = TypeVar("P", bound=ServerProcess)


def _started(server: P) -> Iterator[P]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    yield from _started(Postgres())


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Nats]:
    yield from _started(Nats())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    yield from _started(Redis())


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    yield from _started(RedisCluster())


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    yield from _started(S3())
