"""Call a service in another process by its Api: typed, with its errors, a deadline and queue groups.

`remote(Api, bus)` is an object with the Api's methods; `serve(Api, service, bus, report)` answers them.
`encoded(Api, service)` does the same to every argument, result and error without a bus in between.

Wire, subject `rpc.<Api>.<version>.<method>[.<place>]` (version: the Api's `VERSION`, 1 without one):
request  msgpack [milliseconds left, traceparent, user id, *arguments]
         The time left travels, not a time of day: clocks differ. "" and 0 when there is no trace, nobody known.
reply    "=" + msgpack result, or "!" + msgpack [kind, code, data]
What is longer than 512 KiB is fetched in parts (see `parcels`); over 16 MiB it must page.

A service may be called again after `Unavailable(started=True)`: commands take an idempotency key as an argument.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeVar, get_type_hints

import msgspec

from hubbub import trace
from hubbub.errors import Limited, Refused, Unavailable
from hubbub.infra.bus.base import Bus
from hubbub.infra.parcels import LARGEST, PART, is_label, parcels
from hubbub.measures import Distribution

LONGEST = 5.0  # seconds for a call without a deadline

A = TypeVar("A")
Report = Callable[[BaseException], None]
Outcome = Literal["ok", "refused", "limited", "unavailable", "cancelled", "defect"]
Call = Callable[["Operation", tuple[Any, ...]], Awaitable[Any]]
log = logging.getLogger(__name__)
asked = Distribution(("service", "verb", "outcome"))  # seconds, at the caller
answered = Distribution(("service", "verb", "outcome"))  # seconds, at the service
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)  # in the loop's time
_encode = msgspec.msgpack.Encoder().encode


class Operation(NamedTuple):
    """One method of an Api, with what encodes and decodes it."""

    name: str
    subject: str
    names: tuple[str, ...]  # of the arguments, in order
    arguments: msgspec.msgpack.Decoder[tuple[Any, ...]]  # (milliseconds left, traceparent, user id, *arguments)
    result: msgspec.msgpack.Decoder[Any]
    service: str  # the Api's name without "Api", as metrics and traces say it


class TooLarge(ValueError):
    """Arguments or an answer over 16 MiB: a defect of the Api, which must page."""


@contextmanager
def within(seconds: float) -> Generator[None]:
    """Every call made inside must be answered by then, inner ones and theirs too. An earlier deadline stands."""
    end, outer = asyncio.get_running_loop().time() + seconds, _deadline.get()
    token = _deadline.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def _log_defect(error: BaseException) -> None:
    log.error("a service raised what it must not", exc_info=error)


def remote(api: type[A], bus: Bus, place: str = "") -> A:
    """The Api, answered by whoever serves it on the bus; with `place` by the one who serves it there.

    Calls raise what the service refused with, or Unavailable. Raises TypeError if the Api cannot be called from
    another process (see `operations`)."""

    at = f".{place}" if place else ""

    async def call(operation: Operation, arguments: tuple[Any, ...]) -> Any:
        with _asking(operation):
            left = _time_left()
            end = asyncio.get_running_loop().time() + left
            request = _request(operation, left, arguments)
            if len(request) > PART:
                request = await parcels(bus).park(request)
            reply = await bus.request(operation.subject + at, request, left)
            if is_label(reply):
                reply = await parcels(bus).fetch(reply, max(0.001, end - asyncio.get_running_loop().time()))
            return _result(operation, reply)

    return _stub("Remote", api, call)


def encoded(api: type[A], service: A, report: Report = _log_defect) -> A:
    """The service itself, but everything goes through the wire's encoding, as it would between two processes."""

    async def call(operation: Operation, arguments: tuple[Any, ...]) -> Any:
        with _asking(operation):
            request = _request(operation, _time_left(), arguments)
            method = getattr(service, operation.name)
            return _result(operation, await _answer(operation, method, request, report))

    return _stub("Encoded", api, call)


