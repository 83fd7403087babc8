"""What import-linter's contracts cannot say: each service sees others only through `api` and `events`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"
SERVICES = SOURCE / "services"
PUBLIC = {"api", "events"}


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
        if parts[:2] == ["hubbub", "services"] and len(parts) >= 4 and parts[2] != own and parts[3] not in PUBLIC:
            bad.append(name)
    return sorted(bad)


@pytest.mark.parametrize("service", sorted(each.name for each in SERVICES.iterdir() if (each / "api.py").exists()))
def test_a_service_sees_others_only_through_api_and_events(service: str) -> None:
    for path in (SERVICES / service).rglob("*.py"):
        assert not foreign_insides(path, service), path


def test_protocols_see_services_only_through_api_and_events() -> None:
    for path in (SOURCE / "protocols").rglob("*.py"):
        assert not foreign_insides(path, None), path


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
