"""The built-in voice on an output device of the system."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from heapq import heappop, heappush
from itertools import count

import numpy as np
import numpy.typing as npt

from rt_engine.devices import DeviceError, stream
from rt_engine.protocols.lateness import Lateness
from rt_engine.synth.builtin import DRUMS, Builtin
from rt_engine.synth.limiter import STEP

__all__ = ["BuiltinOut"]

SECOND = 1_000_000_000
BLOCK = 4 * STEP
BLOCKS = 200  # about a second of times from which the device's clock is learnt
SLACK = 40_000_000  # ns ahead: time to make a sound that was not yet needed
STALLED = 2.0  # s without progress after which the device counts as gone
MIDDLE = sorted(range(33, 85), key=lambda pitch: abs(pitch - 58))
KIT = (36, 38, 42, 46, 45, 48, 50, 49, 51)  # made before the start


class BuiltinOut:
    """`Builtin` on an output device; a `MidiOut`. `gone`: readable when the device has failed."""

    def __init__(self, device: str = "", rate: int = 48_000) -> None:
        """Raises DeviceError that lists the devices."""
        self.voice, self.rate = Builtin(rate), rate
        for key in KIT:
            self.voice.prepare(bytes([0x90 | DRUMS, key, 1]))
        self.lateness = Lateness()
        self.loss = "the sound device takes no more samples"
        self.ahead = SLACK + BLOCK * SECOND // rate
        self._waiting: list[tuple[int, int, bytes]] = []  # a heap: due, serial, message
        self._serial = count()
        self._lock = threading.Lock()
        self.gone, self._write_gone = os.pipe()
        self._open, self._moved = True, time.monotonic()
        self._opened: threading.Event = threading.Event()
        self._error: DeviceError | None = None
        self._player = threading.Thread(target=self._play, args=(device,), daemon=True)
        self._player.start()
        self._opened.wait()
        if self._error:
            raise self._error
        threading.Thread(target=self._watch, daemon=True).start()
        threading.Thread(target=self._prepare, daemon=True).start()

    def send(self, message: bytes, due: int) -> None:
        """Play `message` at engine time `due` in ns, plus the latency of the device."""
        self.voice.prepare(message)
        with self._lock:
            heappush(self._waiting, (due, next(self._serial), message))
        self.lateness.add(max(0, time.monotonic_ns() - due))

    def close(self) -> None:
        """End all sound and leave the device."""
        self._open = False
        self._player.join(1.0)

    def _play(self, device: str) -> None:
        try:
            with stream("output", device, self.rate, 2, BLOCK) as out:
                self._opened.set()
                origins: deque[int] = deque(maxlen=BLOCKS)
                done = 0
                while self._open:
                    out.write(self._block(min(origins, default=0), done))
                    done += BLOCK
                    origins.append(time.monotonic_ns() - done * SECOND // self.rate)
                    self._moved = time.monotonic()
        except DeviceError as error:
            self._error = error
        except Exception:  # whatever PortAudio says of a device that is gone
            os.write(self._write_gone, b"x")
        self._opened.set()

    def _block(self, origin: int, start: int) -> npt.NDArray[np.float32]:
        """The block that begins with sample `start`, where sample 0 is at `origin` ns."""
        steps = []
        for at in range(start, start + BLOCK, STEP):
            with self._lock:
                while self._waiting and self._waiting[0][0] <= origin + at * SECOND // self.rate:
                    self.voice.message(heappop(self._waiting)[2])
            steps.append(self.voice.render(STEP))
        return np.concatenate(steps)

    def _prepare(self) -> None:
        """Make the strings' sounds in the order of need, so that the first notes are on time."""
        for pitch in MIDDLE:
            if self._open:
                self.voice.prepare(bytes([0x90, pitch, 1]))

    def _watch(self) -> None:
        while self._open:
            if time.monotonic() - self._moved > STALLED:
                os.write(self._write_gone, b"x")
                return
            time.sleep(STALLED / 8)
