"""What import-linter's contracts cannot say: each service sees others only through `api` and `events`.

And through the numbers of permissions: all who check a right name it, and a file of numbers gives nothing else away.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"
SERVICES = SOURCE / "services"
PUBLIC = {"api", "events"}
NUMBERS = ["channel", "permission_bits"]


def imported(path: Path) -> set[str]:
    """Dotted names of modules that a file imports, `from x import y` as x.y."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def foreign_insides(path: Path, own: str | None) -> list[str]:
    bad: list[str] = []
    for name in imported(path):
        parts = name.split(".")
        if parts[:2] != ["hubbub", "services"] or len(parts) < 4 or parts[2] == own:
            continue
        if parts[3] not in PUBLIC and parts[2:4] != NUMBERS:
            bad.append(name)
    return sorted(bad)


@pytest.mark.parametrize("service", sorted(each.name for each in SERVICES.iterdir() if (each / "api.py").exists()))
def test_a_service_sees_others_only_through_api_and_events(service: str) -> None:
    for path in (SERVICES / service).rglob("*.py"):
        assert not foreign_insides(path, service), path


def test_protocols_see_services_only_through_api_and_events() -> None:
    for path in (SOURCE / "protocols").rglob("*.py"):
        assert not foreign_insides(path, None), path


def test_what_others_may_import_beside_an_api_is_numbers_alone() -> None:
    tree = ast.parse(SERVICES.joinpath(*NUMBERS).with_suffix(".py").read_text())
    _words, _future, *numbers = tree.body
    assert numbers
    assert all(isinstance(each, ast.Assign) for each in numbers)
    assert not [each for each in ast.walk(tree) if isinstance(each, ast.Call | ast.Attribute)]


def test_only_the_clock_reads_time() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.name == "clock.py" or "infra" in path.parts:
            continue
        reads = {"time.time", "time.monotonic", "time.time_ns", "time.perf_counter", "datetime.datetime.now"}
        assert not reads & imported(path), path
        assert "time" not in imported(path), f"{path} imports time; take a Clock"


def test_no_file_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    named = [path for path in SOURCE.rglob("*.py") if path.stem in vague]
    assert not named
