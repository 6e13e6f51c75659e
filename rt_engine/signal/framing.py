"""Overlapping frames of a stream that arrives in blocks of any size."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Start = Literal["centred", "whole"]


class Framer:
    """Cut a stream into frames of `size` samples, one every `hop` samples.

    The frames depend on the stream alone, never on how it was cut into blocks. A frame leaves as
    soon as its last sample is there, and only then.

    start: what the first frame is.
        "centred": its centre is sample 0, so `size // 2` zeros stand before the stream
            (frame k equals frame k of `librosa.stft(center=True)` with zero padding).
        "whole": it begins at sample 0 and holds nothing but the stream.
    """

    def __init__(self, size: int, hop: int, start: Start = "centred") -> None:
        if size < 1 or hop < 1:
            raise ValueError(f"size {size} and hop {hop} must be at least 1 sample")
        if start not in ("centred", "whole"):
            raise ValueError(f"start {start!r} is unknown; choose 'centred' or 'whole'")
        self.size = size
        self.hop = hop
        self.padding = size // 2 if start == "centred" else 0
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        self.received = 0
        self._rest = np.zeros(self.padding, np.float32)
        self._skip = 0
        self._count = 0
        self._first_centre = self._next_centre = self.size // 2 - self.padding

    @property
    def latency(self) -> int:
        """Samples from the centre of a frame to the end of its last sample."""
        return self.size - self.size // 2

    @property
    def times(self) -> NDArray[np.int64]:
        """Sample numbers of the centres of the frames that the last `process` returned."""
        return self._first_centre + self.hop * np.arange(self._count, dtype=np.int64)

    def process(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Take a block, shape (n,); return the frames it completes, float32 (frames, size).

        The frames are a view in which neighbours share their samples: read it, do not write.
        """
        block = as_mono(samples)
        self.received += len(block)
        skipped = min(self._skip, len(block))
        self._skip -= skipped
        signal = np.concatenate((self._rest, block[skipped:]))
        frames = frame_view(signal, self.size, self.hop)
        self._keep_rest(signal, len(frames))
        return frames

    def _keep_rest(self, signal: NDArray[np.float32], count: int) -> None:
        used = count * self.hop
        self._rest = signal[used:].copy()
        self._skip += max(0, used - len(signal))
        self._first_centre = self._next_centre
        self._next_centre += used
        self._count = count

    def frames(self, signal: ArrayLike) -> NDArray[np.float32]:
        """All frames of a whole signal, shape (n,), without touching the state of the stream."""
        return frame_view(np.pad(as_mono(signal), (self.padding, 0)), self.size, self.hop)


def frame_view(signal: NDArray[np.float32], size: int, hop: int) -> NDArray[np.float32]:
    """Every complete frame of a contiguous signal, as a view of shape (frames, size)."""
    count = max(0, 1 + (len(signal) - size) // hop)
    step = signal.itemsize
    return np.ndarray((count, size), signal.dtype, signal, 0, (hop * step, step))


def as_mono(samples: ArrayLike) -> NDArray[np.float32]:
    """Samples as float32 of shape (n,); ValueError for any other shape."""
    block = np.asarray(samples, np.float32)
    if block.ndim != 1:
        raise ValueError(f"samples of shape {block.shape}: one channel, shape (n,), is needed")
    return block
