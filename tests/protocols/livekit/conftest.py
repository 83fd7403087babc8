"""What every suite of the signalling stands on."""

from __future__ import annotations

import pytest

from tests.protocols.livekit.party import Party


@pytest.fixture
def party() -> Party:
    return Party()
