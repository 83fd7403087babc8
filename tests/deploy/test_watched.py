"""Every number that a dashboard or an alert asks for is told by a running instance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.written import DEPLOY
from tests.scenarios.place import Place

OF_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Names of all samples, each with the names of its labels."""
    place = Place(tmp_path_factory.mktemp("watched"), HUBBUB_ENCODED_CALLS="1")
    place.start()
    httpx.get(f"{place.url}/api/instance")
    page = httpx.get(f"{place.url}/metrics").text
    place.stop()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queries() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            found += [(f"{path.stem}: {panel['title']}", target["expr"]) for target in panel["targets"]]
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]:
        found += [(rule["alert"], rule["expr"]) for rule in group["rules"]]
    return found


def asked(query: str) -> dict[str, set[str]]:
    """Metrics of a query, each with the labels that it is chosen by; raises ValueError for what is no PromQL."""
    plain = query.replace("$__rate_interval", "1m").replace("$instance", ".*")
    promql_parser.parse(plain)
    found: dict[str, set[str]] = {}
    for name, chosen in re.findall(r"\b([a-z]\w+)\{([^}]*)\}", plain):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen))
    bare = re.sub(r"\{[^}]*\}", "", plain)
    bare = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", "", bare)
    for name in re.findall(
        r"\b((?:hubbub|http|websocket|active|messages|voice|process)_[a-z0-9_]+|up)\b(?!\s*\()", bare
    ):
        found.setdefault(name, set())
    return found


@pytest.mark.parametrize(("place", "query"), queries(), ids=lambda text: text if len(text) < 60 else "")
def test_what_is_asked_for_is_told(told: dict[str, set[str]], place: str, query: str) -> None:
    named = asked(query)
    assert named, place
    for name, labels in named.items():
        if name in OF_PROMETHEUS:
            continue
        assert name in told, f"{place}: nobody tells {name}"
        assert labels - {"instance", "job", "le"} <= told[name], f"{place}: {name} has no such label"


def test_the_check_can_fail(told: dict[str, set[str]]) -> None:
    assert "hubbub_invented_total" not in told
    assert asked("sum(rate(hubbub_invented_total[5m]))") == {"hubbub_invented_total": set()}
    with pytest.raises(ValueError, match="."):
        asked("sum(rate(hubbub_info[5m])")


def test_every_number_of_ours_is_explained(told: dict[str, set[str]]) -> None:
    explained = (Path(__file__).parents[2] / "docs/operating/watch.md").read_text()
    families = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in told}
    own = {name for name in families if not name.startswith(("process_", "python_"))}
    assert not sorted(name for name in own if name not in explained)
