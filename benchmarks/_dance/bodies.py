"""Bodies for the measure of following: moved to known beats, and a real dancer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _motion.film import poses_of
from numpy.typing import NDArray

from rt_engine.models.motion_rhythm import cmu
from rt_engine.models.motion_rhythm.dances import dance
from rt_engine.models.motion_rhythm.picture import Seen, detected
from rt_engine.models.motion_rhythm.tempo import grid
from rt_engine.models.rhythm.players.webcam import exposures
from rt_engine.motion.accents import AccentDetector
from rt_engine.motion.kinematics import KEYPOINTS

__all__ = ["Body", "dancers", "filmed", "retimed"]

SECONDS = 40.0
SEED = 20261121  # of bodies that nothing was tuned on
TORSO = 0.5  # m from shoulders to hips, which gives the scale of a picture
LANDMARKS = 33
FILM = Path("video") / "mgt_dancer.avi"

Floats = NDArray[np.float64]


@dataclass
class Body:
    """A person seen moving for `seconds`: true beats, and accents as (time in s, strength)."""

    name: str
    seen: Seen
    beats: Floats
    accents: list[tuple[float, float]]
    seconds: float

    @property
    def moments(self) -> Floats:
        """Times (s) of beats and accents, what drums are to go with."""
        told = [t for t, _ in self.accents]
        return np.sort(np.concatenate([self.beats[self.beats < self.seconds], told]))


def retimed(data: Path, number: int) -> list[Body]:
    """Held-out takes of CMU, played so that their kinematic beats lie on drawn grids."""
    takes = cmu.splits(cmu.read(data / cmu.FILE))["test"]
    made = []
    for k in range(number):
        rng = np.random.default_rng([SEED, 1, k])
        t, beats = exposures(rng, SECONDS), grid(rng, SECONDS)
        places = cmu.retimed(takes[k % len(takes)], t, beats, rng)
        made.append(_body(f"retimed {k}", places, t, beats, rng))
    return made


def dancers(number: int) -> list[Body]:
    """Procedural dances."""
    made = []
    for k in range(number):
        rng = np.random.default_rng([SEED, 2, k])
        t, beats = exposures(rng, SECONDS), grid(rng, SECONDS)
        made.append(_body(f"dance {k}", dance(t, beats, rng), t, beats, rng))
    return made


def filmed(data: Path, work: Path) -> Body:
    """The dancer of the film; the beats are the minima of the speed of the joints."""
    seen = poses_of(data / FILM, work / "mgt_dancer.npz")
    rate = 1 / float(np.median(np.diff(seen.t)))
    flat = _metres(seen)
    places = np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2)
    beats = cmu.kinematic_beats(places, rate)
    return Body("film", seen, beats, _accents(seen), float(seen.t[-1]))


def _body(name: str, places: Floats, t: Floats, beats: Floats, rng: np.random.Generator) -> Body:
    seen = detected(places, t, rng, shown="body")
    return Body(name, seen, beats[beats > 0], _accents(seen), SECONDS)


def _metres(seen: Seen) -> Floats:
    """Places (n, 17, 2) in m."""
    shoulders, hips = seen.places[:, [5, 6]].mean(axis=1), seen.places[:, [11, 12]].mean(axis=1)
    torso = float(np.median(np.linalg.norm(shoulders - hips, axis=1)))
    return np.asarray(seen.places * TORSO / torso)


def _accents(seen: Seen) -> list[tuple[float, float]]:
    """What the detector of `motion.Style` tells, at its own time."""
    detector, found = AccentDetector(), []
    places, visibility = np.zeros((LANDMARKS, 2)), np.zeros(LANDMARKS)
    for t, row, sure in zip(seen.t.tolist(), _metres(seen), seen.confidence, strict=True):
        places[KEYPOINTS], visibility[KEYPOINTS] = row, sure
        if accent := detector.step(t, places, visibility):
            found.append((accent.t, accent.strength))
    return found
