"""The figures of a whole take, and the moments that went worst."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.kinds import Measured, PlayedNote
from rt_engine.violin.report.session import Session

__all__ = ["Summary", "Worst", "summarise", "worst"]

SURE = 0.5  # reliability from which a note counts
WINDOW = 4.0  # s of a moment
FAR = 30.0  # cents: a larger deviation does not count for more
LATE = 0.1  # s: likewise

Floats = NDArray[np.float64]
Timed = tuple[float, PlayedNote]


class Summary(NamedTuple):
    """Figures of a take; nan where nothing was sure enough."""

    seconds: float
    notes: float
    sure: float  # notes whose pitch was sure
    tuning: float  # cents of the whole playing above the reference
    intonation: float  # median of the distance from the note, cents
    within: float  # part of the notes within 10 cents
    timing: float  # median of the distance from the pulse, click or score, ms
    tempo: float  # median, BPM
    stability: float  # spread of the tempo, % (interquartile range over the median)
    vibrato_rate: float  # median, Hz
    vibrato_extent: float  # median, cents to either side
    dynamics: float  # dB between soft and loud notes (10th to 90th percentile)
    evenness: float  # median spread of the level within notes, dB
    bow_changes: float  # a minute
    strokes: float = math.nan  # seen, a minute
    amount: float = math.nan  # median of the bow used for a stroke, cm
    straightness: float = math.nan  # median; a proxy, see `kinds.BowStroke`


class Worst(NamedTuple):
    """A stretch of a take that went badly."""

    start: float  # s
    stop: float
    cents: float  # median distance from the notes; nan where none was sure
    late: float  # median distance from the pulse, ms; nan likewise
    bar: int  # of the score, 0 unknown
    score: float  # 0 (fine) to 1


def summarise(session: Session) -> Summary:
    """The figures of `session`."""
    notes = [note for _, note in session.notes]
    cents = _sure(notes, lambda n: n.intonation)
    tempo = _sure(notes, lambda n: n.tempo)
    levels = _sure(notes, lambda n: n.level)
    turns = sum(n.bow_change.value * (n.bow_change.reliability >= SURE) for n in notes)
    spread = np.subtract(*np.percentile(tempo, [75, 25])) if len(tempo) else math.nan
    return Summary(
        seconds=session.seconds,
        notes=len(notes),
        sure=len(cents),
        tuning=notes[-1].tuning.value if notes else math.nan,
        intonation=_median(np.abs(cents)),
        within=float(np.mean(np.abs(cents) <= 10)) if len(cents) else math.nan,
        timing=1000 * _median(np.abs(_sure(notes, lambda n: n.timing))),
        tempo=_median(tempo),
        stability=float(100 * spread / _median(tempo)) if len(tempo) else math.nan,
        vibrato_rate=_median(_sure(notes, lambda n: n.vibrato_rate)),
        vibrato_extent=_median(_sure(notes, lambda n: n.vibrato_extent)),
        dynamics=float(np.ptp(np.percentile(levels, [10, 90]))) if len(levels) else math.nan,
        evenness=_median(_sure(notes, lambda n: n.evenness)),
        bow_changes=60 * turns / session.seconds if session.seconds else math.nan,
        **_seen(session),
    )


def _seen(session: Session) -> dict[str, float]:
    """What the camera adds; nothing where it saw no strokes."""
    strokes = [stroke for _, stroke in session.strokes]
    if not strokes or not session.seconds:
        return {}
    amounts = [s.amount for s in strokes if s.amount.reliability >= SURE]
    straight = [s.straightness for s in strokes if s.straightness.reliability >= SURE]
    return {
        "strokes": 60 * len(amounts) / session.seconds,
        "amount": 100 * _median(np.array([figure.value for figure in amounts])),
        "straightness": _median(np.array([figure.value for figure in straight])),
    }


def worst(session: Session, count: int = 3) -> list[Worst]:
    """The `count` stretches of `WINDOW` s, apart from each other, that went worst."""
    found = [w for t, _ in session.notes if (w := _rate(session.notes, t)) is not None]
    chosen: list[Worst] = []
    for candidate in sorted(found, key=lambda w: -w.score):
        if len(chosen) < count and all(abs(candidate.start - c.start) >= WINDOW for c in chosen):
            chosen.append(candidate)
    return sorted(chosen)


def _rate(notes: Sequence[Timed], start: float) -> Worst | None:
    """How bad the stretch from `start` on is; None where too little of it is sure."""
    here = [note for t, note in notes if start <= t < start + WINDOW]
    cents = np.abs(_sure(here, lambda n: n.intonation))
    late = np.abs(_sure(here, lambda n: n.timing))
    if len(cents) + len(late) < 4:
        return None
    parts = [np.minimum(cents / FAR, 1.0), np.minimum(late / LATE, 1.0)]
    score = float(np.mean(np.concatenate(parts)))
    bar = next((n.bar for n in here if n.bar), 0)
    return Worst(start, start + WINDOW, _median(cents), 1000 * _median(late), bar, score)


def _sure(notes: Sequence[PlayedNote], of: Callable[[PlayedNote], Measured]) -> Floats:
    figures = [of(note) for note in notes]
    return np.array([figure.value for figure in figures if figure.reliability >= SURE])


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else math.nan
