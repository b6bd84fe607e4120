"""A class opens one address at once: how long each waits for its picture, and what a page costs the server.

The visitors are connections of one process, as the pages' script makes them, not browsers: thirty of these would
measure themselves. Each asks for the page, for its scripts and styles (with ``--scripts``), connects, fetches the
document, says that it is loaded, and waits for the columns of the picture and for the server's answer: from then
on the page follows its sliders. Then one of them moves a slider while the others move theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, sleep
from typing import Any

import psutil
from bokeh.client.websocket import WebSocketClientConnectionWrapper
from bokeh.protocol import Protocol
from bokeh.protocol.receiver import Receiver
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

PICTURE = "kink"
"""A column of the network's neurons: a message with it brings the picture."""
PATIENCE_SECONDS = 120.0


@dataclass
class Visitor:
    """One page, from its address to its picture.

    Attributes
    ----------
    document
        What the page's script has fetched: the document as JSON.
    waited
        Seconds from the request until the columns of the picture have come.
    answered
        Seconds until the server has answered that it knows of the loaded page.
    received
        Bytes of the page, its files and its messages until then.
    """

    address: str
    scripts: bool = False
    document: Any = None
    waited: float = 0.0
    answered: float = 0.0
    received: int = 0
    connection: WebSocketClientConnectionWrapper | None = None
    receiver: Receiver = field(default_factory=lambda: Receiver(Protocol()))

    async def open(self) -> None:
        """Open the page and wait for its picture."""
        began = perf_counter()
        html = await self.fetch(self.address)
        if self.scripts:
            base = self.address.rsplit("/", 1)[0]
            names = set(re.findall(r'(?:src|href)="((?:\./)?static/[^"]+\.(?:js|css)[^"]*)"', html))
            await asyncio.gather(*(self.fetch(f"{base}/{name}") for name in names))
        token = re.search(r'"token":"([^"]+)"', html)[1]  # type: ignore[index]
        await self.connect(token)
        protocol = Protocol()
        await self.send(protocol.create("PULL-DOC-REQ"))
        while self.document is None:
            message = await self.message()
            if message.msgtype == "PULL-DOC-REPLY":
                self.document = message.content["doc"]
        loaded = {"type": "event", "name": "document_ready", "values": {"type": "map"}}
        await self.patch({"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": loaded})
        if _has_column(self.document, PICTURE):
            self.waited = perf_counter() - began
        while not self.waited or not self.answered:
            message = await self.message()
            if message.msgtype == "OK":
                self.answered = perf_counter() - began
            elif f'"{PICTURE}"' in message.content_json:
                self.waited = self.waited or perf_counter() - began

    async def fetch(self, address: str) -> str:
        """Fetch a text, compressed where the server offers it."""
        request = HTTPRequest(
            address, connect_timeout=PATIENCE_SECONDS, request_timeout=PATIENCE_SECONDS, decompress_response=False
        )
        request.headers["Accept-Encoding"] = "gzip"
        answer = await AsyncHTTPClient().fetch(request)
        self.received += len(answer.body)
        return "" if answer.headers.get("Content-Encoding") else answer.body.decode()

    async def connect(self, token: str) -> None:
        """Connect as the page's script does."""
        scheme, rest = self.address.split("?")[0].split("://")
        request = HTTPRequest(
            f"ws://{rest}/ws",
            connect_timeout=PATIENCE_SECONDS,
            request_timeout=PATIENCE_SECONDS,
            headers={"Origin": f"{scheme}://{rest.split('/')[0]}"},
        )
        opened = await websocket_connect(request, subprotocols=["bokeh", token], max_message_size=100_000_000)
        self.connection = WebSocketClientConnectionWrapper(opened)
        await self.message()

    async def send(self, message: Any) -> None:
        """Send a message in its parts."""
        assert self.connection is not None
        await message.send(self.connection)

    async def patch(self, event: dict[str, Any]) -> None:
        """Send a change of the document."""
        message = Protocol().create("ACK")
        message.header["msgtype"] = "PATCH-DOC"
        message.content = {"events": [event]}
        await self.send(message)

    async def message(self) -> Any:
        """Receive a message."""
        assert self.connection is not None
        while True:
            part = await asyncio.wait_for(self.connection.read_message(), PATIENCE_SECONDS)
            assert part is not None, "the server has closed the connection"
            self.received += len(part)
            whole = await self.receiver.consume(part)
            if whole is not None:
                return whole

    async def wait_for(self, column: str) -> None:
        """Wait for a change of the document that has a column of this name."""
        while f'"{column}"' not in (await self.message()).content_json:
            pass

    def slider(self, title: str) -> str:
        """Find the identifier of the slider of this title."""
        return _identifier(self.document, title)

    async def move(self, slider: str, value: float) -> float:
        """Move a slider; return the seconds until the picture has followed."""
        began = perf_counter()
        await self.patch({"kind": "ModelChanged", "model": {"id": slider}, "attr": "value", "new": value})
        await self.wait_for(PICTURE)
        return perf_counter() - began


