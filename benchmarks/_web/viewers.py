"""Those who look: browsers' ends of the socket, one of which may never read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import Sequence

import websockets

WATCHED = [
    ("camera", "images"), ("body", "skeletons"), ("card", "audio"), ("mel", "frames"),
    ("beats", "beats"),
]  # fmt: skip


class Looked:
    """What one viewer got: frames, bytes, and how late events were (s)."""

    def __init__(self) -> None:
        self.frames = self.size = 0
        self.late: list[float] = []


async def look(port: int, seconds: float, rate: float, found: Looked) -> None:
    """Watch everything for a while."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as link:
        for number, (node, output) in enumerate(WATCHED, 1):
            ask = {"do": "watch", "id": number, "node": node, "output": output, "rate": rate}
            await link.send(json.dumps(ask))
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_take(link, found), seconds)


async def _take(link: websockets.ClientConnection, found: Looked) -> None:
    async for raw in link:
        now = time.monotonic_ns()
        if isinstance(raw, bytes):
            found.frames += 1
            found.size += len(raw)
        elif '"is":"event"' in raw:
            found.late.append((now - json.loads(raw)["t"]) * 1e-9)


@contextlib.contextmanager
def stalled(port: int):
    """A viewer that asks for everything at 120 frames a second, and never reads."""
    with socket.socket() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", port))
        link.sendall(_handshake(port))
        for number, (node, output) in enumerate(WATCHED, 1):
            ask = {"do": "watch", "id": number, "node": node, "output": output, "rate": 120}
            link.sendall(_masked(json.dumps(ask).encode()))
        yield


def looking(port: int, seconds: float, viewers: int, rate: float = 30.0) -> list[Looked]:
    """Let `viewers` look at the same time."""

    async def together() -> None:
        await asyncio.gather(*(look(port, seconds, rate, each) for each in found))

    found = [Looked() for _ in range(viewers)]
    asyncio.run(together())
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _handshake(port: int) -> bytes:
    lines = [
        "GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def _masked(text: bytes) -> bytes:
    mask = os.urandom(4)
    head = struct.pack("!BB", 0x81, 0x80 | len(text))
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text))
