"""Which requests are answered: a list of allowed names, checked on every request before any page.

Bokeh checks the Origin of a websocket but not the Host, so that a foreign name that resolves to this address
(DNS rebinding: Host = Origin = evil.example) gets a session. Here both must be on the list, on every request:

- Host must be allowed: another one is refused with 403, for pages, files and websockets.
- Origin, if there is one, must be allowed, too; ``null`` (a sandboxed frame, a file) is refused.
- A request for a page without an Origin comes from a person who follows a link: allowed. A websocket without
one is
  refused: a browser always sends an Origin, and other programs need no websocket here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import Application, OutputTransform, RequestHandler

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The names by which this machine addresses itself."""

HEADERS = {
    # Bokeh starts a page with an inline script and compiles its callbacks from text: hence the two 'unsafe'.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
"""Headers that are sent with every answer."""


def allowed_hosts(port: int, names: Collection[str] = ()) -> frozenset[str]:
    """List the allowed values of Host, and of the host in Origin, in lower case.

    Parameters
    ----------
    port
        The port of the server.
    names
        Further names, ``name`` (on the usual ports) or ``name:port``: those of a proxy.
    """
    return frozenset({f"{name}:{port}" for name in LOOPBACK} | {name.lower() for name in names})


def refusal(request: HTTPServerRequest, hosts: Collection[str]) -> str | None:
    """Return why a request is refused; None if it is allowed."""
    host = request.headers.get("Host", "").lower()
    if host not in hosts:
        return f"Host {host!r} is not allowed"
    origins = request.headers.get_list("Origin")
    if not origins:
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        return "a websocket without an Origin is not allowed" if websocket else None
    if len(origins) > 1 or urlsplit(origins[0]).netloc.lower() not in hosts:
        return f"Origin {', '.join(origins)!r} is not allowed"
    return None


class Refused(RequestHandler):
    """Answers every request with 403 and one line."""

    def initialize(self, reason: str) -> None:
        """Take the line."""
        self.reason = reason

    def prepare(self) -> None:
        """Answer."""
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"reluflow: {self.reason}; `reluflow dashboard --allow-host NAME` allows a name\n")


class Headers(OutputTransform):
    """Adds :data:`HEADERS` to every answer."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Set the headers; they replace those of a handler."""
        for name, value in HEADERS.items():
            headers[name] = value
        headers.pop("Access-Control-Allow-Origin", None)  # Bokeh's autoload.js says '*'
        headers.pop("Server", None)
        return status_code, headers, chunk


def guard(application: Application, hosts: Collection[str]) -> None:
    """Apply the list of names and the headers to all handlers of a Tornado application."""
    inner = application.find_handler

    def find_handler(request: HTTPServerRequest, **others: Any) -> Any:
        reason = refusal(request, hosts)
        if reason is None:
            return inner(request, **others)
        return application.get_handler_delegate(request, Refused, {"reason": reason})

    application.find_handler = find_handler  # type: ignore[method-assign]
    application.add_transform(Headers)
