"""The last seconds of a signal by absolute sample number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RingBuffer"]


class RingBuffer:
    """Holds the newest `capacity` samples; any window of them is one contiguous view.

    Every sample is stored twice, `capacity` apart, so that a window never wraps.
    A view stays valid until `capacity` minus its length further samples have been written.
    """

    def __init__(self, capacity: int, channels: int = 1, dtype: npt.DTypeLike = np.float32) -> None:
        """Room for `capacity` samples of shape () if `channels` is 1, else (channels,)."""
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1 sample, got {capacity}")
        shape = (2 * capacity,) if channels == 1 else (2 * capacity, channels)
        self.capacity = capacity
        self.end = 0  # absolute number of the next sample
        self._store: npt.NDArray[Any] = np.zeros(shape, dtype)

    @property
    def start(self) -> int:
        """Absolute number of the oldest sample still held."""
        return max(0, self.end - self.capacity)

    def write(self, block: npt.NDArray[Any]) -> None:
        """Append samples of shape (n,) or (n, channels); of a longer block the newest stay."""
        self.end += len(block)
        block = block[-self.capacity :]
        at = (self.end - len(block)) % self.capacity
        head = min(len(block), self.capacity - at)
        tail = len(block) - head
        for copy in (0, self.capacity):
            self._store[copy + at : copy + at + head] = block[:head]
            self._store[copy : copy + tail] = block[head:]

    def last(self, count: int) -> npt.NDArray[Any]:
        """View of the newest `count` samples; zeros stand for samples before the first."""
        if not 0 <= count <= self.capacity:
            raise ValueError(f"{count} samples asked of a ring that holds {self.capacity}")
        stop = self.end % self.capacity + self.capacity
        return self._store[stop - count : stop]

    def window(self, start: int, stop: int) -> npt.NDArray[Any]:
        """View of the samples with absolute numbers `start` to `stop` (exclusive).

        Raises IndexError when some are already overwritten or not yet written.
        """
        if not self.start <= start <= stop <= self.end:
            raise IndexError(f"samples {start}:{stop} asked, held are {self.start}:{self.end}")
        at = start % self.capacity
        return self._store[at : at + stop - start]

    def clear(self) -> None:
        """Forget all samples and count from 0 again."""
        self._store[:] = 0
        self.end = 0
