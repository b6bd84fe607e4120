"""A web server that answers one kind of question with something hostile, and the others as it should."""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler

from web import Quiet, serving

KINDS = {
    "names": lambda path: path in ("/runs/", "/runs", "/index/runs.json"),
    "index": lambda path: path == "/index/runs.json",
    "manifest": lambda path: path.endswith("/manifest.json"),
    "metadata": lambda path: path.endswith("/zarr.json"),
    "chunk": lambda path: path.rpartition("/")[2].split(".")[0] == "c",
    "zip": lambda path: path.endswith(".zip"),
}
"""The questions of which one is answered so."""
PAUSE = 0.02
"""Seconds between two bytes of a slow answer."""


Content = bytes | Callable[[], bytes]
"""What is large is made when it is asked for: not by whoever collects the tests."""


def made(content: Content) -> bytes:
    return content() if callable(content) else content


def raw(content: Content) -> Callable[[SimpleHTTPRequestHandler], None]:
    """Bytes that are no answer of http's, or one with odd headers."""

    ready = cache(lambda: made(content))

    def answer(handler):
        handler.wfile.write(ready())
        handler.close_connection = True

    answer.prepare = ready
    return answer


def body(content: Content, *headers: str, status: str = "200 OK", length: bool = True):
    """A whole answer with these bytes."""

    def whole():
        inside = made(content)
        lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(inside)}"] if length else [])]
        return "\r\n".join([*lines, "", ""]).encode() + inside

    return raw(whole)


