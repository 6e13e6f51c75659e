"""Sound input in a process of its own.

PortAudio may hang when a device is pulled out, and aborts its process when a JACK server dies
under it; here that is one failed read. Each start looks for devices anew, and no other Python
thread delays the blocks, so that their times are exact.

The process, `python -m rt_engine.capture PORT RATE CHANNELS BLOCK`, writes messages to stdout:
a head (time in ns, what it is, number of bytes that follow) and the bytes. It says when the
device is open, begins with blocks when a byte comes on stdin, and leaves when that closes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, monotonic_ns
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

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
        settings = [port, str(rate), str(channels), str(block)]
        root = str(Path(__file__).parents[1])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rt_engine.capture", *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin and self._process.stdout
        self._go, self._pipe = self._process.stdin.fileno(), self._process.stdout.fileno()
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
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _begin(self) -> None:
        self._heard_at = monotonic()
        with contextlib.suppress(BrokenPipeError):
            os.write(self._go, b"!")

    def _receive(self, timeout: float) -> tuple[int, int, bytes] | None:
        if not select.select([self._pipe], [], [], timeout)[0]:
            return None
        t, what, size = HEAD.unpack(self._take(HEAD.size))
        body = self._take(size)
        if what == FAILED:
            raise DeviceError(body.decode())
        return t, what, body

    def _take(self, size: int) -> bytes:
        parts, until = b"", monotonic() + 1
        while len(parts) < size:
            ready = select.select([self._pipe], [], [], max(until - monotonic(), 0))[0]
            part = os.read(self._pipe, size - len(parts)) if ready else b""
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
    """Send blocks until stdin closes."""
    pipe = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # the C libraries of sound servers print where they like
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which then ends us
    try:
        _serve(pipe, port, int(rate), int(channels), int(block))
    except Exception as error:
        _send(pipe, 0, FAILED, str(error).encode())
    os._exit(0)  # PortAudio's own end may hang or abort


def _serve(pipe: BinaryIO, port: str, rate: int, channels: int, block: int) -> None:
    blocks = Blocks(most=1 + BACKLOG * rate // block)
    with stream("input", port, rate, channels, block, blocks) as opened:
        _send(pipe, round(opened.latency * SECOND), OPENED, b"")
        sys.stdin.buffer.read(1)
        threading.Thread(target=_leave_with_stdin, daemon=True).start()
        blocks.wanted = True
        while True:
            _send(pipe, *blocks.queue.get())


def _send(pipe: BinaryIO, t: int, what: int, body: bytes) -> None:
    message = memoryview(HEAD.pack(t, what, len(body)) + body)
    while message:
        message = message[pipe.write(message) :]


def _leave_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
