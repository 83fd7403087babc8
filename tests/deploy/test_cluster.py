"""`make cluster`: what an operator sees of it, from its first line to the last process."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.written import ROOT
from tests.scenarios.place import Person, Place
from tests.scenarios.test_write_and_read import text_channel
from tests.servers import cluster

STARTING, STOPPING = 120.0, 60.0


class Told(Place):
    """The instance as the terminal tells of it. `said` is the whole text until everything runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.running = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.cluster"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        self.turn = "gateway-1"

    def read(self) -> None:
        assert self.running.stdout is not None
        for line in self.running.stdout:
            self.said += line
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError(f"it ended:\n{self.said}")

    def entrance(self) -> str:
        (found,) = re.findall(rf"^  {self.turn} +(http\S+)$", self.said, re.MULTILINE)
        return found

    @property
    def setup_token(self) -> str:
        (token,) = re.findall(r"/setup\?token=(\S+)$", self.said, re.MULTILINE)
        return token


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    started = Told(tmp_path)
    try:
        yield started
    finally:
        started.running.kill()  # and its children with it, should it still live
        started.running.wait()


def test_it_has_what_the_compose_file_has() -> None:
    services = list(cluster.topology().values())
    assert {each: services.count(each) for each in services} == {
        "gateway": 2,
        "chat": 2,
        "media": 2,
        **dict.fromkeys(("auth", "user", "channel", "voice", "presence"), 1),
    }


async def test_a_message_goes_from_one_gateway_to_the_other_and_nothing_is_left(told: Told) -> None:
    async with asyncio.timeout(STARTING):
        await asyncio.to_thread(told.read)
    owner = await Person.register(told, "owner", setup_token=told.setup_token)
    channel = text_channel(await owner.make_server())
    told.turn = "gateway-2"
    async with owner.gateway() as other:
        assert str(owner.http.base_url) != f"{other.url}/"
        await owner.send(channel, "across")
        await other.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "across")
    await owner.close()

    family = descendants(told.running.pid)
    assert len(family) >= len(cluster.topology()) + 4, "the services and four servers"
    told.running.send_signal(signal.SIGINT)
    async with asyncio.timeout(STOPPING):
        assert await asyncio.to_thread(told.running.wait) == 0
    assert [pid for pid in family if alive(pid)] == []
    (folder,) = re.findall(r"data, logs (\S+)$", told.said, re.MULTILINE)
    assert not await asyncio.to_thread(Path(folder).exists)


def descendants(pid: int) -> list[int]:
    """Linux only, as the rest of the tests (proc(5))."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
