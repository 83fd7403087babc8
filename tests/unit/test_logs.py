"""A line of the log: what it carries, and what must never be in it."""

from __future__ import annotations

import json
import logging

import pytest

from hubbub import trace
from hubbub.infra.telemetry.logs import JsonLines, TextLines, without_secrets

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = [
    ("GET /rtc?access_token=abc123&sdk=js failed", "abc123"),
    ("wss://talk.example/gateway?v=1&token=abc123", "abc123"),
    (f"bad token {TOKEN}", TOKEN),
    ("Authorization: Bearer abc123", "abc123"),
    ("{'authorization': 'Bearer abc123'}", "abc123"),
    ('{"username": "ann", "password": "hunter two"}', "hunter two"),
    ("Login(username='ann', password='hunter two')", "hunter two"),
    ("refresh_token=abc123 is unknown", "abc123"),
    ("cannot reach postgresql://hubbub:abc123@db.internal/hubbub", "abc123"),
    ("cannot reach redis://:abc123@cache:6379", "abc123"),
    ("-----BEGIN PRIVATE KEY-----\nabc123\n-----END PRIVATE KEY-----", "abc123"),
    ("MINIO_SECRET_KEY=abc123", "abc123"),
]


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("hubbub.part", logging.WARNING, __file__, 1, message, arguments, None)
    vars(made).update(extra)
    return made


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_leaves_in_any_place_of_a_line(text: str, secret: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        failed = record("%s", text, detail=text)
        failed.exc_info = (ValueError, error, error.__traceback__)
    for formatter in (JsonLines("hubbub"), TextLines()):
        line = formatter.format(failed)
        assert secret not in line
        assert "test_logs" in line  # the traceback is still there


@pytest.mark.parametrize(
    "text",
    [
        "room 12:34 opened by 1573748354171535360",
        "UDP port 8080 cannot be used: Address already in use.",
        "why? nobody knows",
        "bringing /data/hubbub.db up to date",
        "GET /channels/{channel_id}/messages answered 200",
        "no participant ann@talk.example",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert without_secrets(text) == text


def test_a_line_names_trace_and_person() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    acting = trace.acting(1573748354171535360)
    with trace.span("work", "server", parent):
        line = json.loads(JsonLines("chat").format(record("%d of %d", 1, 2, room=5)))
        text = TextLines().format(record("words"))
    trace.acted(acting)
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["user_id"] == "1573748354171535360"
    assert (line["service"], line["level"], line["message"], line["room"]) == ("chat", "warning", "1 of 2", 5)
    assert line["timestamp"].endswith("Z")
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in text
    outside = json.loads(JsonLines("chat").format(record("words")))
    assert (outside["trace_id"], outside["user_id"]) == (None, None)
