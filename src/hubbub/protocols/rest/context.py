"""What every handler needs to know of a request: who, from where, under which address of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, cast
from uuid import uuid4

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException, ValidationException

from hubbub import trace
from hubbub.errors import Refused
from hubbub.ids import parse_id
from hubbub.services.auth.api import AuthApi, Device, Principal
from hubbub.services.limits.api import Class, LimitsApi

AnyRequest = Request[Any, Any, Any]
OPEN = {"open": True}
BeforeRequest = Callable[[AnyRequest], Awaitable[None]]


class SafeRequest(AnyRequest):
    """What no JSON parser can read is the client's fault, also when it is found in odd ways.

    Bodies become the handler's struct here, in one step and exactly: Litestar's own way takes 0 for false and "1" for 1,
    which the OpenAPI document does not allow."""

    async def json(self) -> Any:
        try:
            return _decoder(_body_type(self.route_handler)).decode(await self.body() or b"null")
        except msgspec.ValidationError as error:
            message, _, where = str(error).partition(" - at `$")
            extra = [{"key": where.strip("`.") or "body", "message": message}]
            raise ValidationException("The body is not what this asks for.", extra=extra) from None
        except msgspec.DecodeError:
            raise SerializationException("The body is not JSON.") from None
        except (UnicodeDecodeError, RecursionError):  # lone surrogates; thousands of brackets
            raise Refused("request.invalid", reason="The body is not JSON.") from None


def _body_type(handler: Any) -> Any:
    data = handler.parsed_fn_signature.parameters.get("data")
    return data.annotation if data is not None else Any


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def gate(auth: AuthApi, limits: LimitsApi) -> BeforeRequest:
    """Runs before each handler: token, then rate. A handler's `opt={"rate": …}` names another class of rate, and
    `opt=OPEN` lets in whoever has no token yet."""

    async def check(request: AnyRequest) -> None:  # a function, not an object: Litestar copies what it is given, deeply
        if request.route_handler.opt.get("open"):
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused("auth.token_missing")
        found = await auth.authenticate(token.strip())
        usual: Class = "read" if request.method in ("GET", "HEAD") else "write"
        kind = cast("Class", request.route_handler.opt.get("rate", usual))
        trace.acting(found.user_id)
        await limits.take(kind, str(found.user_id), 1)
        request.state.principal = found

    return check


def principal(request: AnyRequest) -> Principal:
    """Set by the gate; a handler outside of it has no business here."""
    return cast("Principal", request.state.principal)


def address(request: AnyRequest) -> str:
    """The client's, as the edge found it."""
    return cast("str", request.scope["state"].get("address", ""))


def origin(request: AnyRequest) -> str:
    """`https://talk.example`: the operator's public URL, or how this request reached us."""
    return cast("str", request.scope["state"].get("origin", ""))


def request_key(request: AnyRequest) -> str:
    """The Idempotency-Key, or a fresh one: then a repeat is a new request."""
    given = request.headers.get("idempotency-key", "").strip()
    if len(given) > 128 or not given.isprintable():
        raise Refused("request.invalid", reason="An Idempotency-Key has at most 128 printable characters.")
    return given or uuid4().hex


def device(request: AnyRequest, named: str | None = None) -> Device:
    return Device(" ".join((named or _agent(request.headers.get("user-agent", ""))).split())[:100], address(request))


def id_or(code: str, text: str) -> int:
    """The id in a path; whatever is no id does not exist (`code`)."""
    found = parse_id(text)
    if found is None:
        raise Refused(code)
    return found


def optional_id(text: str | None, code: str) -> int | None:
    return None if text is None else id_or(code, text)


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"))


def _agent(text: str) -> str:
    """A User-Agent in words, as the owner of a session would say it."""
    browser = next((name for mark, name in _BROWSERS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "Linux" if "Linux" in text else "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or text.split(" ")[0][:60] or "Unknown program"
