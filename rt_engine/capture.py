"""Sound input in a process of its own.

PortAudio may hang when a device is pulled out, and aborts its process when a JACK server dies
under it; here that is one failed read. Each start looks for devices anew, and no other Python
thread delays the blocks, so that their times are exact.

The process, `python -m rt_engine.capture PORT RATE CHANNELS BLOCK`, sends messages on its line to
the engine: a head (time in ns, what it is, number of bytes that follow) and the bytes. It says
when the device is open, begins with blocks when a byte comes, and leaves when the line closes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import sys
import threading
from queue import SimpleQueue
from time import monotonic, monotonic_ns

import numpy as np
import numpy.typing as npt

from rt_engine.child import Child, call_parent
from rt_engine.devices import DeviceError, stream

__all__ = ["Capture", "main"]

SECOND = 1_000_000_000
HEAD = struct.Struct("<qBI")
OPENED, BLOCK, BLOCK_AFTER_LOSS, FAILED = range(4)
START = 10.0  # s that opening a device may take
BACKLOG = 2  # s of sound that wait for a busy engine
SILENT = 0.5  # s without a block that is due after which a device counts as gone


class Capture:
    """Blocks of an input device; DeviceError when it cannot be opened, with what exists."""

    def __init__(self, port: str, rate: int, channels: int, block: int) -> None:
        """Samples come as float32 of shape (block, channels)."""
        self._channels, self._name = channels, port
        self._patience = SILENT + 2 * block / rate
        self._heard_at = 0.0
        try:
            self._child = Child("rt_engine.capture", port, str(rate), str(channels), str(block))
        except OSError as error:
            raise DeviceError(f"input device {port!r}: {error}") from None
        self._line = self._child.line
        try:
            opened = self._receive(START)
        except BaseException:
            self.close()
            raise
        if opened is None:
            self.close()
            raise DeviceError(f"input device {port!r} does not open within {START:.0f} s")
        self.latency = opened[0]  # ns from the air to us, as the driver says

    def read(self, timeout: float) -> tuple[int, bool, npt.NDArray[np.float32]] | None:
        """Arrival of its last sample (ns), whether some were lost before it, and the next block.

        None after `timeout` s without one; DeviceError when the device is gone.
        """
        if not self._heard_at:
            self._begin()
        if (got := self._receive(timeout)) is None:
            if monotonic() > self._heard_at + self._patience:
                raise DeviceError(f"input device {self._name!r} gives no more sound")
            return None
        self._heard_at = monotonic()
        t, what, raw = got
        samples = np.frombuffer(raw, np.float32).reshape(-1, self._channels)
        return t, what == BLOCK_AFTER_LOSS, samples

    def close(self) -> None:
        """End the process; nothing that its library does can keep us waiting."""
        self._child.kill()
        self._line.close()

    def _begin(self) -> None:
        self._heard_at = monotonic()
        with contextlib.suppress(ConnectionError):
            self._line.send(b"!")

    def _receive(self, timeout: float) -> tuple[int, int, bytes] | None:
        if not select.select([self._line], [], [], timeout)[0]:
            return None
        t, what, size = HEAD.unpack(self._take(HEAD.size))
        body = self._take(size)
        if what == FAILED:
            raise DeviceError(body.decode())
        return t, what, body

    def _take(self, size: int) -> bytes:
        parts, until = b"", monotonic() + 1
        while len(parts) < size:
            part = b""
            if select.select([self._line], [], [], max(until - monotonic(), 0))[0]:
                with contextlib.suppress(ConnectionError):
                    part = self._line.recv(size - len(parts))
            if not part:
                raise DeviceError(f"input device {self._name!r} is gone")
            parts += part
        return parts


class Blocks:
    """What the device gave and nobody has fetched yet; PortAudio calls it for each block.

    Not its blocking read: that of PortAudio 19.6 spoils its memory on a JACK server when one
    channel is read. Nothing else runs in this process that could delay the call.
    """

    def __init__(self, most: int) -> None:
        self.queue: SimpleQueue[tuple[int, int, bytes]] = SimpleQueue()
        self.wanted = self.lost = False
        self._most = most

    def __call__(self, samples: object, frames: int, times: object, status: object) -> None:
        """Keep a block of raw samples."""
        full = self.queue.qsize() >= self._most
        self.lost = self.wanted and (self.lost or full or bool(status))
        if self.wanted and not full:
            what = BLOCK_AFTER_LOSS if self.lost else BLOCK
            self.queue.put((monotonic_ns(), what, bytes(samples)))  # type: ignore[call-overload]
            self.lost = False


def main(port: str, rate: str, channels: str, block: str) -> None:
    """Send blocks until the line closes."""
    line = call_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which then ends us
    try:
        _serve(line, port, int(rate), int(channels), int(block))
    except Exception as error:
        with contextlib.suppress(ConnectionError):  # it may be the engine that has gone
            _send(line, 0, FAILED, str(error).encode())
    os._exit(0)  # PortAudio's own end may hang or abort


def _serve(line: socket.socket, port: str, rate: int, channels: int, block: int) -> None:
    blocks = Blocks(most=1 + BACKLOG * rate // block)
    with stream("input", port, rate, channels, block, blocks) as opened:
        _send(line, round(opened.latency * SECOND), OPENED, b"")
        line.recv(1)
        threading.Thread(target=_leave_with, args=[line], daemon=True).start()
        blocks.wanted = True
        while True:
            _send(line, *blocks.queue.get())


def _send(line: socket.socket, t: int, what: int, body: bytes) -> None:
    line.sendall(HEAD.pack(t, what, len(body)) + body)


def _leave_with(line: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        line.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
