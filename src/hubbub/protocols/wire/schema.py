"""`python -m hubbub.protocols.wire.schema FILE` writes schema/wire.json: every struct of the wire as OpenAPI 3.1 components.

The TypeScript types are generated from that file; tests/architecture checks that the committed one is fresh.
`x-events` maps each dispatch name to its schema, `x-ops` the operations, `x-commands` the gateway commands.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from hubbub.protocols.wire import gateway, requests, things

COMMANDS: dict[str, tuple[type, type | None]] = {
    "message.send": (requests.MessageSend, things.Message),
    "message.edit": (requests.MessageEdit, things.Message),
    "message.delete": (requests.MessageDelete, None),
    "messages.page": (requests.MessagesPage, tuple[things.Message, ...]),
    "typing": (requests.Typing, None),
    "read": (requests.Read, things.ReadState),
}


def _structs(module: Any) -> list[type]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__
    ]


def document() -> dict[str, Any]:
    kinds = [kind for module in (things, requests, gateway) for kind in _structs(module) if kind is not requests.Strict]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hubbub wire", "version": "1"},
        "paths": {},
        "components": {"schemas": dict(sorted(components.items()))},
        "x-events": {name: kind.__name__ for name, kind in gateway.EVENTS.items()},
        "x-ops": {str(op): kind.__name__ if kind else None for op, kind in gateway.CLIENT_OPS.items()},
        "x-commands": {name: request.__name__ for name, (request, _) in COMMANDS.items()},
    }


def text() -> str:
    return json.dumps(document(), indent=1, sort_keys=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text())
