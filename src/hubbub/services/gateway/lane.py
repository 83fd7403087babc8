"""What happens in one place (a server), in order, even where one step must ask somebody first.

A step is a plain function, or one that returns something to await: until that is done, later steps wait. So a change
of rights is complete before that server's next event goes out.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from hubbub.errors import Unavailable
from hubbub.services.gateway.fanout import Fanout
from hubbub.services.gateway.health import Health

Step = Callable[[], Awaitable[None] | None]
RETRY_AFTER = (0.05, 0.2, 0.5)  # seconds until what was unavailable is asked again; from then on the last of them
STEP_SECONDS = 10.0  # of one step: behind it everything waits, so nobody is shown what a right unknown would forbid

log = logging.getLogger(__name__)


class Lane:
    """`failed` is called when a step raised for good: nobody may assume any more that rights here are known."""

    def __init__(self, health: Health, failed: Callable[[], None]) -> None:
        self.fanout = Fanout(health)
        self._failed = failed
        self._waiting: deque[Step] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, step: Step) -> None:
        self._waiting.append(step)
        if self._task is None:
            self._run()

    @property
    def idle(self) -> bool:
        return self._task is None and not self._waiting

    def stop(self) -> None:
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        while self._waiting:
            step = self._waiting.popleft()
            try:
                pending = step()
            except Exception:
                log.exception("a gateway step failed")
                self._failed()
                continue
            if pending is not None:
                self._task = asyncio.ensure_future(self._finish(step, pending))
                return

    async def _finish(self, step: Step, pending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self._with_retries(step, pending)
        except Exception:
            log.exception("a gateway step failed")
            self._failed()
        finally:
            self._task = None
        self._run()

    @staticmethod
    async def _with_retries(step: Step, pending: Awaitable[None] | None) -> None:
        """Others may be away for seconds: a bus that was restarted has lost all who serve, and they come back one by one."""
        for pause in itertools.chain(RETRY_AFTER, itertools.repeat(RETRY_AFTER[-1])):
            try:
                if pending is not None:
                    await pending
                return
            except Unavailable:
                await asyncio.sleep(pause)
            pending = step()
