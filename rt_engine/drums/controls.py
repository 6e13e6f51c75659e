"""What a player turns while the drums play, and what it does to a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.bar import Bar
from rt_engine.drums.metre import weights
from rt_engine.drums.patterns import CLOSED, CRASH, KICK, OPEN, RIDE, SNARE

__all__ = ["SWING", "Feel", "Mode", "Settings", "shaped", "stretched"]

Mode = Literal["grid", "free"]
Feel = Literal["normal", "half", "double"]

SWING = 1 / 3  # of a step, at full swing: two to one, as in triplets
GHOST = 0.3  # velocity of the hi-hats that density adds
LIGHT = 0.15  # by how much a drum that only keeps time is lighter than the others
TIME = (CLOSED, OPEN, RIDE, CRASH)


@dataclass(frozen=True)
class Settings:
    """What a `Drummer` is told; 0.5 leaves density and intensity as written.

    density, intensity, swing, humanise, variation, follow: 0..1. fill_every: bars, 0 never.
    ahead: s by which steps are given out before they are due. ending: bars over which the groove
    thins out. count: bars of count-in at each start. still: m/s of the body that counts as
    stillness, and patience: s of it until nobody plays. mute: drums by number.
    """

    mode: Mode = "grid"
    density: float = 0.5
    intensity: float = 0.5
    swing: float = 0.0
    humanise: float = 0.3
    variation: float = 0.3
    follow: float = 0.7
    fill_every: int = 8
    feel: Feel = "normal"
    lock: bool = False
    mute: tuple[int, ...] = ()
    ahead: float = 0.15
    ending: int = 1
    count: int = 0
    still: float = 0.06
    patience: float = 4.0


def shaped(bar: Bar, per_beat: int, settings: Settings, keep: float = 1.0) -> Bar:
    """The bar as it is to be played, but for the tremble of a hand: density, intensity, swing,
    the part of its offsets that `humanise` leaves, mutes, and one hi-hat at a time.

    keep: 0..1, the share of the strokes that stays, the weightiest ones; for endings.
    """
    hits = _density(bar, per_beat, settings.density)
    hits = _thinned(bar, hits, per_beat, keep) if keep < 1 else hits
    hits[:, OPEN] &= ~hits[:, CLOSED]
    hits[:, list(settings.mute)] = False
    written = np.where(bar.hits, bar.velocities, GHOST)
    loud = np.clip(written * (0.5 + settings.intensity), 0.05, 1.0)
    swung = np.zeros((len(bar), 1))
    swung[1::2] = settings.swing * SWING
    offsets = np.clip(bar.offsets * settings.humanise + swung, -0.5, 0.5)
    return Bar(hits, np.where(hits, loud, 0).astype(np.float32),
               np.where(hits, offsets, 0).astype(np.float32))  # fmt: skip


def stretched(bar: Bar, feel: Feel) -> list[Bar]:
    """The bar at half or double time, as bars of the same length in time.

    half: two bars, each with every second step empty. double: one bar of twice the steps, which
    holds the bar two times.
    """
    if feel == "double":
        return [Bar(*(np.concatenate([array, array]) for array in _arrays(bar)))]
    if feel == "normal":
        return [bar]
    middle = len(bar) // 2
    return [_spread(bar, 0, middle), _spread(bar, middle, len(bar))]


def _spread(bar: Bar, start: int, end: int) -> Bar:
    """Steps start..end on every second of twice as many steps."""
    result = [np.zeros((2 * (end - start), a.shape[1]), a.dtype) for a in _arrays(bar)]
    for target, source in zip(result, _arrays(bar), strict=True):
        target[::2] = source[start:end]
    return Bar(*result)


def _arrays(bar: Bar) -> tuple[NDArray[Any], ...]:
    return bar.hits, bar.velocities, bar.offsets


def _density(bar: Bar, per_beat: int, density: float) -> NDArray[np.bool_]:
    """Strokes (steps, 9): below 0.5 the weightiest of them, above 0.5 hi-hats added."""
    if density <= 0.5:
        return _thinned(bar, bar.hits.copy(), per_beat, 2 * density)
    hits = bar.hits.copy()
    free = np.flatnonzero(~hits.any(axis=1))
    order = free[np.argsort(-weights(len(bar), per_beat)[free], kind="stable")]
    hits[order[: round((2 * density - 1) * len(order))], CLOSED] = True
    return hits


def _thinned(bar: Bar, hits: NDArray[np.bool_], per_beat: int, keep: float) -> NDArray[np.bool_]:
    """The weightiest share `keep` of the strokes; the one on the first beat always stays."""
    heavy = weights(len(bar), per_beat)[:, None] + bar.velocities
    heavy[:, list(TIME)] -= LIGHT
    heavy[:, [KICK, SNARE]] += LIGHT
    at = np.argwhere(hits)
    number = max(1, round(keep * len(at)))
    order = np.argsort(-heavy[tuple(at.T)], kind="stable")[:number]
    left = np.zeros_like(hits)
    left[tuple(at[order].T)] = True
    return left
