"""A small graph with its page, as a process of its own, and a browser's end of the socket."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn", reason="needs the extra 'web'")
websockets = pytest.importorskip("websockets", reason="needs the extra 'web'")

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 40.0  # s that a busy machine may take to start a process

GRAPH = """
name: small
description: A tone, its level, and beats on time.
nodes:
  tone:  {is: audio.File, path: tone.wav, block: 256, loop: true}
  level: {is: features.Rms, in: tone}
  gain:  {is: tests.helpers.Gain, in: tone}
  pulse: {is: tests.web.nodes.Pulse}
  osc:   {is: osc.Beats, in: pulse, to: "127.0.0.1:9", preset: plain}
"""


class Server:
    """`rt-engine ARGUMENTS` in `folder`; `url` is the address that it printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        home = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rt_engine.cli", *arguments],
            cwd=folder,
            env={**os.environ, **home, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if found := re.search(r"open (http\S+) in a browser", line):
                self.url = found[1]
                break
        else:
            raise AssertionError(f"no address was printed: {said}")
        self.port = int(re.search(r":(\d+)/", self.url)[1])  # type: ignore[index]
        self.token = self.url.partition("token=")[2]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; the exit code, and what was said after the address."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


class Page:
    """A browser's end of the socket: sends JSON, sorts what comes."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self, what: str, **like: Any) -> dict[str, Any]:
        """The next message "is": `what` that has these values.

        Everything that comes is kept in `messages`.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            raw = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            if isinstance(raw, bytes):
                continue
            message = json.loads(raw)
            self.messages.append(message)
            if message["is"] == what and all(message.get(k) == v for k, v in like.items()):
                return message
        raise AssertionError(f"no {what} {like} came, but {self.messages[-5:]}")

    async def binary(self) -> bytes:
        """The next frame."""
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            if isinstance(raw, bytes):
                return raw


def connect(port: int, **options: Any) -> Any:
    """A socket to the page of the process at `port`."""
    return websockets.connect(f"ws://127.0.0.1:{port}/ws", max_size=None, **options)


def on_page(port: int, scene: Callable[[Page, dict[str, Any]], Awaitable[Any]]) -> Any:
    """Run `scene(page, graph message)` on a fresh socket; what it returns."""

    async def play() -> Any:
        async with connect(port) as socket:
            page = Page(socket)
            return await scene(page, await page.next("graph"))

    return asyncio.run(play())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a graph file over ten seconds of a tone at 440 Hz."""
    folder = tmp_path_factory.mktemp("stage")
    t = np.arange(480_000) / 48_000
    soundfile.write(folder / "tone.wav", 0.5 * np.sin(2 * np.pi * 440 * t), 48_000)
    (folder / "small.yaml").write_text(GRAPH)
    return folder


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    """The small graph, running, with its page."""
    server = Server(folder, "run", "small.yaml", "--web", "0")
    yield server
    server.end()