def traced(api: type[A], service: A) -> A:
    """The service itself, each call of it a span of the caller's trace: what `remote` would show, without its cost."""

    async def call(operation: Operation, arguments: tuple[Any, ...]) -> Any:
        with trace.span(f"{operation.service}/{operation.name}"):
            return await getattr(service, operation.name)(*arguments)

    return _stub("Traced", api, call)


async def serve(
    api: type[A], service: A, bus: Bus, report: Report = _log_defect, place: str = ""
) -> Callable[[], None]:
    """Answer the Api's calls from now on, sharing them with other processes that serve it (with `place`: those meant
    for this one only); returns how to stop.

    `report` gets what a service must not raise (a defect, or out of time); its caller learns `Unavailable`."""
    stops: list[Callable[[], None]] = []
    for operation in operations(api):
        subject = f"{operation.subject}.{place}" if place else operation.subject
        stops.append(await bus.serve(subject, api.__name__, _handler(operation, service, bus, report)))

    def stop() -> None:
        for each in stops:
            each()

    return stop


def operations(api: type) -> list[Operation]:
    """The methods of an Api. Raises TypeError for what cannot travel: default arguments, a method that is not async,
    annotations that are missing, unknown at run time, or unions that are not told apart by tags."""
    version = getattr(api, "VERSION", 1)
    found: list[Operation] = []
    for name, function in inspect.getmembers(api, inspect.isroutine):
        if name.startswith("_"):
            continue
        where = f"{api.__name__}.{name}"
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{where}: every method of an Api is `async def`")
        names, types, result = _annotations(where, function)
        subject = f"rpc.{api.__name__}.{version}.{name}"
        arguments = msgspec.msgpack.Decoder(tuple[(int, str, int, *types)])  # pyright: ignore[reportInvalidTypeArguments]
        service = api.__name__.removesuffix("Api").lower()
        found.append(Operation(name, subject, names, arguments, msgspec.msgpack.Decoder(result), service))
    return found


def _annotations(where: str, function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[Any, ...], Any]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"{where}: {error}; an Api's annotations are imported at run time") from error
    names: list[str] = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.default is not parameter.empty:
            raise TypeError(f"{where}: no default arguments in an Api ({parameter.name})")
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            raise TypeError(f"{where}: arguments of an Api are plain ({parameter.name})")
        names.append(parameter.name)
    missing = [name for name in (*names, "return") if name not in hints]
    if missing:
        raise TypeError(f"{where}: no annotation for {', '.join(missing)}")
    return tuple(names), tuple(hints[name] for name in names), hints["return"]


def _stub(prefix: str, api: type[A], call: Call) -> A:
    def method(operation: Operation) -> Callable[..., Awaitable[Any]]:
        async def named(self: object, *args: Any, **keywords: Any) -> Any:
            if keywords or len(args) != len(operation.names):
                args = _ordered(operation, args, keywords)
            return await call(operation, args)

        named.__name__ = operation.name
        return named

    stub: Any = type(f"{prefix}{api.__name__}", (), {each.name: method(each) for each in operations(api)})
    return stub()


