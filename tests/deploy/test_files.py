"""What is in `deploy/` is well formed and speaks of things that exist. No container engine is needed; what only one
could show is listed in docs/operating/containers.md."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose

from hubbub import config, options
from tests.deploy import written
from tests.deploy.written import COMPOSE, DEPLOY, GIVEN, ROOT

_OURS = re.compile(r"\bHUBBUB_[A-Z][A-Z_]*[A-Z]\b")
SETTINGS = {option.name: option for option in options.OPTIONS}


@pytest.mark.parametrize("path", written.files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_named_exists(path: Path) -> None:
    assert set(_OURS.findall(path.read_text())) <= SETTINGS.keys()


@pytest.mark.parametrize("path", written.files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_host_of_a_registry_is_named(path: Path) -> None:
    assert not re.search(
        r"\b(docker\.io|ghcr\.io|quay\.io|gcr\.io|registry\.[\w.]+|[\w-]+\.pkg\.dev)\b", path.read_text()
    )


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_follow_the_specification(name: str) -> None:
    plain = written.compose(name, GIVEN)
    PyCompose.from_json(json.dumps({key: value for key, value in plain.items() if not key.startswith("x-")}))
    services: dict[str, Any] = plain["services"]
    for service in services.values():
        for depended in service.get("depends_on", {}):
            assert depended in services
        for network in service.get("networks", []):
            assert network in plain["networks"]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            exists = (DEPLOY / source).exists() if source.startswith(".") else source in plain["volumes"]
            assert exists, volume
        for secret in service.get("secrets", []):
            assert secret in plain["secrets"]


def test_the_specification_check_can_fail() -> None:
    plain = written.compose("compose.yml", GIVEN)
    plain["services"]["hubbub"]["red_only"] = True
    with pytest.raises(ValueError, match="red_only"):
        PyCompose.from_json(json.dumps(plain))


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_names_what_it_cannot_do_without(name: str) -> None:
    assert written.needed(name) <= GIVEN.keys()
    for missing in written.needed(name):
        with pytest.raises(KeyError, match=missing):
            written.compose(name, {key: value for key, value in GIVEN.items() if key != missing})


@pytest.mark.parametrize("name", COMPOSE)
def test_every_container_of_ours_is_confined(name: str) -> None:
    for service in written.compose(name, GIVEN)["services"].values():
        if service["image"].startswith("hubbub:"):
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert "no-new-privileges:true" in service["security_opt"]
            assert service["restart"] == "unless-stopped"


def test_settings_of_compose_files_are_accepted() -> None:
    """By the parser of the program itself: a typing error in a value must not show at the first start."""
    for name in COMPOSE:
        for service in written.compose(name, GIVEN)["services"].values():
            if service["image"].startswith("hubbub:"):
                given = {key: str(value) for key, value in service["environment"].items()}
                assert given.keys() <= SETTINGS.keys()
                config.load(given, Path("/dev/null"))


def test_the_example_environment_is_accepted_as_it_stands() -> None:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    config.load(dict(line.split("=", 1) for line in lines), Path("/dev/null"))


def test_the_image_is_built_from_files_that_exist_and_runs_as_nobody() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    lines = text.replace("\\\n", " ").splitlines()
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.split('/')[0]}" in allowed, f"{source} is not sent to the builder"
    last = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last
    assert any(line.startswith("HEALTHCHECK") and '"ready"' in line for line in last)
    assert last.index("USER 10001:10001") < next(i for i, line in enumerate(last) if line.startswith("ENTRYPOINT"))


def test_ci_calls_what_the_readme_tells_everybody() -> None:
    gitlab = written.charted(ROOT / ".gitlab-ci.yml")
    assert gitlab["check"]["script"] == [".ci/run"]
    github = written.charted(ROOT / ".github/workflows/check.yml")
    assert [step["run"] for step in github["jobs"]["check"]["steps"] if "run" in step][-1] == ".ci/run"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_litestream_replicates_the_file_that_the_program_writes() -> None:
    (database,) = written.charted(DEPLOY / "litestream.yml")["dbs"]
    assert database["path"] == str(config.load({"HUBBUB_DATA_DIR": "/data"}, Path("/dev/null")).database_path)


def test_the_systemd_unit_is_sound(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd/hubbub.service").read_text()
    (tmp_path / "hubbub.service").write_text(unit.replace("/opt/hubbub/.venv/bin/hubbub", "/bin/true"))
    analyze = shutil.which("systemd-analyze")
    assert analyze, "part of systemd, which Debian has"
    checked = subprocess.run(
        [analyze, "verify", tmp_path / "hubbub.service"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_dashboards_are_what_their_list_says() -> None:
    source = DEPLOY / "grafana" / "generate.py"
    ast.parse(source.read_text())
    space: dict[str, Any] = {"__file__": str(source), "__name__": "generate"}
    exec(compile(source.read_text(), source, "exec"), space)
    for name in space["DASHBOARDS"]:
        committed = DEPLOY / "grafana" / "dashboards" / f"{name}.json"
        assert committed.read_text() == space["text"](name), "run `python deploy/grafana/generate.py`"
