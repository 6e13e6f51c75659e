"""Poses of one violinist, corrected and even: landmarks and sound in, fifty poses a second out."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from rt_engine.inference import Card
from rt_engine.inference.session import Session
from rt_engine.kinds import Pose
from rt_engine.violin.pose_front import CONTENT, PLACES, RATE, SIZE, Front
from rt_engine.violin.pose_grid import STEP, Grid, Step
from rt_engine.violin.pose_joints import placed, riders, thirteen
from rt_engine.violin.pose_prior import Prior, unpacked

__all__ = ["Corrected", "Corrector", "prior_of"]

Singles = npt.NDArray[np.float32]

COAST = RATE  # steps without a picture after which nothing is told any more
SETTLING = 0.1  # s of the mean of what is no joint: fingers, face, heels
_AGAIN = "needed is the one that its training wrote: export or copy the model again"


class Corrected(NamedTuple):
    """A corrected pose, and the engine time (ns) that it belongs to; None: nobody is seen."""

    t: int
    pose: Pose | None


def prior_of(card: Card) -> Prior:
    """The prior of a model that corrects poses.

    Raises ValueError for a model of another kind, and for one whose prior is absent or damaged.
    """
    port, model = card.inputs[0], f"model {card.name!r}"
    if (port.content, port.size) != (CONTENT, SIZE):
        raise ValueError(
            f"{model} takes {port.size} numbers of {port.content!r}; "
            f"needed is one that takes {SIZE} of {CONTENT!r}, such as pose_correction"
        )
    if "prior" not in card.front_end:
        raise ValueError(f"{model} has no 'prior' in its card's front_end; {_AGAIN}")
    try:
        prior = unpacked(card.front_end["prior"])
    except (KeyError, IndexError, TypeError, ValueError) as error:  # binascii.Error is one
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{model} has a damaged prior ({reason}); {_AGAIN}") from None
    if prior.mean.shape != (PLACES,):
        found = prior.mean.size
        raise ValueError(f"{model} has a prior of {found} places, needed are {PLACES}; {_AGAIN}")
    return prior


class Corrector:
    """Follows one person. `session`: a model of `rt_engine.models.pose_correction`.

    The landmarks that are the model's joints are replaced; the others keep their place beside
    them, smoothed. Picture places and visibility are those of the same moment, in between two
    pictures by straight lines. Raises ValueError as `prior_of` does.
    """

    def __init__(self, session: Session, listens: bool) -> None:
        self.session = session
        self.lookahead = round(session.card.latency * RATE)
        self.grid: Grid[Pose] = Grid(listens)
        self.front = Front(self.lookahead, prior=prior_of(session.card))
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self.grid.reset()
        self.begin()

    def begin(self) -> None:
        """Another person comes: begin anew, but for what the grid knows of the sound."""
        self.session.reset()
        self.grid.begin()
        self.front.reset()
        self._past: deque[tuple[float, Pose]] = deque(maxlen=2 + 2 * self.lookahead)
        self._others: Singles | None = None
        self._missing = 0
        self._told = False

    def see(self, t: int, pose: Pose) -> list[Corrected]:
        """What a picture at `t` ns completes."""
        return self._found(self.grid.see(t, pose))

    def miss(self, t: int) -> list[Corrected]:
        """What a picture at `t` ns that the person is not in completes."""
        return self._found(self.grid.miss(t))

    def hear(self, t: int, row: Singles) -> list[Corrected]:
        """What a row (35,) of sound at `t` ns completes."""
        return self._found(self.grid.hear(t, row))

    def _found(self, steps: list[Step[Pose]]) -> list[Corrected]:
        found = [self._step(step) for step in steps]
        return [one for one in found if one is not None]

    def _step(self, step: Step[Pose]) -> Corrected | None:
        joints, seen = np.zeros((1, 13, 3), np.float32), np.zeros((1, 13), np.float32)
        self._missing += 1
        if step.seen is not None:
            joints[0], seen[0] = thirteen(step.seen.world, step.seen.visibility)
            self._past.append((step.number / RATE + step.age, step.seen))
            self._missing = 0
        numbers = self.front.step(joints, seen, np.array([step.age], np.float32))
        frame = {"front": numbers[0]}
        if step.heard is not None:
            frame["sound"] = step.heard
        pose = self.session.step(frame)["pose"] + self.front.mean[0]
        return self._told_at(step.number - self.lookahead, pose.reshape(-1, 3))

    def _told_at(self, number: int, joints: Singles) -> Corrected | None:
        t = number * STEP
        if self._missing > COAST + self.lookahead:
            gone, self._told = self._told, False
            return Corrected(t, None) if gone else None
        if not self._past or number / RATE < self._past[0][0] - 1.0 / RATE:
            return None  # a moment before the first picture
        self._told = True
        between = self._between(number / RATE)
        away = riders(between.world)
        gain = np.float32(1.0 - np.exp(-1.0 / RATE / SETTLING))
        self._others = away if self._others is None else self._others + gain * (away - self._others)
        return Corrected(t, replace(between, world=placed(joints, self._others)))

    def _between(self, t: float) -> Pose:
        """The pose at `t` s by a straight line between two pictures; the nearest beyond them."""
        before = next((p for p in reversed(self._past) if p[0] <= t), self._past[0])
        after = next((p for p in self._past if p[0] >= t), self._past[-1])
        gap = after[0] - before[0]
        share = np.float32((t - before[0]) / gap if gap > 0 else 0.0)
        one, other = before[1], after[1]
        return replace(
            one,
            image=one.image + share * (other.image - one.image),
            world=one.world + share * (other.world - one.world),
            visibility=one.visibility + share * (other.visibility - one.visibility),
        )
