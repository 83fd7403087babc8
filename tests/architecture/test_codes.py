"""Every code that a service refuses with has its status and its sentence."""

from __future__ import annotations

import ast
from pathlib import Path

from hubbub.protocols.livekit.room_service import FAULTS as TOOLS
from hubbub.protocols.livekit.token import ANSWERS as SIGNALLING  # LiveKit's protocol has its own words for media
from hubbub.protocols.rest.errors import CODES

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"


def refused_codes() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused" and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found[str(code.value)] = path
    return found


def test_every_refusal_has_words() -> None:
    missing = {
        code: path.name
        for code, path in refused_codes().items()
        if code not in CODES.keys() | SIGNALLING.keys() | TOOLS.keys()
    }
    assert not missing
