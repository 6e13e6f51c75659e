"""Controls in."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

from msgspec import Meta
from pythonosc.osc_packet import OscPacket

from rt_engine.core import Control as Change
from rt_engine.core import Controls, Output, Source
from rt_engine.protocols import osc
from rt_engine.udp import Address, listen

__all__ = ["Control"]

MOST_SAID = 100  # addresses that are complained about

Host = Annotated[str, Meta(description="own address; 0.0.0.0 lets other machines in")]


class Control(Source):
    """Live settings and actions of any node, set by OSC messages over UDP.

    `/rt/<node>/<setting or action> values...` A message that cannot be understood is logged,
    once for each address, and answered with `/rt/error s` where `replies` is on. Time tags are
    not waited for.
    """

    device = True
    controls = Output(Controls)
    host: Host = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="own UDP port")] = 9001
    replies: Annotated[bool, Meta(description="answer /rt/error to what is not understood")] = False

    def plan(self) -> None:
        self.malformed = 0  # datagrams that were no OSC

    def open(self) -> None:
        self._socket = listen(self.host, self.port)
        self._said: set[str] = set()

    def read(self) -> None:
        try:
            data, sender = self._socket.recvfrom(65536)
        except TimeoutError:
            return
        t = self.clock.now()
        for path, values in self._messages(data):
            root, _, rest = path.removeprefix("/").partition("/")
            node, _, name = rest.partition("/")
            if root == "rt" and node and name and "/" not in name:
                self.controls.emit(t, Change(node, name, values))
            else:
                self._refuse(path, sender)

    def close(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def _messages(self, data: bytes) -> list[tuple[str, list[Any]]]:
        try:
            packet = OscPacket(data)
            return [(m.message.address, m.message.params) for m in packet.messages]
        except Exception as error:  # python-osc lets errors of many kinds through
            self.malformed += 1
            if self.malformed == 1:
                self.log.warning("a datagram is no OSC (%s); more of them are only counted", error)
            return []

    def _refuse(self, path: str, sender: Address) -> None:
        text = f"{path}: no control; send /rt/<node>/<setting or action> values..."
        if path not in self._said and len(self._said) < MOST_SAID:
            self._said.add(path)
            self.log.warning("%s", text)
        if self.replies:
            with contextlib.suppress(OSError):
                self._socket.sendto(osc.message("/rt/error", "s", [text]), sender)
