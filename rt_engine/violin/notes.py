"""A note that was found, measured: each figure with its reliability, 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rt_engine.kinds import Measured, PlayedNote
from rt_engine.violin.bowing import bow_change
from rt_engine.violin.contour import Vibrato, middle, vibrato
from rt_engine.violin.ears import FPS, Moment
from rt_engine.violin.pulse import Timing
from rt_engine.violin.segments import SURE, Segment
from rt_engine.violin.tuning import Drift, Tuning

__all__ = ["measure"]

HEAD, TAIL = 4, 3  # frames at the ends of a note whose windows reach into its neighbours
ENOUGH = 8  # frames of sure pitch that a pitch needs to be fully relied on
LOOSE = 60.0  # cents of median distance from the middle at which nothing is left of it
OCTAVE = 6.0  # semitones from the median beyond which a frame was misheard
UNKNOWN = Measured()


def measure(
    segment: Segment,
    index: int,
    timing: Timing,
    tuning: Tuning,
    drift: Drift,
    follow: bool = True,
) -> PlayedNote:
    """The figures of one note. `drift` takes its pitch in; if `follow`, it comes off the cents.

    Where the pitch is not heard (a chord, a scratch), `target` is 0 and what needs a pitch has
    reliability 0; the rest stands.
    """
    moments = segment.moments
    pitch, spread, inner = _pitch(moments, tuning)
    sure = pitch.reliability
    target, cents = tuning.nearest(pitch.value) if sure else (0, 0.0)
    if sure:
        drift.hear(cents, sure)
        offset = drift.cents if follow else 0.0
        target, cents = tuning.nearest(pitch.value - offset / 100)
    shaken = _vibrato(inner, tuning) if sure else Vibrato(UNKNOWN, UNKNOWN)
    level, evenness = _dynamics(moments)
    return PlayedNote(
        index=index,
        duration=len(moments) / FPS,
        pitch=pitch,
        target=target,
        intonation=Measured(cents, sure * _apart(spread, shaken)) if sure else UNKNOWN,
        tuning=Measured(drift.cents, drift.reliability),
        vibrato_rate=shaken.rate,
        vibrato_extent=shaken.extent,
        level=level,
        evenness=evenness,
        timing=timing.late,
        tempo=timing.tempo,
        bow_change=bow_change(segment.before, moments),
        brightness=_brightness(inner),
        noisiness=_noisiness(moments),
    )


def _pitch(moments: Sequence[Moment], tuning: Tuning) -> tuple[Measured, float, list[Moment]]:
    """Pitch, its spread in cents, and the moments that carry it."""
    body = list(moments[HEAD : len(moments) - TAIL]) or list(moments)
    heard = [m for m in body if m.hz and m.periodic > SURE]
    if not heard:
        return UNKNOWN, 0.0, []
    numbers = np.array([tuning.midi(m.hz) for m in heard])
    usual = np.sort(numbers)[len(numbers) // 2]  # a pitch that was heard, never one between two
    near = np.abs(numbers - usual) < OCTAVE
    inner = [m for m, keep in zip(heard, near, strict=True) if keep]
    centre, spread = middle(numbers[near])
    periodic = float(np.median([m.periodic for m in inner]))
    share = len(inner) / len(body)
    sure = min(1.0, len(inner) / ENOUGH) * share * (periodic - SURE) / (1 - SURE)
    return Measured(centre, sure), 100 * spread, inner


def _apart(spread: float, shaken: Vibrato) -> float:
    """What a spread (cents) that no vibrato explains leaves of the reliability of a middle."""
    of_vibrato = shaken.extent.reliability * shaken.extent.value / math.sqrt(2)
    return max(0.0, 1 - max(0.0, spread - of_vibrato) / LOOSE)


def _vibrato(inner: list[Moment], tuning: Tuning) -> Vibrato:
    seconds = np.array([m.t for m in inner])
    return vibrato(seconds, np.array([100 * tuning.midi(m.hz) for m in inner]))


def _dynamics(moments: Sequence[Moment]) -> tuple[Measured, Measured]:
    """Level, and how it spreads within the note without its ends."""
    levels = np.array([m.level for m in moments])
    body = levels[HEAD : len(levels) - TAIL]
    sure = min(1.0, len(levels) / ENOUGH)
    spread = Measured(float(np.std(body)), min(1.0, len(body) / 20)) if len(body) else UNKNOWN
    return Measured(float(np.percentile(levels, 75)), sure), spread


def _brightness(inner: list[Moment]) -> Measured:
    bright = [math.log2(m.centroid / m.hz) for m in inner if m.centroid > 0]
    if not bright:
        return UNKNOWN
    return Measured(float(np.median(bright)), min(1.0, len(bright) / ENOUGH))


def _noisiness(moments: Sequence[Moment]) -> Measured:
    body = moments[HEAD : len(moments) - TAIL]
    if not body:
        return UNKNOWN
    rough = float(np.median([1 - m.periodic for m in body]))
    return Measured(rough, min(1.0, len(body) / ENOUGH))
