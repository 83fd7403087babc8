"""Logs on standard error (OB-04): a JSON object per line, or text for eyes.

Every line carries on whose behalf it was written (`hubbub.trace`). What opens doors never gets in: nothing of ours logs
secrets, and since libraries put what they like into their errors, each line is looked through before it leaves.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

import msgspec

from hubbub import trace
from hubbub.clock import rfc3339

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
_encode = msgspec.json.Encoder(enc_hook=repr).encode
LONGEST = 32_768  # characters of a message or a traceback; the rest is left out
_SECRET = r"(?<![\w-])[\w-]{0,60}(?:passw(?:or)?d|secret|token|authorization|api[_-]?key|credential)[\w-]{0,60}+"
_SUSPECT = re.compile(r"[?@]|eyJ|bearer|passw|secret|token|authorization|key|credential|BEGIN", re.IGNORECASE)
_HIDDEN = (  # each begins where a word does, so that no text, however it is made, takes more than one pass
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "(key)"),
    (re.compile(r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+"), "(token)"),
    (re.compile(r"(?i)\b(bearer|basic)\s++(?!\()[^\s\"',;]+"), r"\1 (hidden)"),
    (re.compile(r"(?<!\w)(\w++://[^\s/:@\"']*+):[^\s/@\"']+@"), r"\1:(hidden)@"),  # postgresql://user:password@host
    (re.compile(r"\?(?=[\w.%~+-]+[=&])[^\s\"'<>]+"), "?(query)"),
    (re.compile(rf"(?i)([\"']?{_SECRET}[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|(?!\()[^\s,;&\"'}})]+)"), r"\1(hidden)"),
)


def without_secrets(text: str) -> str:
    """The text without tokens, passwords, private keys and query strings."""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} (and {len(text) - LONGEST} characters more)"
    if _SUSPECT.search(text) is None:
        return text
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


class JsonLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "service": self._service,
            "trace_id": trace.trace_id() or None,
            "user_id": str(trace.person()) if trace.person() else None,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        line.update((key, _shown(value)) for key, value in vars(record).items() if key not in _USUAL)
        if record.exc_info:
            line["error"] = without_secrets(self.formatException(record.exc_info))
        return _encode(line).decode()


class TextLines(logging.Formatter):
    """`2026-11-21T13:35:00.123Z warning hubbub.infra.rpc: words (trace 4bf9…, user 1234)`"""

    def format(self, record: logging.LogRecord) -> str:
        found = {"trace": trace.trace_id(), "user": trace.person()}
        behalf = ", ".join(f"{name} {value}" for name, value in found.items() if value)
        text = f"{rfc3339(int(record.created * 1000))} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        text += f" ({behalf})" if behalf else ""
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return without_secrets(text)


def _shown(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else without_secrets(str(value))


def configure(service: str, level: str, form: Literal["json", "text"] = "json") -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("alembic", "uvicorn.error", "urllib3", "opentelemetry"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
