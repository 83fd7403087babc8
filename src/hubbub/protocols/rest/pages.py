"""The web client: one page for every address of ours, and its files. Nothing is loaded from anywhere else.

The page carries a fresh nonce for styles; scripts come from files only. Files below /assets/ have their hash in the
name and are kept for a year. Text is sent gzipped where the client takes it, packed once and remembered.
"""

from __future__ import annotations

import gzip
import mimetypes
import secrets
from pathlib import Path
from typing import NamedTuple

from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler

from hubbub.errors import Refused
from hubbub.protocols.rest.context import AnyRequest

PAGES = frozenset(
    ("", "s", "at", "open", "mentions", "invite", "setup", "login", "register", "settings", "manage")
)  # web/src/app/paths.ts
_PACKED = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES = {".js": "application/javascript", ".webmanifest": "application/manifest+json"}  # whatever this machine knows
_NONCE = "__CSP_NONCE__"
_CSP = (
    "default-src 'self'; connect-src 'self' https: wss:{clear}; img-src 'self' https: blob: data:; "
    "media-src 'self' blob:; worker-src 'self' blob:; style-src 'self' 'nonce-{nonce}'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class File(NamedTuple):
    body: bytes
    packed: bytes | None
    media_type: str


class Site:
    """The built client in one folder, read at first use and then kept (about 4 MB)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[str, File | None] = {}

    def file(self, name: str) -> File | None:
        if name not in self._files:
            found = self._read(name)
            if found is None:
                return None  # not remembered: unknown names are endless
            self._files[name] = found
        return self._files[name]

    def page(self, nonce: str) -> bytes | None:
        index = self.file("index.html")
        return index.body.replace(_NONCE.encode(), nonce.encode()) if index else None

    def _read(self, name: str) -> File | None:
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        body = path.read_bytes()
        guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0]
        media_type = guessed or "application/octet-stream"
        packable = len(body) > 1024 and media_type.startswith(_PACKED)
        return File(body, gzip.compress(body, 9) if packable else None, media_type)


def routes(site: Site) -> list[HTTPRouteHandler]:
    @route(
        ["/", "/{path:path}"],
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        sync_to_thread=False,
    )
    def page_or_file(request: AnyRequest, path: str = "") -> Response[bytes]:
        name = path.lstrip("/")
        if name and name != "index.html" and (found := site.file(name)):
            return _send_file(request, name, found)
        if name.partition("/")[0] not in PAGES:
            raise Refused("request.not_found")
        return _send_page(request, site)

    return [page_or_file]


def _send_page(request: AnyRequest, site: Site) -> Response[bytes]:
    nonce = secrets.token_urlsafe(16)
    body = site.page(nonce)
    if body is None:
        return Response(
            b"The web client is not built. Run `make run`, or use the API at /api.\n",
            media_type="text/plain",
            status_code=503 if request.url.path != "/" else 200,
        )
    # One client, many instances. A page that came without TLS may speak to others of its kind.
    clear = "" if request.scope["state"].get("origin", "").startswith("https:") else " http: ws:"
    headers = {"Content-Security-Policy": _CSP.format(nonce=nonce, clear=clear), "Cache-Control": "no-store"}
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


def _send_file(request: AnyRequest, name: str, found: File) -> Response[bytes]:
    hashed = name.startswith("assets/")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, media_type=found.media_type, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)
