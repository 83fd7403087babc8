"""The servers that the other suites run on: real ones, not as root, gone afterwards."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.servers.engines import S3, Nats, Postgres, Redis, RedisCluster
from tests.servers.process import ServerProcess


@pytest.mark.parametrize("kind", [Postgres, Nats, Redis, RedisCluster, S3])
def test_a_server_runs_unprivileged_and_leaves_nothing_behind(kind: type[ServerProcess]) -> None:
    server = kind()
    try:
        server.start()
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
        server.restart()
        pid = server.process.pid
    finally:
        server.stop()
    assert not server.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
