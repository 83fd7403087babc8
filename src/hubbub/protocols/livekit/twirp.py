"""Twirp, version 7: calls of methods as HTTP POSTs of protobuf or its JSON. Pure: bodies in, bodies out.

Errors are JSON whatever the request was: `{"code", "msg", "meta"}`, each code with its status (Twirp's errors page).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

PROTOBUF, JSON = "application/protobuf", "application/json"
Code = Literal[
    "bad_route",
    "failed_precondition",
    "internal",
    "invalid_argument",
    "malformed",
    "not_found",
    "permission_denied",
    "resource_exhausted",
    "unauthenticated",
    "unavailable",
    "unimplemented",
]
STATUSES: dict[Code, int] = {
    "bad_route": 404,
    "failed_precondition": 412,
    "internal": 500,
    "invalid_argument": 400,
    "malformed": 400,
    "not_found": 404,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "unauthenticated": 401,
    "unavailable": 503,
    "unimplemented": 501,
}
M = TypeVar("M", bound=Message)


class Fault(Exception):
    """A call that is answered with an error."""

    def __init__(self, code: Code, words: str, **meta: str) -> None:
        super().__init__(words)
        self.code: Code = code
        self.words = words
        self.meta = meta


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


def method(verb: str, path: str, service: str) -> str:
    """The method of `service` that a request is for."""
    if verb != "POST":
        raise Fault("bad_route", f'unsupported method "{verb}" (only POST is allowed)', **_route(verb, path))
    prefix, _, name = path.rpartition("/")
    if prefix != f"/twirp/{service}" or not name:
        raise no_handler(verb, path)
    return name


def no_handler(verb: str, path: str) -> Fault:
    return Fault("bad_route", f'no handler for path "{path}"', **_route(verb, path))


def content_type(headers: Mapping[bytes, bytes], path: str) -> str:
    """One of the two; parameters after a semicolon do not count."""
    given = headers.get(b"content-type", b"").decode("latin-1")
    if (kind := given.partition(";")[0].strip().lower()) not in (PROTOBUF, JSON):
        raise Fault("bad_route", f'unexpected Content-Type: "{given}"', **_route("POST", path))
    return kind


def decode(body: bytes, kind: str, request: type[M]) -> M:
    """Fields that we do not know are passed over, as newer clients may send some."""
    try:
        if kind == PROTOBUF:
            return request.FromString(body)
        return json_format.Parse(body.decode(), request(), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError):
        named = "protobuf" if kind == PROTOBUF else "json"
        raise Fault("malformed", f"the {named} request could not be decoded") from None


def encode(message: Message, kind: str) -> Answer:
    """JSON as LiveKit writes it: names as in the .proto files, and all fields."""
    if kind == PROTOBUF:
        return Answer(200, PROTOBUF, message.SerializeToString())
    shown = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return Answer(200, JSON, msgspec.json.encode(shown))


def failed(fault: Fault) -> Answer:
    body: dict[str, object] = {"code": fault.code, "msg": fault.words, **({"meta": fault.meta} if fault.meta else {})}
    return Answer(STATUSES[fault.code], JSON, msgspec.json.encode(body))


def _route(verb: str, path: str) -> dict[str, str]:
    return {"twirp_invalid_route": f"{verb} {path}"}
