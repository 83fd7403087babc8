"""Real servers for whoever asks: started at the first asking, one of each for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.engines import S3, Nats, Postgres, Redis, RedisCluster
from tests.servers.process import running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with running(Postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Nats]:
    with running(Nats()) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with running(Redis()) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    with running(RedisCluster()) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    with running(S3()) as server:
        yield server
