"""Who a text calls. Pure. Syntax: `<@user id>`, `@everyone`; not inside code."""

from __future__ import annotations

import re

from hubbub.ids import parse_id

MOST = 50  # people one message can call
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?([0-9]{1,19})>")
_EVERYONE = re.compile(r"(?<![\w@])@(everyone|here)\b")


def users(content: str) -> tuple[int, ...]:
    """Ids named in the text, each once, in order, at most MOST. They need not exist."""
    if "<@" not in content:
        return ()
    found = (parse_id(match) for match in _USER.findall(_CODE.sub(" ", content)))
    return tuple(dict.fromkeys(each for each in found if each is not None))[:MOST]


def everyone(content: str) -> bool:
    return "@" in content and _EVERYONE.search(_CODE.sub(" ", content)) is not None
