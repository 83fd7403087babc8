"""The query of `/rtc`, protocol version 0: what a client says before the first frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from hubbub.services.media.api import signals

_FIELDS = 64  # clients send about 15


class JoinQuery(NamedTuple):
    """`resume`: the sid whose session goes on; empty for a new one."""

    client: signals.Client
    resume: str


def parse(query: bytes) -> dict[str, str]:
    """The last of repeated fields; nothing if there are too many."""
    try:
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        return {}


def read(fields: Mapping[str, str]) -> JoinQuery:
    """A `reconnect` without `sid`, as very old clients send it, can only become a new join."""
    client = signals.Client(
        auto_subscribe=_flag(fields.get("auto_subscribe", "1")),
        sdk=fields.get("sdk", "")[:32],
        version=fields.get("version", "")[:32],
    )
    return JoinQuery(client, fields.get("sid", "") if _flag(fields.get("reconnect", "")) else "")


def _flag(value: str) -> bool:
    return value.lower() in ("1", "t", "true")
