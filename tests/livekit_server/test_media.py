"""The promises of the media service, kept by LiveKit."""

from __future__ import annotations

from tests.contract.media_behaviour import *  # noqa: F403
