"""A bad network between clients and the media port: `crates/netem` as a process of its own.

    media_port = free_port()
    with Network(media_port, seed=1) as network:
        place = Place(folder, HUBBUB_MEDIA_PORT=str(media_port), HUBBUB_PUBLIC_IP=network.address)

Clients are told the relay's address, as they would be told a NAT's; everything else is as always.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class Network:
    def __init__(self, media_port: int, seed: int) -> None:
        subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "netem"], cwd=ROOT, check=True)
        command = [str(ROOT / "target" / "debug" / "netem"), f"127.0.0.1:{media_port}", "--seed", str(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address: str = self._answer()["address"]

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # it ends with its input
        self._process.wait(10)

    def conditions(self, both: str) -> None:
        """`loss=5,delay=40`: see `netem --help`."""
        self._order(f"both {both}")

    def rebind(self) -> None:
        """Every client gets a new address, without noticing."""
        self._order("rebind")

    def stats(self) -> dict[str, Any]:
        return self._order("stats")

    def _order(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert "fault" not in answer, answer
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
