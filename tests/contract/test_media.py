"""The promises of the media service, kept by our own node. (By LiveKit: `make test-livekit`.)"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.media_behaviour import *  # noqa: F403
from tests.contract.media_behaviour import Hall
from tests.protocols.livekit.place import media_place


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with media_place() as place:
        yield Hall(place.service, place.url, place.events)
