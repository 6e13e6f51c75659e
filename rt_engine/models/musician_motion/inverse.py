"""The joints between: a whole skeleton from right hand, left hand and the top of the trunk.

Huang et al. ("MOSA", section VI-A) make only the joints at the ends and leave the proximal ones to
inverse kinematics. The others follow the ends as they do in real motion (least squares over the
training takes, with squares, for an elbow goes in arcs); then the elbows are put where the lengths
of the arms want them, in the plane in which they followed. The feet stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rt_engine.models.musician_motion.material import INDEX, Piece

__all__ = ["Body", "fit"]

Floats = npt.NDArray[np.float64]

ENDS = [INDEX[j] for j in ("RMWR", "LMWR", "C7")]  # in the order of the sub-networks
FOLLOW = [k for j, k in INDEX.items() if k not in ENDS and not j.endswith("TOE")]
ARMS = [[INDEX[side + joint] for joint in ("SHO", "MEL", "MWR")] for side in ("R", "L")]
RIDGE = 1e-6  # added to the squares, so that ends that do not move do no harm
REACH = 0.999  # of the length of an arm


@dataclass(frozen=True)
class Body:
    """One body, lengths in heights of C7.

    mean: (13, 3), its mean pose. bones: (2, 2), upper arm and forearm of each of `ARMS`. follow:
    what `_powers` of the ends have to be multiplied by.
    """

    mean: Floats
    bones: Floats
    follow: Floats

    def complete(self, ends: npt.ArrayLike) -> Floats:
        """Ways (n, 39) of all joints from those (n, 9) of right hand, left hand and C7."""
        way = np.asarray(ends, np.float64)
        places = np.tile(self.mean, (len(way), 1, 1))
        places[:, ENDS] += way.reshape(-1, len(ENDS), 3)
        places[:, FOLLOW] += (_powers(way) @ self.follow).reshape(-1, len(FOLLOW), 3)
        for arm, (upper, lower) in zip(ARMS, self.bones, strict=True):
            _bend(places, arm, upper, lower)
        return (places - self.mean).reshape(len(way), -1)


def _bend(places: Floats, arm: Sequence[int], upper: float, lower: float) -> None:
    """Put the elbow of an arm; the wrist comes nearer where it is out of reach."""
    start, middle, end = arm
    aim = places[:, end] - places[:, start]
    far = np.linalg.norm(aim, axis=1, keepdims=True)
    along = aim / np.maximum(far, 1e-9)
    reach = np.clip(far, abs(upper - lower) + 1e-6, REACH * (upper + lower))
    places[:, end] = places[:, start] + along * reach
    pole = places[:, middle] - places[:, start]
    aside = pole - (along * pole).sum(axis=1, keepdims=True) * along
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    cosine = (upper**2 + reach**2 - lower**2) / (2 * upper * reach)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    places[:, middle] = places[:, start] + upper * (cosine * along + sine * aside)


def fit(pieces: Sequence[Piece]) -> Body:
    """The common body of some takes, and how its trunk follows its ends."""
    moves = np.concatenate([p.moves for p in pieces]).astype(np.float64).reshape(-1, len(INDEX), 3)
    ends, follow = (moves[:, k].reshape(len(moves), -1) for k in (ENDS, FOLLOW))
    known = _powers(ends)
    squares = known.T @ known + RIDGE * len(moves) * np.eye(known.shape[1])
    mean = np.mean([p.mean for p in pieces], axis=0).astype(np.float64).reshape(-1, 3)
    places = np.concatenate([p.moves + p.mean for p in pieces]).reshape(moves.shape)
    bones = [
        [np.linalg.norm(places[:, b] - places[:, a], axis=1).mean() for a, b in pairwise(arm)]
        for arm in ARMS
    ]
    return Body(mean, np.array(bones), np.linalg.solve(squares, known.T @ follow))


def _powers(ends: Floats) -> Floats:
    """Ways (n, 9), 1, and the products (in tens) of any two coordinates of the right hand."""
    hand = ends[:, :3]
    pairs = [10.0 * hand[:, i] * hand[:, k] for i in range(3) for k in range(i, 3)]
    return np.column_stack([ends, 0.1 * np.ones(len(ends)), *pairs])
