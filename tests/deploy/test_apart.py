"""The files of the distributed form: the same services and ports everywhere, a chart that fits its values."""

from __future__ import annotations

import re
from typing import Any

import yaml

from hubbub import options
from tests.deploy import written
from tests.deploy.written import DEPLOY, GIVEN

SETTINGS = {option.name: option for option in options.OPTIONS}
CHART = DEPLOY / "helm" / "hubbub"


def test_templates_of_the_chart_use_values_that_exist() -> None:
    """Cheap: whether Helm renders it is checked by scripts/check-chart, which needs Helm."""
    values = written.charted(CHART / "values.yaml")
    for path in CHART.glob("templates/*"):
        text = path.read_text()
        opened = len(re.findall(r"\{\{-? (?:if|range|with|define)\b", text))
        assert opened == len(re.findall(r"\{\{-? end\b", text)), path
        for named in re.findall(r"\.Values\.([\w.]+)", text):
            found: Any = values
            for part in named.split("."):
                assert part in found, f"{path.name}: .Values.{named}"
                found = found[part]
    assert values["services"]["gateway"]["replicas"] == 3


def test_defined_templates_are_the_included_ones() -> None:
    text = "".join(path.read_text() for path in CHART.glob("templates/*"))
    assert set(re.findall(r'include "([\w.]+)"', text)) == set(re.findall(r'define "([\w.]+)"', text))


def test_settings_of_the_chart_exist() -> None:
    text = "".join(path.read_text() for path in CHART.glob("templates/*"))
    named = set(re.findall(r"\{name: ([A-Z_]+), value: ", text)) - {"NODE_NAME", "HOST_IP"}
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert named | values["settings"].keys() | values["secrets"]["values"].keys() <= SETTINGS.keys()


def test_each_service_has_its_port() -> None:
    """AR-02, DE-08."""
    services = written.compose("compose.distributed.yml", GIVEN)["services"]
    ports = {
        name: int(each["environment"]["HUBBUB_PORT"])
        for name, each in services.items()
        if "HUBBUB_PORT" in each.get("environment", {})
    }
    expected = {
        "gateway": 8080,
        "auth": 8081,
        "user": 8082,
        "channel": 8083,
        "chat": 8084,
        "voice": 8085,
        "presence": 8087,
        "media": 8089,
    }
    assert ports == expected
    assert all(services[name]["command"] == ["run", name] for name in expected)
    charted = written.charted(DEPLOY / "helm/hubbub/values.yaml")
    assert {name: each["port"] for name, each in charted["services"].items()} | {
        "media": charted["media"]["port"]
    } == expected
    scraped = written.charted(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"][0]["dns_sd_configs"]
    assert {each["names"][0]: each["port"] for each in scraped} == expected
