"""Whether the grid of a MIDI song is the music's: by a backbeat, or by where its weight lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rt_engine.models.rhythm.material.scores import PITCH, START, VELOCITY, Floats, Midi

KICKS, SNARES = (35, 36), (37, 38, 39, 40)
STEPS = {(4, 4): (1.0, 4), (3, 4): (1.0, 3), (2, 4): (1.0, 2), (6, 8): (1.5, 2)}
TEMPI = (45.0, 240.0)  # BPM
ON_GRID = 0.9  # share of the notes on sixteenths or triplets
CONTRAST = 1.15  # weight of the downbeat against every other beat


def song_beats(midi: Midi) -> Floats:
    """Beats (k, 2) of a song; ValueError where the notes do not prove them."""
    named = midi.signatures or frozenset({(4, 4)})
    if len(named) != 1 or not named <= STEPS.keys():
        raise ValueError("no single meter of 4/4, 3/4, 2/4 or 6/8")
    step, meter = STEPS[next(iter(named))]
    if not (meter == 4 and has_backbeat(midi)) and not is_weighted(midi, step, meter):
        raise ValueError("the notes do not prove the grid")
    places = [midi.quarters(p.notes[[0, -1], START]) for p in midi.parts if len(p.notes)]
    first, last = np.min(places), np.max(places)
    bar = step * meter
    grid = np.arange(first // bar * bar, last + 0.01, step)
    times = midi.times(grid)
    tempo = 60.0 / np.median(np.diff(times)) if len(times) > 8 else 0.0
    if not TEMPI[0] <= tempo <= TEMPI[1]:
        raise ValueError("too short, too slow or too fast")
    return np.column_stack([times, np.arange(len(grid)) % meter + 1])


def has_backbeat(midi: Midi) -> bool:
    """Whether drums play snares on two and four and kicks on one and three, on the grid."""
    drums, kicks, snares = (_hits(midi, which) for which in (None, KICKS, SNARES))
    if min(len(kicks), len(snares)) < 12 or len(drums) < 100:
        return False
    on_grid = np.abs((4 * drums + 0.5) % 1 - 0.5) < 0.25
    return bool(
        on_grid.mean() >= ON_GRID and _on(snares, (1, 3)) >= 0.55 and _on(kicks, (0, 2)) >= 0.4
    )


def _hits(midi: Midi, pitches: Sequence[int] | None) -> Floats:
    """Places in quarters of the hits on these drums, or on all."""
    notes = np.concatenate([p.notes for p in midi.parts if p.drums] or [np.empty((0, 4))])
    if pitches is not None:
        notes = notes[np.isin(notes[:, PITCH], pitches)]
    return midi.quarters(np.sort(notes[:, START]))


def _on(hits: Floats, beats: Sequence[int]) -> float:
    """Share of hits on these beats of the bar, of those on eighths."""
    eighths = hits[np.abs((2 * hits + 0.5) % 1 - 0.5) < 0.15]
    near = np.rint(2 * eighths) % 8
    return float(np.isin(near, [2 * beat for beat in beats]).mean()) if len(eighths) else 0.0


def is_weighted(midi: Midi, step: float, meter: int) -> bool:
    """Whether notes lie on the grid, and low, long and loud ones most of all on downbeats."""
    notes = np.concatenate([p.notes for p in midi.parts if not p.drums] or [np.empty((0, 4))])
    if len(notes) < 150:
        return False
    place = midi.quarters(notes[:, START])
    length = midi.quarters(notes[:, 1]) - place
    fine = [np.abs((k * place + 0.5) % 1 - 0.5) / k for k in (4, 3)]
    if (np.minimum(*fine) < 0.035).mean() < ON_GRID:
        return False
    low = np.where(notes[:, PITCH] < 52, 3.0, 1.0)
    weight = low * np.sqrt(np.clip(length, 0.1, 4.0)) * notes[:, VELOCITY]
    eighth = np.rint(2 * place / step).astype(int) % (2 * meter)
    sums = np.bincount(eighth, weight, 2 * meter)
    on, off = sums[0::2], sums[1::2]
    return bool(on[0] >= CONTRAST * on[1:].max() and on.mean() >= 1.5 * off.mean())
