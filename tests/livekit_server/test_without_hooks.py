"""Webhooks may be lost: lists tell the same, some seconds later. (A list does not say why somebody left.)"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.media_behaviour import (  # noqa: F401
    Hall,
    test_a_newer_admission_ends_the_older_one,
    test_a_right_that_is_taken_ends_the_track,
    test_a_room_is_closed,
    test_a_server_mute_holds_for_what_is_published_later,
    test_who_is_admitted_joins_is_heard_and_leaves,
    test_who_is_put_out_is_out_and_the_token_is_spent,
)
from tests.livekit_server.conftest import LiveKit, cluster


@pytest.fixture
async def hall(livekit: LiveKit, hook_port: int) -> AsyncIterator[Hall]:
    async with cluster(livekit, hook_port, hooks=False) as hall:
        yield hall
