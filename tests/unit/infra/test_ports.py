"""The tests' own ports: two runs at once never get the same one."""

from __future__ import annotations

import subprocess
import sys

from tests.servers.ports import free_port

ASK = "from tests.servers.ports import free_port\nprint(*[free_port() for _ in range(40)], flush=True)\ninput()"


def test_processes_that_live_share_no_port() -> None:
    command = [sys.executable, "-c", ASK]
    others = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        found = [free_port() for _ in range(40)]
        for each in others:
            assert each.stdout is not None
            found += map(int, each.stdout.readline().split())
        assert len(found) == 160
        assert len(set(found)) == 160
    finally:
        for each in others:
            each.communicate("\n", timeout=30)
