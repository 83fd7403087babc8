"""Many listeners of one room in a process of their own, so that the server's figures are the server's alone.

Reads one JSON object from standard input (`Crowd`), opens the sockets, prints "ready"; the next line of input is how many
MESSAGE_CREATE frames they ought to get: prints how many they got, at most DRAIN seconds later.
"""

from __future__ import annotations

import asyncio
import json
import sys

import msgspec
import uvloop

from benchmarks.gateway_line import Line

AT_ONCE = 20  # sockets being opened
DRAIN = 15.0


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """`tokens`: one for each socket."""

    host: str
    port: int
    tokens: list[str]


async def listen(crowd: Crowd) -> int:
    got = 0

    def frame(payload: bytes) -> None:
        nonlocal got
        got += b'"t":"MESSAGE_CREATE"' in payload[:60]

    lines: list[Line] = []
    for start in range(0, len(crowd.tokens), AT_ONCE):
        some = crowd.tokens[start : start + AT_ONCE]
        lines += await asyncio.gather(*(Line.open(crowd.host, crowd.port, token, frame) for token in some))
    print("ready", flush=True)
    expected = int(await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline))
    for _ in range(round(DRAIN * 100)):
        if got >= expected:
            break
        await asyncio.sleep(0.01)
    assert not any(line.closed for line in lines)
    return got


if __name__ == "__main__":
    print(json.dumps(uvloop.run(listen(msgspec.json.decode(sys.stdin.readline(), type=Crowd)))))