def _models(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the models of a document."""
    stack = [document]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            if "id" in here and "attributes" in here:
                yield here
            stack.extend(here.values())
        elif isinstance(here, list):
            stack.extend(here)


def _identifier(document: Any, title: str) -> str:
    """Find the model with this title."""
    found = (model for model in _models(document) if str(model["attributes"].get("title", "")).startswith(title))
    return str(next(found)["id"])


def _has_column(document: Any, name: str) -> bool:
    """Whether a source of the document has numbers in this column."""
    entries = (model["attributes"].get("data", {}).get("entries", []) for model in _models(document))
    return any(key == name and column != [] for columns in entries for key, column in columns)


async def attend(
    address: str, size: int, scripts: bool, moves: int, every: float = 0.5
) -> tuple[list[Visitor], list[float]]:
    """Let a class of visitors open an address at once, and then each move its slider every so many seconds."""
    visitors = [Visitor(address, scripts) for _ in range(size)]
    await asyncio.gather(*(visitor.open() for visitor in visitors))

    async def slide(visitor: Visitor, shift: float) -> list[float]:
        slider = visitor.slider("Scale")
        found = []
        for move in range(moves):
            await asyncio.sleep(every * (1.0 + shift))
            found.append(await visitor.move(slider, 24 + move % 5 + 1))
        return found

    found = await asyncio.gather(*(slide(one, number / size) for number, one in enumerate(visitors)))
    for visitor in visitors:
        assert visitor.connection is not None
        visitor.connection.close()
    return visitors, [seconds for each in found for seconds in each[1:]]


def spent(process: psutil.Process) -> float:
    """Processor seconds of a process and its children."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system
    return total


def main() -> None:
    """Print what a class costs."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--size", type=int, default=30)
    words.add_argument("--catalog", default="memory://none")
    words.add_argument("--page", default="flow", help="with its query")
    words.add_argument("--moves", type=int, default=5)
    words.add_argument("--every", type=float, default=0.5, help="seconds between two moves of a visitor")
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--scripts", action="store_true")
    words.add_argument("--wait", type=float, default=0.0, help="seconds before each class, to make pages ahead")
    words.add_argument(
        "--after", type=float, default=0.0, help="seconds after the last class, to weigh the server"
    )
    said = words.parse_args()
    command = [sys.executable, "-m", "pipeline.cli", "dashboard", "--port", "0", "--catalog", said.catalog]
    if said.wait:
        command += ["--visitors", str(said.size)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    AsyncHTTPClient.configure(None, max_clients=500)
    try:
        assert server.stdout is not None
        port = re.search(r"localhost:(\d+)", server.stdout.readline())[1]  # type: ignore[index]
        address = f"http://127.0.0.1:{port}/{said.page}"
        asyncio.run(attend(address, 2, False, 2))
        for _ in range(said.rounds):
            sleep(said.wait)
            measure(psutil.Process(server.pid), address, said)
        if said.after:
            sleep(said.after)
            memory = psutil.Process(server.pid).memory_info().rss
            print(f"{said.after:.0f} s after the last has left: memory {memory / 1e6:.0f} MB")
    finally:
        server.terminate()
        server.communicate()


def measure(process: psutil.Process, address: str, said: argparse.Namespace) -> None:
    """Let one class come and go."""
    before = spent(process)
    found, slides = asyncio.run(attend(address, said.size, said.scripts, said.moves, said.every))
    waits = sorted(one.waited for one in found)
    answers = [one.answered for one in found]
    print(
        f"{said.size} pages: first {waits[0]:.2f} s, median {median(waits):.2f} s, last {waits[-1]:.2f} s; "
        f"they follow their sliders after {median(answers):.2f} s, last {max(answers):.2f} s"
    )
    print(
        f"a page with {said.moves} moves: {(spent(process) - before) / said.size:.3f} processor seconds, "
        f"{median(one.received for one in found) / 1e6:.2f} MB; memory {process.memory_info().rss / 1e6:.0f} MB"
    )
    if slides:
        print(f"slider: median {1000 * median(slides):.0f} ms, slowest {1000 * max(slides):.0f} ms")


if __name__ == "__main__":
    main()