def _ordered(operation: Operation, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    rest = operation.names[len(args) :]
    if len(args) > len(operation.names) or set(rest) != set(keywords):
        raise TypeError(f"{operation.subject} takes {operation.names}, not {len(args)} and {sorted(keywords)}")
    return (*args, *(keywords[name] for name in rest))


def _time_left() -> float:
    end = _deadline.get()
    if end is None:
        return LONGEST
    left = min(LONGEST, end - asyncio.get_running_loop().time())
    if left < 0.001:
        raise Unavailable("no time left", started=False)
    return left


def _bounded(payload: bytes, operation: Operation, what: str) -> bytes:
    if len(payload) > LARGEST:
        raise TooLarge(f"{operation.subject}: {what} take {len(payload)} bytes of {LARGEST}: it must page")
    return payload


def _handler(operation: Operation, service: Any, bus: Bus, report: Report) -> Callable[[bytes], Awaitable[bytes]]:
    method = getattr(service, operation.name)

    async def handler(request: bytes) -> bytes:
        started = False
        try:
            if is_label(request):
                request = await parcels(bus).fetch(request, LONGEST)
            started = True
            reply = await _answer(operation, method, request, report)
            return await parcels(bus).park(reply) if len(reply) > PART else reply
        except Unavailable as gone:
            return _failed("unavailable", f"{operation.subject}: {gone}", {"started": started})

    return handler


async def _answer(operation: Operation, method: Callable[..., Awaitable[Any]], request: bytes, report: Report) -> bytes:
    try:
        left, parent, user_id, *arguments = operation.arguments.decode(request)
    except msgspec.ValidationError as error:  # the caller's Api is another than ours
        report(error)
        return _failed("unavailable", f"{operation.subject}: not understood: {error}", {"started": False})
    since, acting = monotonic(), trace.acting(user_id)
    outcome = "cancelled"
    try:
        with trace.span(f"{operation.service}/{operation.name}", "server", parent or None) as span:
            reply, outcome = await _outcome(operation, method(*arguments), left / 1000, report)
            span.note("hubbub.outcome", outcome)
            return reply
    finally:
        trace.acted(acting)
        answered.add(monotonic() - since, operation.service, operation.name, outcome)


async def _outcome(
    operation: Operation, running: Awaitable[Any], seconds: float, report: Report
) -> tuple[bytes, Outcome]:
    """The reply, and how it went in one word."""
    try:
        async with asyncio.timeout(seconds):
            with within(seconds):
                return _bounded(b"=" + _encode(await running), operation, "the answer"), "ok"
    except Limited as limited:
        data = {name: value for name, value in limited.data.items() if name != "retry_after"}
        return _failed("limited", limited.code, {"after": limited.retry_after, "data": data}), "limited"
    except Refused as refused:
        return _failed("refused", refused.code, refused.data), "refused"
    except Unavailable as gone:
        return _failed("unavailable", str(gone), {"started": gone.started}), "unavailable"
    except Exception as error:
        report(error)
        why = str(error) if isinstance(error, TooLarge) else type(error).__name__
        return _failed("unavailable", f"{operation.subject}: {why}", {"started": True}), "defect"


@contextmanager
def _asking(operation: Operation) -> Generator[None]:
    """A call as its caller sees it: a span, and how it ended."""
    since = monotonic()
    outcome: Outcome = "ok"
    try:
        with trace.span(f"{operation.service}/{operation.name}", "client"):
            yield
    except BaseException as error:
        outcome = _named(error)
        raise
    finally:
        asked.add(monotonic() - since, operation.service, operation.name, outcome)


def _named(error: BaseException) -> Outcome:
    match error:
        case Limited():
            return "limited"
        case Refused():
            return "refused"
        case Unavailable():
            return "unavailable"
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "defect"


def _request(operation: Operation, left: float, arguments: tuple[Any, ...]) -> bytes:
    header = (int(left * 1000), trace.traceparent(), trace.person())
    return _bounded(_encode((*header, *arguments)), operation, "the arguments")


def _failed(kind: str, code: str, data: dict[str, Any]) -> bytes:
    return b"!" + _encode((kind, code, data))


def _result(operation: Operation, reply: bytes) -> Any:
    if reply[:1] == b"=":
        try:
            return operation.result.decode(memoryview(reply)[1:])
        except msgspec.ValidationError as error:
            raise Unavailable(f"{operation.subject}: the answer is not understood: {error}", started=True) from error
    kind, code, data = msgspec.msgpack.decode(memoryview(reply)[1:])
    if kind == "limited":
        raise Limited(data["after"], code, **data["data"])
    if kind == "refused":
        raise Refused(code, **data)
    raise Unavailable(code, started=data["started"])