def endless(piece: bytes, *headers: str, pause: float = 0.0, start: bytes = b""):
    """An answer without end."""

    def answer(handler):
        handler.close_connection = True
        handler.wfile.write("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + start)
        while True:
            handler.wfile.write(piece)
            type(handler).sent += len(piece)
            time.sleep(pause)

    return answer


def repeated(piece: bytes, start: bytes = b"HTTP/1.1 200 OK\r\n", pause: float = 0.0):
    """Headers without end."""

    def answer(handler):
        handler.close_connection = True
        handler.wfile.write(start)
        while True:
            handler.wfile.write(piece)
            type(handler).sent += len(piece)
            time.sleep(pause)

    return answer


def silent(handler):
    """Nothing, until the other side has gone."""
    handler.close_connection = True
    handler.connection.settimeout(30)
    handler.connection.recv(1)


def redirect(to: Callable[[str], str]):
    """Elsewhere."""

    def answer(handler):
        handler.wfile.write(
            f"HTTP/1.1 302 Found\r\nLocation: {to(handler.path)}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    return answer


def bomb(compress: Callable[..., bytes] = gzip.compress) -> bytes:
    """64 MiB of zeros, packed."""
    return compress(bytes(2**26), 1)


def deep(opening: bytes) -> bytes:
    """JSON that is nested a hundred thousand times."""
    return opening * 100_000


HTML = "Content-Type: text/html"
MUCH = bytes(2**18)
ANYWHERE = {
    "endless": endless(MUCH, HTML),
    "endless with a length": endless(MUCH, "Content-Length: 1000000000000"),
    "endless in chunks": endless(b"40000\r\n" + MUCH + b"\r\n", "Transfer-Encoding: chunked"),
    "endless white space": endless(b" " * 2**18, HTML),
    "gzip bomb": body(bomb, HTML, "Content-Encoding: gzip"),
    "deflate bomb": body(lambda: bomb(zlib.compress), "Content-Encoding: deflate"),
    "brotli": body(b"\x1b", "Content-Encoding: br"),
    "two encodings": body(lambda: gzip.compress(bomb()), "Content-Encoding: gzip, gzip"),
    "one byte now and then": endless(b" ", HTML, pause=PAUSE),
    "one byte now and then of many": endless(b" ", "Content-Length: 300", pause=PAUSE),
    "slow headers": repeated(b"X", b"HTTP/1.1 200 OK\r\nX-Slow: ", pause=PAUSE),
    "silence": silent,
    "silence after the headers": endless(b"", HTML, pause=PAUSE),
    "a length that is too small": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}{}{}{}"),
    "a length that is too large": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{}"),
    "a negative length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
    "a chunk of no size": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
    "to itself": redirect(lambda path: path),
    "from one to the next": redirect(lambda path: f"{path}x"),
    "to a file": redirect(lambda path: "file:///etc/passwd"),
    "to no address": redirect(lambda path: "http://[::1"),
    "to nowhere": raw(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
    "a huge header": raw(b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 2**20 + b"\r\n\r\n{}"),
    "headers without end": repeated(b"X-More: x\r\n" * 1000),
    "interim answers without end": repeated(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, b"", pause=PAUSE),
    "no http": raw(b"SSH-2.0-OpenSSH_9\r\n" * 100),
    "bytes": raw(bytes(range(256)) * 10),
    "nothing": raw(b""),
    "500": body(b"", status="500 Oh"),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "nested lists": body(deep(b"["), "Content-Type: application/json"),
    "nested tables": body(deep(b'{"a":'), "Content-Type: application/json"),
    "no JSON": body(b"<html>not here</html>", "Content-Type: application/json"),
    "JSON of something else": body(b'"text"', "Content-Type: application/json"),
    "a number of 5,000 digits": body(b'{"run_ids": ' + b"9" * 5000 + b"}", "Content-Type: application/json"),
    "many empty lists": body(
        lambda: b'{"run_ids": [' + b"[]," * 2**20 + b"[]]}", "Content-Type: application/json"
    ),
}
"""Hostile to whatever was asked."""


def names(found: Iterable) -> Callable[[SimpleHTTPRequestHandler], None]:
    """An index of these names."""

    def index():
        ids = list(found)
        content = {"version": 1, "run_ids": ids, "stamps": [""] * len(ids), "parameters": [], "columns": {}}
        return json.dumps(content).encode()

    return body(index, "Content-Type: application/json")


NAMES = {
    "a million names": names(f"run-{i}" for i in range(10**6)),
    "a way up": names(["../../etc"]),
    "a folder": names(["a/b"]),
    "an address": names(["http://127.0.0.1/x"]),
    "a number": names([1]),
    "a list": names([["a"]]),
    "a table": body(b'{"run_ids": {"a": 1}}', "Content-Type: application/json"),
    "escapes": names(["a\x1b[2J"]),
    "a name without end": names(["a" * 10**6]),
    "a page of a million links": body(
        lambda: b"".join(b'<a href="r%d/">' % i for i in range(10**6)), HTML, length=False
    ),
    "a page of nothing but beginnings": body(lambda: b"<a " * 10**6, HTML),
    "a page of quotes": body(lambda: b"<a href=" * 10**6, HTML),
}
"""Hostile as a list of names."""
ZIPS = {
    "no zip": endless(MUCH, "Content-Length: 1000000000"),
    "the beginning of a zip": endless(MUCH, start=b"PK\x03\x04"),
    "a small zip, packed": body(gzip.compress(b"PK\x05\x06" + bytes(18)), "Content-Encoding: gzip"),
    "a slow zip": endless(b"PK", "Content-Length: 1000000", pause=PAUSE),
}
"""Hostile as a zip."""


@contextmanager
def hostile(folder, kind: str, answer: Callable[[SimpleHTTPRequestHandler], None]):
    """The address of a server of ``folder`` that answers questions of this kind so, and its handler.

    The handler's ``asked`` counts those questions, its ``sent`` the bytes of answers without end.
    """

    class Hostile(Quiet):
        asked = sent = 0

        def do_GET(self):
            if not KINDS[kind](self.path.rstrip("x") if kind != "zip" else self.path):
                return super().do_GET()
            type(self).asked += 1
            try:
                answer(self)
            except OSError:
                self.close_connection = True

    getattr(answer, "prepare", bool)()  # what is asked for has to come at once
    with serving(folder, Hostile) as url:
        yield url, Hostile
