"""The 35 numbers that MAPnet hears, fifty times a second."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.signal import Cens, Mfcc, OnsetStrength, Rms
from rt_engine.violin.bowing import dipped
from rt_engine.violin.ears import FPS, Ears, Moment
from rt_engine.violin.segments import AHEAD, BEHIND, Segmenter

__all__ = ["PerformanceFeatures"]

RATE = 50  # rows a second
COEFFICIENTS = 20
WIDTH = 21  # frames of the window that smooths the chroma: 0.42 s, half of it lookahead
SHARE = {"envelope": 1, "mfcc": COEFFICIENTS, "chroma": 12, "peak": 1, "rms": 1}


class PerformanceFeatures:
    """Sound as float32 (frames, 35): envelope, 20 MFCC, 12 chroma CENS, bow-change peak, RMS.

    rate: samples a second, a multiple of 50. All columns of a row belong to one moment, so a row
    waits for the slowest of them, the chroma (`latency`). The peak is 1 in the row nearest to a
    start of a note at which the level dips as where a bow turns, else 0.

    Source: Shrestha et al. 2022, "AIMusicGuru", sections 3.4 and 5.1. They take bow changes from
    the sound without saying how, and CENS as librosa has it, over the whole file; here half a
    window of lookahead is all that is known of the future.
    """

    dims = sum(SHARE.values())
    columns = SHARE

    def __init__(self, rate: int) -> None:
        if rate % RATE:
            raise ValueError(f"{rate} samples a second: a multiple of {RATE} is needed")
        self.rate, self.hop = rate, rate // RATE
        self.onset = OnsetStrength(rate, 2048, self.hop)
        self.mfcc = Mfcc(rate, 2048, self.hop, COEFFICIENTS, start="whole")
        self.cens = Cens(rate, 4096, self.hop, WIDTH)
        self.rms = Rms(rate, 2048, self.hop, start="whole")
        self.ears, self.segmenter = Ears(rate), Segmenter()
        self.reset()

    @property
    def frame_rate(self) -> float:
        """Rows a second."""
        return float(RATE)

    @property
    def latency(self) -> int:
        """Samples from the moment of a row to the time when it can leave, at most."""
        slow = self.ears.latency + (AHEAD + 15) / FPS
        return max(self.cens.latency + self.hop, round(slow * self.rate) + self.hop)

    @property
    def times(self) -> NDArray[np.int64]:
        """Sample numbers of the moments of the rows that the last `process` returned."""
        return self._times

    def reset(self) -> None:
        """Forget the stream: the next sample is sample 0 again."""
        resets = (self.onset, self.mfcc, self.cens, self.rms, self.ears, self.segmenter)
        for resettable in resets:
            resettable.reset()
        self._queues: list[deque[tuple[int, NDArray[np.float32]]]] = [deque() for _ in range(4)]
        self._moments: deque[Moment] = deque(maxlen=BEHIND + AHEAD + 24)
        self._waiting: deque[float] = deque()  # starts whose next moments are not yet there
        self._turns: deque[int] = deque()
        self._heard = -1.0
        self._times = np.zeros(0, np.int64)

    def process(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Take a block, shape (n,); return the rows it completes, shape (frames, 35)."""
        block = np.asarray(samples, np.float32)
        parts: list[OnsetStrength | Mfcc | Cens | Rms]
        parts = [self.onset, self.mfcc, self.cens, self.rms]
        for queue, part in zip(self._queues, parts, strict=True):
            rows = part.process(block)
            queue.extend(zip(part.times.tolist(), rows, strict=True))
        for moment in self.ears.process(block):
            self._listen(moment)
        return self._rows()

    def offline(self, signal: ArrayLike) -> NDArray[np.float32]:
        """Every row of a whole signal by an instance of its own: this stream is left alone."""
        return PerformanceFeatures(self.rate).process(signal)

    def _listen(self, moment: Moment) -> None:
        """Find the starts, and a little later whether the bow turned there."""
        self._moments.append(moment)
        self._heard = moment.t
        self.segmenter.step(moment)
        if self.segmenter.started:
            self._waiting.append(self.segmenter.started[0])
        while self._waiting and moment.t - self._waiting[0] >= 14.5 / FPS:
            start = self._waiting.popleft()
            before = [m for m in self._moments if m.t < start][-BEHIND:]
            after = [m for m in self._moments if m.t >= start]
            if dipped(before, after):
                self._turns.append(round(start * self.rate))

    def _rows(self) -> NDArray[np.float32]:
        envelopes, mfccs, chromas, levels = self._queues
        rows, times = [], []
        while all(self._queues):
            at = levels[0][0]
            settled = round((self._heard - (AHEAD + 15.5) / FPS) * self.rate)
            ripe = [queue for queue in self._queues[:3] if queue[-1][0] + self.hop // 2 >= at]
            if len(ripe) < 3 or settled < at + self.hop // 2:
                break
            levels_row = levels.popleft()[1]
            parts = [self._near(envelopes, at)[-1:], self._near(mfccs, at)]
            parts += [self._near(chromas, at), self._turned(at), levels_row]
            rows.append(np.concatenate(parts))
            times.append(at)
        self._times = np.array(times, np.int64)
        return np.array(rows, np.float32) if rows else np.empty((0, self.dims), np.float32)

    def _near(self, queue: deque[tuple[int, NDArray[np.float32]]], at: int) -> NDArray[np.float32]:
        """The row of `queue` nearest to sample `at`; those before it are let go."""
        while len(queue) > 1 and abs(queue[1][0] - at) < abs(queue[0][0] - at):
            queue.popleft()
        return queue[0][1]

    def _turned(self, at: int) -> NDArray[np.float32]:
        """1 where a bow change lies nearest to sample `at`."""
        turned = False
        while self._turns and self._turns[0] < at + self.hop // 2:
            turned = self._turns.popleft() >= at - self.hop or turned
        return np.array([float(turned)], np.float32)
