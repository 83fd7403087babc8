"""The loop's lateness, as it is told."""

from __future__ import annotations

import asyncio
import time

from hubbub.infra.telemetry.loop_lag import PERIOD, LoopLag


async def test_a_blocked_loop_is_told() -> None:
    lag = LoopLag()
    assert lag.figures().worst_us == 0
    lag.start()
    await asyncio.sleep(0)
    time.sleep(PERIOD + 0.2)  # noqa: ASYNC251  (this is the fault)
    for _ in range(100):  # until the look that was late has been taken down
        if lag.figures().worst_us:
            break
        await asyncio.sleep(PERIOD)
    await lag.close()
    assert lag.figures().worst_us >= 150_000
    assert lag.figures().p50_us <= lag.figures().p99_us <= lag.figures().worst_us
