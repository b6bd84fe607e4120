"""Reading from a web server that may be faulty or hostile: every response is bounded in bytes and in time.

fsspec's own file system reads every response to its end, decompresses whatever the server calls compressed, and
waits as long as a byte comes now and then. Here each request has a limit in bytes and a timeout, nothing is
decompressed, and a server that was too slow is not asked again for a while. Zarr reads through it too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from fsspec.implementations.http import HTTPFileSystem

from catalog.bounds import LARGEST_FILE, refuse_length
from catalog.errors import UnreachableError

MOST_REDIRECTS = 5
LARGEST_UNANNOUNCED = 256 * 2**20
"""Bytes of an answer of which the server does not say how long it is."""
_SHORT = 2**14
"""Bytes of a page that says no; of a longer one none is read."""
_PLAIN = frozenset({"", "identity"})
"""The encodings of an answer that leave its bytes as they are."""


@dataclass(frozen=True)
class Patience:
    """How long a server may take, in seconds.

    Attributes
    ----------
    connecting
        Until it takes a call.
    answering
        Within which an answer is not late, beside the time for its bytes.
    bytes_per_second
        The least speed of all answers together at which their bytes come in time.
    lateness
        By which all answers together may be late.
    document
        For one manifest, index or list of names from beginning to end.
    resting
        After which a server that was too slow is asked again.
    """

    connecting: float = 10.0
    answering: float = 5.0
    bytes_per_second: float = 65536.0
    lateness: float = 20.0
    document: float = 30.0
    resting: float = 60.0


@dataclass
class Server:
    """How late one server's responses were.

    Attributes
    ----------
    patience
        How long it may take.
    late
        Seconds by which its answers were late; of those under way at once each counts its share.
    under_way
        Requests that it is answering.
    reason
        Why it was given up.
    given_up
        When, by the clock that never goes back.
    """

    patience: Patience = field(default_factory=Patience)
    late: float = 0.0
    under_way: int = 0
    reason: str = ""
    given_up: float = 0.0

    @contextmanager
    def asked(self) -> Iterator[Answer]:
        """Count a request while it is under way, and add up its lateness.

        Raises
        ------
        UnreachableError
            If the server was given up a short while ago.
        """
        if self.reason:
            if time.monotonic() < self.given_up + self.patience.resting:
                raise UnreachableError(self.reason)
            self.reason, self.late = "", 0.0
        self.under_way += 1
        answer = Answer(self, time.monotonic())
        try:
            yield answer
        finally:
            self.late += answer.lateness() / self.under_way
            self.under_way -= 1

    def give_up(self, answer: Answer) -> UnreachableError:
        """Send it no more requests for a while; return the error that says why."""
        seconds = time.monotonic() - answer.started
        self.given_up = time.monotonic()
        self.reason = (
            f"the server is too slow, {answer.received} bytes in {seconds:.3g} s (timeout); it is not asked again"
        )
        return UnreachableError(self.reason)


@dataclass
class Answer:
    """One response that is being received.

    Attributes
    ----------
    server
        Whose.
    started
        When it was asked for.
    received
        Its bytes so far.
    """

    server: Server
    started: float
    received: int = 0

    def in_time(self) -> float:
        """Return the seconds within which it would not be late, as far as it has come."""
        patience = self.server.patience
        return patience.answering + self.received * self.server.under_way / patience.bytes_per_second

    def lateness(self) -> float:
        """Return the seconds by which it is late at this moment."""
        return max(0.0, time.monotonic() - self.started - self.in_time())

    def deadline(self, total: float | None) -> float:
        """Return the seconds, from its start, after which the server is given up."""
        seconds = self.in_time() + max(0.0, self.server.patience.lateness - self.server.late)
        return seconds if total is None else min(seconds, total)


class BoundedHTTPFileSystem(HTTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's file system of web servers, with every response within bounds."""

    cachable = False
    """Each storage has its own: the lateness of a server does not count for another one."""

    def __init__(
        self, *, server: Server | None = None, behind: BoundedHTTPFileSystem | None = None, **options: Any
    ) -> None:
        self.server = Server() if server is None else server
        self.behind = behind
        connecting = self.server.patience.connecting
        options["client_kwargs"] = {
            "timeout": aiohttp.ClientTimeout(None, sock_connect=connecting),  # the rest of the time is kept here
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
        }
        super().__init__(**options)

    def for_zarr(self) -> BoundedHTTPFileSystem:
        """Return the same for Zarr's event loop: its requests are made on this one's, in this one's session."""
        return BoundedHTTPFileSystem(server=self.server, behind=self, asynchronous=True)

    async def fetch(
        self,
        url: str,
        limit: int | None,
        take: Callable[[bytes], Any],
        total: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Read an answer piece by piece.

        Parameters
        ----------
        url
            What is asked for.
        limit
            The most bytes that it may have; None: none is read, its status is all that is wanted.
        take
            Is given each piece.
        total
            The most seconds from the request to the last byte; None: as its bytes and the server's lateness allow.
        headers
            Of the request.

        Returns
        -------
        aiohttp.ClientResponse
            The answer, for its status and its headers.

        Raises
        ------
        FileNotFoundError
            If the server has no such file.
        DamagedRunError
            If the answer is too long.
        UnreachableError
            If it is too slow, or the server was given up before.
        aiohttp.ClientError, OSError
            If it fails in another way.
        """
        if self.behind is not None:
            there = self.behind.fetch(url, limit, take, total, headers)
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there, self.behind.loop))
        with self.server.asked() as answer:
            session = await self.set_session()
            try:
                async with asyncio.timeout(answer.deadline(total)) as clock:
                    begun = asyncio.get_running_loop().time()
                    request = session.get(self.encode_url(url), headers=headers, max_redirects=MOST_REDIRECTS)
                    async with request as response:
                        if response.status >= 400 and (response.content_length or _SHORT) < _SHORT:
                            await response.read()  # so that the connection serves the next request too
                        self._raise_not_found_for_status(response, url)
                        if limit is None:
                            return response
                        limit = _within(response, url, limit)
                        async for piece in response.content.iter_any():
                            answer.received += len(piece)
                            if answer.received > limit:
                                refuse_length(url, limit)
                            take(piece)
                            clock.reschedule(begun + answer.deadline(total))
            except TimeoutError:
                raise self.server.give_up(answer) from None
            except aiohttp.TooManyRedirects:
                raise OSError(f"it redirects more than {MOST_REDIRECTS} times") from None
            except aiohttp.ClientPayloadError:
                raise OSError("the response is shorter than its announced length") from None
            return response

    async def _cat_file(
        self, url: str, start: int | None = None, end: int | None = None, limit: int | None = None, **options: Any
    ) -> bytes:
        parts: list[bytes] = []
        headers = {}
        if start is not None or end is not None:
            if start == end:
                return b""
            headers["Range"] = await self._process_limits(url, start, end)
        total = options.get("total")
        most = LARGEST_FILE if limit is None else limit
        response = await self.fetch(url, most, parts.append, total=total, headers=headers)
        whole = b"".join(parts)
        # A server may answer with the whole file, whatever part was asked for.
        return whole[start:end] if headers and response.status == 200 else whole

    async def _exists(self, path: str, **options: Any) -> bool:
        try:
            await self.fetch(path, None, len)
        except (aiohttp.ClientError, OSError):
            return False
        return True


def _within(response: aiohttp.ClientResponse, url: str, limit: int) -> int:
    """Refuse a compressed response, or one that announces too many bytes; return the bytes that are allowed."""
    packed = response.headers.get("Content-Encoding", "").strip().lower()
    if packed not in _PLAIN:
        raise OSError(f"the response is compressed ({packed[:20]}), which was not asked for")
    announced = response.content_length
    if announced is None:
        return min(limit, LARGEST_UNANNOUNCED)
    return limit if announced <= limit else refuse_length(url, limit)
