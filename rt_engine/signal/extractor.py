"""What every streaming feature shares: blocks in, one row a frame out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal.framing import Framer, Start

Scalar = TypeVar("Scalar", np.float32, np.complex64)

CHUNK = 64  # frames worked on at once, so that a whole song needs little memory and stays in cache


class Extractor(ABC, Generic[Scalar]):
    """A feature of overlapping frames, from a stream (`process`) or a whole signal (`offline`).

    `process` gives the same bits for any cut of the stream into blocks. `offline` computes the
    same feature the textbook way and agrees to float32 rounding.

    rate: samples a second. size, hop: of the frames, in samples. start: see `Framer`.
    """

    dims: int
    """Numbers in a row."""
    dtype: type[np.generic] = np.float32
    """Of the rows."""

    def __init__(self, rate: float, size: int, hop: int, start: Start = "centred") -> None:
        if rate <= 0:
            raise ValueError(f"rate {rate} must be above 0 samples a second")
        self.rate = rate
        self.framer = Framer(size, hop, start)

    @property
    def size(self) -> int:
        """Samples in a frame."""
        return self.framer.size

    @property
    def hop(self) -> int:
        """Samples from a frame to the next."""
        return self.framer.hop

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.rate / self.framer.hop

    @property
    def latency(self) -> int:
        """Samples from the centre of a frame to the moment its row can leave."""
        return self.framer.latency

    @property
    def times(self) -> NDArray[np.int64]:
        """Sample numbers of the centres of the frames that the last `process` returned."""
        return self.framer.times

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        self.framer.reset()

    def process(self, samples: ArrayLike) -> NDArray[Scalar]:
        """Take a block, shape (n,); return the rows it completes, shape (frames, dims)."""
        frames = self.framer.process(samples)
        if len(frames) == 1:
            return self.analyse(frames)
        return self._join([self.analyse(part) for part in chunks(frames)])

    def offline(self, signal: ArrayLike) -> NDArray[Scalar]:
        """Every row of a whole signal, shape (frames, dims); leaves the stream's state alone."""
        frames = self.framer.frames(signal)
        return self._join([self.analyse_offline(part) for part in chunks(frames)])

    def _join(self, parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
        return np.concatenate(parts) if parts else np.empty((0, self.dims), self.dtype)

    @abstractmethod
    def analyse(self, frames: NDArray[np.float32]) -> NDArray[Scalar]:
        """Rows (n, dims) of frames (n, size); each row from its frame alone, bit for bit."""

    def analyse_offline(self, frames: NDArray[np.float32]) -> NDArray[Scalar]:
        """As `analyse`, written for clearness; the same code where there is no other way."""
        return self.analyse(frames)


def chunks(frames: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The frames in pieces of at most `CHUNK`."""
    return [frames[i : i + CHUNK] for i in range(0, len(frames), CHUNK)]
