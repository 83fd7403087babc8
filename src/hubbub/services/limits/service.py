"""The one gate for rates, on the cache port's token buckets."""

from __future__ import annotations

from hubbub.errors import Limited, Unavailable
from hubbub.infra.cache.base import Cache
from hubbub.services.limits.api import RATES, Class, Rate


class LimitsService:
    """Implements LimitsApi. `scale` multiplies every count; 0 switches the gate off (load tests on loopback)."""

    def __init__(self, cache: Cache, scale: float) -> None:
        self._cache = cache
        self._rates = {kind: Rate(max(1, round(rate.count * scale)), rate.seconds) for kind, rate in RATES.items()}
        self._off = scale == 0

    async def take(self, kind: Class, who: str, cost: float) -> None:
        if self._off:
            return
        rate = self._rates[kind]
        try:
            wait = await self._cache.take(f"rate:{kind}:{who}", rate.count / rate.seconds, rate.count, cost)
        except Unavailable:
            raise Limited(1.0) from None  # fail closed: without the counter nobody can say that there is room
        if wait > 0:
            raise Limited(wait)
