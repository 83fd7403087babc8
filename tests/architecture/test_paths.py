"""Paths named in ARCHITECTURE.md exist: a map that lies is worse than none."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATH = re.compile(r"`((?:src|crates|web|tests|docs|schema|benchmarks)/[\w./-]+)`")


def test_every_path_on_the_map_exists() -> None:
    named = set(_PATH.findall((ROOT / "ARCHITECTURE.md").read_text()))
    assert len(named) > 25
    missing = sorted(path for path in named if not (ROOT / path).exists())
    assert not missing
