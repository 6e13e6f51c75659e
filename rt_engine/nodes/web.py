"""A browser as a device: the camera and the microphone of whoever has the stage page open."""

from __future__ import annotations

import contextlib
from typing import Annotated

import numpy as np
import numpy.typing as npt
import soxr
from msgspec import Meta

from rt_engine import inlets
from rt_engine.core import SECOND, Knob, Output, SampleClock, Source
from rt_engine.extras import require
from rt_engine.inlets import Arrived
from rt_engine.kinds import Audio, Images
from rt_engine.video.jpeg import jpeg_size

__all__ = ["Camera", "Microphone"]

MS = 1_000_000
PATIENCE = 0.2  # s that a read waits
SILENT = 3 * SECOND  # ns without anything after which that is said
GAP = SECOND // 20  # ns by which sound may be elsewhere than expected before it counts as lost
SOUNDS = 64  # messages of sound that wait
LARGEST = 4096  # pixels of a side

Samples = npt.NDArray[np.float32]


class FromBrowser(Source):
    """What both have in common: an inlet, and one line in the log when nothing comes."""

    device = True
    what: str
    _complained = False

    def open(self) -> None:
        if not inlets.served():
            raise OSError("no page is served: run this graph with --web, or in rt-engine studio")
        self._stack = contextlib.ExitStack()
        size = 1 if self.what == inlets.PICTURES else SOUNDS
        self._inlet = self._stack.enter_context(inlets.inlet(self.what, size))
        self._heard, self._quiet = self.clock.now(), False

    def close(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()

    def complain(self, text: str) -> None:
        """Say it, the first time; a browser can be wrong fifty times a second."""
        self.log.warning(text) if not self._complained else None
        self._complained = True

    def take(self) -> Arrived | None:
        """The next thing that a browser sent, if there is one soon."""
        found = self._inlet.take(PATIENCE)
        now = self.clock.now()
        if found is not None:
            self._heard, self._quiet = now, False
        elif not self._quiet and now - self._heard > SILENT:
            self._quiet = True
            self.log.warning("no %s come from a browser: start sending on the page", self.what)
        return found


class Camera(FromBrowser):
    """The camera of a browser that has the page open; each picture is the newest one.

    Its time is that of the capture by the browser's clock, which is compared with the engine's
    over and over, and `delay_ms` less.
    """

    what = inlets.PICTURES
    images = Output(Images)
    size: Annotated[tuple[int, int], Meta(description="width and height to ask for")] = (640, 480)
    fps: Annotated[float, Meta(gt=0, le=60, description="pictures a second to ask for")] = 30.0
    mirror: Annotated[bool, Knob(description="left and right swapped, as in a mirror")] = False
    delay_ms: Annotated[
        float, Knob(ge=-200, le=1000, unit="ms", description="from the exposure to the time stamp")
    ] = 0.0

    def plan(self) -> None:
        self.images.format = Images(rate=self.fps)

    def read(self) -> None:
        """The newest picture; one that is no JPEG is left out, and said once."""
        if (found := self.take()) is None:
            return
        image = self._unpacked(found.data)
        if image is None:
            self.complain(f"a picture is no JPEG of at most {LARGEST} pixels a side, left out")
            return
        self.images.emit(
            found.t - round(self.delay_ms * MS),
            np.ascontiguousarray(image[:, ::-1]) if self.mirror else image,
        )

    @staticmethod
    def _unpacked(data: bytes) -> npt.NDArray[np.uint8] | None:
        """A picture in BGR; None where it is none, or too large to be unpacked at all."""
        if max(jpeg_size(data) or (LARGEST + 1,)) > LARGEST:
            return None
        cv2 = require("cv2")
        image: npt.NDArray[np.uint8] | None
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return image


class Microphone(FromBrowser):
    """The microphone of a browser that has the page open, at the rate of the graph.

    Times are those of the capture by the browser's clock, smoothed as those of any sound
    device. Where sound was lost on the way, what follows forgets the stream.
    """

    what = inlets.SOUND
    audio = Output(Audio)
    rate: Annotated[int, Meta(ge=8000, le=192_000, description="sample rate in Hz")] = 48_000
    block: Annotated[int, Meta(ge=16, le=16_384, description="samples a packet")] = 512

    def plan(self) -> None:
        self.audio.format = Audio(rate=self.rate)

    def reset(self) -> None:
        self._from = 0  # Hz, what the browser sends; 0: nothing yet
        self._expected = self._size = 0

    def read(self) -> None:
        """As many blocks as what came last makes complete."""
        if (found := self.take()) is None:
            return
        data: Samples = np.frombuffer(found.data, np.float32)
        if not np.isfinite(data).all():
            self.complain("sound of a browser is not finite, left out")
            return
        if found.rate != self._from or abs(found.t - self._expected) > GAP:
            self._begin(found)
        elif len(data) != self._size:  # the clock predicts the end of a block of the same size
            self._clock.slip()
        self._size = len(data)
        length = round(len(data) * SECOND / found.rate)
        self._expected = found.t + length
        start = self._clock.update(found.t + length, len(data))
        self._emit(data, start)

    def _begin(self, found: Arrived) -> None:
        """A new stream: the first, another browser's, or the same after a gap."""
        if self._from:
            self.complain("sound of the browser was lost on its way; it may be lost again")
            self.audio.gap()
        self._from = found.rate
        self._clock = SampleClock(found.rate)
        self._resampler = soxr.ResampleStream(found.rate, self.rate, 1, "float32")
        self._taken = self._given = 0  # samples of the browser, and of ours
        self._rest: Samples = np.zeros(0, np.float32)

    def _emit(self, data: Samples, start: int) -> None:
        """Resample `data`, whose first sample is of time `start`, and send whole blocks."""
        first, self._taken = self._taken, self._taken + len(data)
        same = self._from == self.rate
        made: Samples = data if same else self._resampler.resample_chunk(data)
        self._rest = np.concatenate([self._rest, made])
        while len(self._rest) >= self.block:
            block, self._rest = self._rest[: self.block], self._rest[self.block :]
            into = self._given / self.rate - first / self._from  # s from `start`
            self.audio.emit(start + round(into * SECOND), block)
            self._given += self.block
