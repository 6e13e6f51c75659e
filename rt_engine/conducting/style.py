"""How a conductor moves: the measures of one person, and what articulation does to a stroke."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

__all__ = ["ARTICULATIONS", "STYLES", "Shape", "Style", "between", "drawn", "shape_of"]


@dataclass(frozen=True)
class Style:
    """One person's way of conducting; places in metres for a height of 1.70 m."""

    size: float = 0.28  # m, from the ictus of the first beat up to where the hand falls from
    width: float = 1.0  # of the pattern, against its height
    height: float = 1.10  # m above the floor: where the hand strikes
    side: float = 0.20  # m to the right of the middle
    reach: float = 0.32  # m before the body
    tilt: float = 0.0  # degrees by which the pattern leans to the right
    contrast: float = 1.0  # how much dynamics change the size
    sharp: float = 1.0  # of the turn at the ictus
    rebound: float = 1.0  # height after the ictus, where strokes are detached
    wander: float = 0.04  # of the size: by how much strokes miss the pattern
    mirror: float = 0.35  # how far the left hand beats along when it is loud
    nod: float = 6.0  # degrees of the head with the stroke
    sway: float = 5.0  # degrees of the trunk with the hand
    lean: float = 6.0  # degrees forward in the loudest
    breath: float = 1.2  # degrees of the chest
    elbow: float = 0.55  # how far the elbows stand out: 0 down, 1 sideways
    gaze: float = 7.0  # degrees by which the eyes wander over the players


STYLES: dict[str, Style] = {
    "neutral": Style(),
    "small": Style(size=0.17, height=1.14, sway=2.5, nod=3.0, mirror=0.1, lean=3.0),
    "grand": Style(size=0.36, width=1.15, sway=9.0, lean=11.0, mirror=0.6, contrast=1.2),
    "flowing": Style(width=1.2, sharp=0.75, rebound=1.1, sway=8.0, tilt=6.0, elbow=0.7),
    "sharp": Style(width=0.85, sharp=1.3, rebound=0.85, sway=3.0, nod=8.0, elbow=0.45),
}
_LEAST = {"size": 0.12, "mirror": 0.0, "wander": 0.01, "elbow": 0.3, "gaze": 0.0}
_SPREAD = {  # standard deviations between people
    "size": 0.05,
    "width": 0.15,
    "height": 0.05,
    "side": 0.03,
    "reach": 0.03,
    "tilt": 5.0,
    "contrast": 0.15,
    "sharp": 0.15,
    "rebound": 0.15,
    "wander": 0.015,
    "mirror": 0.25,
    "nod": 2.5,
    "sway": 2.5,
    "lean": 3.0,
    "breath": 0.4,
    "elbow": 0.12,
    "gaze": 3.0,
}
_MOST = 1.8  # standard deviations


def drawn(rng: np.random.Generator, around: Style | None = None, spread: float = 1.0) -> Style:
    """Another person, `spread` times as different from `around` as people are."""
    style = around or Style()
    changes = {}
    for field in fields(style):
        away = float(np.clip(rng.normal(), -_MOST, _MOST)) * _SPREAD[field.name] * spread
        value = getattr(style, field.name) + away
        changes[field.name] = max(value, _LEAST.get(field.name, value))
    return replace(style, **changes)


@dataclass(frozen=True)
class Shape:
    """A stroke in time; shares of the time from ictus to ictus."""

    fall: float  # from the top to the ictus
    sharp: float  # acceleration at the ictus, in heights a squared time of the fall
    stop: float  # how much the hand stops between the strokes: 0 flows, 1 stands
    rise: float  # until the end of the rebound, where it stops
    rebound: float  # height of the rebound against that of the fall
    glide: float  # how far sideways motion goes on through the ictus
    size: float  # against a neutral stroke


ARTICULATIONS: dict[str, Shape] = {
    "legato": Shape(0.50, 5.0, 0.0, 0.50, 0.6, 1.0, 1.05),
    "neutral": Shape(0.42, 7.0, 0.3, 0.40, 0.5, 0.7, 1.0),
    "staccato": Shape(0.32, 11.0, 1.0, 0.26, 0.35, 0.15, 0.7),
    "marcato": Shape(0.36, 12.0, 0.9, 0.30, 0.25, 0.35, 1.2),
}


def shape_of(detached: float, marcato: float = 0.0) -> Shape:
    """The shape between legato (0), neutral (0.5) and staccato (1), drawn towards marcato."""
    low, high = ("legato", "neutral") if detached < 0.5 else ("neutral", "staccato")
    share = min(max(2 * detached - (detached >= 0.5), 0.0), 1.0)
    between = _mixed(ARTICULATIONS[low], ARTICULATIONS[high], share)
    return _mixed(between, ARTICULATIONS["marcato"], min(max(marcato, 0.0), 1.0))


def between(a: Style, b: Style, share: float) -> Style:
    """From style `a` (share 0) to `b` (share 1)."""
    names = (field.name for field in fields(Style))
    return Style(**{n: getattr(a, n) * (1 - share) + getattr(b, n) * share for n in names})


def _mixed(a: Shape, b: Shape, share: float) -> Shape:
    names = (field.name for field in fields(Shape))
    return Shape(**{n: getattr(a, n) * (1 - share) + getattr(b, n) * share for n in names})
