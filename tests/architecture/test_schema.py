"""schema/wire.json is what the structs say."""

from __future__ import annotations

from pathlib import Path

from hubbub.protocols.wire import schema


def test_the_committed_schema_is_fresh() -> None:
    committed = Path(__file__).parents[2] / "schema" / "wire.json"
    assert committed.read_text() == schema.text(), "run `make schema`"
