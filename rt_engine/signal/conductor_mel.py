"""The mel spectrum that M2S-GAN hears: whole pieces, relative to their own maximum.

Liu et al. 2022, section 3.2, with the settings of its published data.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rt_engine.signal.framing import as_mono
from rt_engine.signal.mel import LogMel

__all__ = ["BANDS", "RANGE", "RATE", "ROWS", "SIZE", "conductor_mel", "resized"]

RATE = 22050  # samples a second
SIZE, HOP, BANDS = 2048, 256, 128
ROWS = 90  # a second, three for each frame of motion
RANGE = 80.0  # dB below the maximum that are shown
FLOOR = 1e-10  # power below which nothing is told apart

Rows = npt.NDArray[np.float32]


def conductor_mel(sound: npt.ArrayLike, rate: float = RATE) -> Rows:
    """Mel spectrum (rows, 128) of a whole sound (n,), 90 rows a second, 0 to 1.

    Power in 128 mel bands of librosa's defaults (22.05 kHz, frames of 2048 every 256, Slaney), in
    dB relative to the loudest, from -80 dB (0) up to 0 dB (1); high bands first, as the published
    data has them; 86.1 frames a second resized bilinearly to 90. Another rate is converted.
    ValueError for a sound that is shorter than a row.
    """
    samples = as_mono(sound)
    if rate != RATE:
        import soxr

        samples = soxr.resample(samples, rate, RATE)
    count = round(len(samples) / RATE * ROWS)
    if count < 1:
        raise ValueError(f"a sound of {len(samples) / RATE:.3f} s: needed is {1 / ROWS:.3f} s")
    mel = LogMel(RATE, SIZE, HOP, BANDS, log="none")
    power = mel.offline(np.pad(samples, (0, SIZE // 2))).astype(np.float64)
    decibels = 10.0 * np.log10(np.maximum(power, FLOOR))
    decibels = np.maximum(decibels - decibels.max(), -RANGE)
    return resized((decibels[:, ::-1] + RANGE) / RANGE, count)


def resized(rows: npt.ArrayLike, count: int) -> Rows:
    """Rows (n, ...) as (count, ...) on straight lines; row k is the middle of its share.

    As pictures are resized (the convention of OpenCV's bilinear `resize`); the ends are held.
    """
    x = np.asarray(rows)
    place = np.clip((np.arange(count) + 0.5) * len(x) / count - 0.5, 0.0, len(x) - 1)
    below = np.minimum(place.astype(int), max(len(x) - 2, 0))
    part = (place - below).reshape(-1, *[1] * (x.ndim - 1))
    above = np.minimum(below + 1, len(x) - 1)
    return np.asarray(x[below] * (1.0 - part) + x[above] * part, np.float32)
