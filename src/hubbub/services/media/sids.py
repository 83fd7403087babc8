"""LiveKit-like ids: a prefix and 12 random characters. SDKs look at the prefixes (PA_, TR_, RM_)."""

from __future__ import annotations

import secrets
from typing import Literal

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # nothing that looks like something else


def new(prefix: Literal["PA", "TR", "RM", "AD"]) -> str:
    """70 random bits: never reused."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(12))}"
