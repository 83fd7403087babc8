"""Ids that clients name."""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.ids import parse_id


def given_id(text: str, what: str) -> int:
    """Digits that are no id name nothing that exists. Refused: `<what>.not_found`."""
    if (id := parse_id(text)) is None:
        raise Refused(f"{what}.not_found")
    return id


def given_id_or_none(text: str | None, what: str) -> int | None:
    return None if text is None else given_id(text, what)
