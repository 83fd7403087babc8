"""The files in `deploy/`, read the way their programs read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = sorted(each.name for each in DEPLOY.glob("compose*.yml"))
GIVEN = {
    "HUBBUB_PUBLIC_IP": "203.0.113.1",
    "HUBBUB_PUBLIC_URL": "https://talk.example",
    "HUBBUB_MEDIA_URL": "wss://media1.example",
    "MEDIA_SITE": "https://media1.example",
    "JWT_SECRET": "a key",
    "HUBBUB_METRICS_TOKEN": "a token of sixteen characters",
    "POSTGRES_PASSWORD": "secret",
    "GRAFANA_PASSWORD": "secret",
}

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\}")


def files() -> list[Path]:
    """Every text file that an operator takes from here."""
    found = [each for each in DEPLOY.rglob("*") if each.is_file() and "__pycache__" not in each.parts]
    return [
        *found,
        ROOT / ".env.example",
        ROOT / ".dockerignore",
        ROOT / ".gitlab-ci.yml",
        *ROOT.glob(".github/**/*.yml"),
    ]


def compose(name: str, environment: dict[str, str]) -> Any:
    """Interpolated (Compose specification, section 12) and with its anchors resolved. KeyError: a needed variable."""
    return yaml.safe_load(_VARIABLE.sub(lambda found: _value(found, environment), (DEPLOY / name).read_text()))


def _value(found: re.Match[str], environment: dict[str, str]) -> str:
    name, how, word = found.groups()
    value = environment.get(name, "")
    if value or not how:
        return value
    if "?" in how:
        raise KeyError(name)
    return word


def needed(name: str) -> set[str]:
    """Variables without which a compose file refuses to start."""
    return {found[1] for found in _VARIABLE.finditer((DEPLOY / name).read_text()) if found[2] and "?" in found[2]}


def charted(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
