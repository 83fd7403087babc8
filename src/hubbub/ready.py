"""`hubbub ready`: whether the instance of these settings answers on this machine; for health checks of containers."""

from __future__ import annotations

import http.client
import json
import ssl
import sys

from hubbub.config import Config

PATIENCE = 5.0  # seconds


def report(config: Config) -> int:
    """0 when every check of /health is ok. Silent then: it is called every few seconds."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(config.host, config.host)
    try:
        status, body = _ask(config, host)
    except (OSError, http.client.HTTPException) as error:
        print(f"hubbub: no answer at {host}:{config.port}: {error}", file=sys.stderr)
        return 1
    if status != 200:
        print(f"hubbub: not ready: {_reasons(body)}", file=sys.stderr)
        return 1
    return 0


def _ask(config: Config, host: str) -> tuple[int, bytes]:
    if config.tls == "off":
        connection = http.client.HTTPConnection(host, config.port, timeout=PATIENCE)
    else:
        context = ssl.create_default_context()  # this very machine: its certificate names another host
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, config.port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _reasons(body: bytes) -> str:
    try:
        checks: dict[str, str] = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return "what answers there is not Hubbub"
    return "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")
