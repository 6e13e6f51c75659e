"""Takes of violinists as these networks see them: sound, the motion of one common body, the bow.

Bodies and postures of players cannot be heard. So motion is told in units of the height of the
seventh neck vertebra (C7), as the way that every joint has gone from its mean place in the take:
the normalised coordinates of Huang et al. ("MOSA", section VI-D). Nor can it be heard in which
direction the bow goes, only when it turns. So a column beside the 35 features tells it: in the
training the true one, afterwards the one of two, equally true, that flips at each turn that was
heard (`alternating`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rt_engine.models.violinists import Take, read
from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.simulation import JOINTS, RATE
from rt_engine.violin.simulation.bow import HAIR
from rt_engine.violin.simulation.strings import fingering

__all__ = ["HEARD", "INDEX", "JOINTS", "RATE", "Piece", "alternating", "load", "prepared", "stroke"]

Floats = npt.NDArray[np.float32]

INDEX = {name: k for k, name in enumerate(JOINTS)}
HEARD = PerformanceFeatures.dims  # numbers of sound in a row
PEAK = HEARD - 1 - PerformanceFeatures.columns["rms"]  # the column of heard turns of the bow


@dataclass(frozen=True)
class Piece:
    """One take, n rows at 50 Hz.

    name: of the piece. kind: "bach" or "etude". heard: (n, 35) features. moves: (n, 39) of
    `JOINTS`, see the module; mean: (39,), the pose that they start from, same units; size: m, the
    height of C7 that both are divided by. place: (n,) m of the bow from its frog. direction: (n,)
    1 down, -1 up, in rests the last one. speed: (n,) m/s on the string. string: (n,) 0 (G) to 3
    (E). sounding: (n,) 0 or 1. turns: s, of the bow.
    """

    name: str
    kind: str
    heard: Floats
    moves: Floats
    mean: Floats
    size: float
    place: Floats
    direction: Floats
    speed: Floats
    string: Floats
    sounding: Floats
    turns: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.heard)


def load(folder: Path, part: str) -> list[Piece]:
    """The takes of a part (train, valid, test). FileNotFoundError where there are none."""
    return [prepared(take) for take in read(folder, part)]


def prepared(take: Take) -> Piece:
    """What is learnt from a take."""
    moves, mean, size = normalised(take.joints)
    string, sounding = fingered(take.notes, len(take.joints))
    return Piece(
        name=str(take.meta["piece"]),
        kind=str(take.meta["kind"]),
        heard=np.asarray(take.features, np.float32),
        moves=moves,
        mean=mean,
        size=size,
        place=np.asarray(HAIR * take.bow[:, 2], np.float32),
        direction=_kept(take.bow[:, 0]),
        speed=np.asarray(take.bow[:, 1], np.float32),
        string=string,
        sounding=sounding,
        turns=np.asarray(take.turns, np.float64),
    )


def _kept(direction: npt.ArrayLike) -> Floats:
    """Directions (n,), those of rests (0) as before them; 1 before the first."""
    way = np.asarray(direction, np.float32)
    last = np.maximum.accumulate(np.where(way != 0, np.arange(len(way)), -1))
    return np.where(last < 0, np.float32(1), way[last])


def normalised(joints: npt.ArrayLike) -> tuple[Floats, Floats, float]:
    """Joints (n, 13, 3) m as ways (n, 39) from their mean (39,), and the height of C7 in m.

    The origin is the place on the floor below the middle of the hips.
    """
    places = np.array(joints, np.float64)
    size = float(places[:, INDEX["C7"], 1].mean())
    hips = places[:, [INDEX["RBWT"], INDEX["LBWT"]]].mean(axis=(0, 1))
    flat = ((places - hips * (1.0, 0.0, 1.0)) / size).reshape(len(places), -1)
    mean = flat.mean(axis=0)
    return (flat - mean).astype(np.float32), mean.astype(np.float32), size


def stroke(joints: npt.ArrayLike) -> Floats:
    """Place of the right wrist along the bow, (n,) in m, 0 in the mean; joints (n, 13, 3) m.

    The bow's direction is the first principal axis of the wrist's way against the shoulders; it
    grows as the hand goes away from the left shoulder.
    """
    x = np.array(joints, np.float64)
    shoulders = x[:, [INDEX["RSHO"], INDEX["LSHO"]]].mean(axis=1)
    way = x[:, INDEX["RMWR"]] - shoulders
    way = way - way.mean(axis=0)
    _, axes = np.linalg.eigh(way.T @ way)
    outward = (x[:, INDEX["RSHO"]] - x[:, INDEX["LSHO"]]).mean(axis=0)
    axis = axes[:, -1] * (1.0 if axes[:, -1] @ outward >= 0 else -1.0)
    return (way @ axis).astype(np.float32)


def fingered(notes: Sequence[Sequence[float]], count: int) -> tuple[Floats, Floats]:
    """String (0 to 3) and whether it sounds (0 or 1), (count,) each, from notes.

    The string is that of the simulation's fingering; between notes it stays. notes: start and end
    in s, MIDI number, and what else a note has.
    """
    string, sounding = np.full(count, 1.5, np.float32), np.zeros(count, np.float32)
    strings, _ = fingering([note[2] for note in notes])
    for (start, end, *_), which in zip(notes, strings, strict=True):
        at = max(0, round(start * RATE))
        string[at:], sounding[at : max(0, round(end * RATE))] = which, 1.0
    return string, sounding


def alternating(heard: npt.ArrayLike) -> Floats:
    """+1 or -1 (n,), flipped at every turn of the bow that rows (n, 35) have."""
    turned = np.asarray(heard)[:, PEAK] > 0.5
    return np.where(np.cumsum(turned) % 2, -1.0, 1.0).astype(np.float32)
