"""What generated motion of a violinist is worth, on takes that were not trained on.

Clips are 8 s, at 25 frames a second; no truth goes into what is made of them. Distances are those
of table VII of MOSA, in units of the real motion. `bow` is the correlation (%) of the right hand's
velocity along the bow with the real one, in the better of the two directions of each clip; `change`
that of how much this velocity changes with the true turns of the bow; `turns` the F-measure (%) of
turns of the hand, within 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from rt_engine.models.musician_motion import metrics
from rt_engine.models.musician_motion.inverse import Body
from rt_engine.models.musician_motion.material import INDEX, RATE, Piece, stroke
from rt_engine.models.musician_motion.network import DELAY, LiveMusician
from rt_engine.models.musician_motion.references import STEP, UNIT, Musician
from rt_engine.models.musician_motion.train import ROWS, clip_of
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.skeleton import INDEX as BONE
from rt_engine.motion.skeleton import forward
from rt_engine.violin.avatar import NECK
from rt_engine.violin.avatar_player import AvatarPlayer
from rt_engine.violin.simulation.smoothing import smooth

__all__ = [
    "CALM",
    "WINDOW",
    "Clip",
    "Maker",
    "Scores",
    "clips",
    "hand",
    "live_motion",
    "offline_motion",
    "played",
    "scores",
]

Scores = dict[str, float]
Maker = Callable[["Clip"], Floats]

FPS = RATE / STEP
WINDOW = 0.1  # s: a turn is met
# s, standard deviation by which motion of the ablation is smoothed, of every network alike: each
# token makes its two frames without the others, which trembles. The best on validation takes.
CALM = 0.06
FASTER = 0.05  # m/s that a hand has to reach on either side of a turn
# The joints of the simulation, as bones of the avatar
BONES = {
    "C7": "Neck", "RSHO": "RightUpperArm", "LSHO": "LeftUpperArm", "RMEL": "RightLowerArm",
    "LMEL": "LeftLowerArm", "RMWR": "RightHand", "LMWR": "LeftHand", "RBWT": "RightUpperLeg",
    "LBWT": "LeftUpperLeg", "RKNE": "RightLowerLeg", "LKNE": "LeftLowerLeg", "RTOE": "RightToes",
    "LTOE": "LeftToes",
}  # fmt: skip


class Clip(NamedTuple):
    """8 s of a take from row `start`."""

    piece: Piece
    start: int

    @property
    def real(self) -> Floats:
        """The motion of `clip_of`, (frames, 39)."""
        return np.asarray(clip_of(self.piece, self.start)[1], np.float64)

    @property
    def turns(self) -> Floats:
        """True turns of the bow, s from the start of the clip."""
        at = self.piece.turns - self.start / RATE
        return np.asarray(at[(at >= 0) & (at < ROWS / RATE)], np.float64)


def clips(pieces: Sequence[Piece], most: int = 10**6) -> list[Clip]:
    """Clips of takes that follow one another, evenly chosen where there are more than `most`."""
    found = [Clip(p, at) for p in pieces for at in range(0, len(p) - ROWS + 1, ROWS)]
    step = max(1, -(-len(found) // most))
    return found[::step]


def offline_motion(net: Musician, body: Body) -> Maker:
    """How a network of the ablation moves in a clip; `body` finds the joints between."""

    def make(clip: Clip) -> Floats:
        heard, _ = clip_of(clip.piece, clip.start, heard_turns=True)
        with torch.no_grad():
            made = net(torch.from_numpy(heard)[None])
        rows = np.concatenate([made[part][0].numpy() * UNIT for part in made], axis=1)
        rows = np.stack([smooth(column, CALM / STEP) for column in rows.T], axis=1)
        return body.complete(rows) if net.method.compound else rows.astype(np.float64)

    return make


def live_motion(net: LiveMusician, seed: int = 0) -> Maker:
    """How the avatar moves that the live network drives, with what it heard before the clip."""
    made: dict[int, Floats] = {}

    def make(clip: Clip) -> Floats:
        if id(clip.piece) not in made:
            made[id(clip.piece)] = np.stack(list(played(net, clip.piece, seed)))
        places = made[id(clip.piece)]
        moves = (places - places.mean(axis=0)) / NECK
        return moves.reshape(len(moves), -1)[clip.start : clip.start + ROWS : STEP]

    return make


def played(net: LiveMusician, piece: Piece, seed: int = 0) -> Iterator[Floats]:
    """Joints (13, 3) m of the avatar, row by row."""
    end = np.repeat(piece.heard[-1:], DELAY, axis=0)
    heard = torch.from_numpy(np.concatenate([piece.heard, end]))[None]
    with torch.no_grad():
        rows = net({"heard": heard}, net.initial_state())[0]["motion"][0, DELAY:].numpy()
    player = AvatarPlayer(np.random.default_rng(seed))
    which = [BONE[BONES[joint]] for joint in INDEX]
    for row in rows:
        pose, _ = player.step(row, 1.0 / RATE)
        yield forward(pose.rotations, pose.root)[which]


def scores(chosen: Sequence[Clip], make: Maker) -> Scores:
    """All measures of one method."""
    real, made = [clip.real for clip in chosen], [make(clip) for clip in chosen]
    units = metrics.standard(real)
    fast = metrics.standard(metrics.velocities(real, FPS), least=metrics.LEAST * FPS / 10)
    pairs = units.of(real), units.of(made)
    moved = fast.of(metrics.velocities(real, FPS)), fast.of(metrics.velocities(made, FPS))
    found = {
        "FDg": metrics.frechet(*pairs),
        "FDk": metrics.frechet(*moved),
        "EDg": metrics.diversity(pairs[1]),
        "EDk": metrics.diversity(moved[1]),
    }
    return found | _hands(chosen, made) | {"bones": bones(chosen, made), "feet": feet(made)}


def hand(chosen: Sequence[Clip], make: Maker) -> Scores:
    """The measures of the right hand alone."""
    return _hands(chosen, [make(clip) for clip in chosen])


def _hands(chosen: Sequence[Clip], made: Sequence[Floats]) -> Scores:
    hands = [_hand(*pair) for pair in zip(chosen, made, strict=True)]
    return {name: 100 * float(np.mean([h[name] for h in hands])) for name in hands[0]}


def _hand(clip: Clip, made: Floats) -> Scores:
    """The right hand of a clip against the real bow."""
    places = made.reshape(-1, len(INDEX), 3) + clip.piece.mean.reshape(-1, 3)
    own = np.diff(stroke(places).astype(np.float64)) * FPS * clip.piece.size
    rows = slice(clip.start, clip.start + ROWS)
    true = np.diff(clip.piece.place[rows][::STEP].astype(np.float64)) * FPS
    times = (np.arange(len(own)) + 0.5) / FPS
    return {
        "bow": metrics.with_bow(true, own),
        "change": metrics.at_turns(own, times, clip.turns),
        "turns": metrics.f_measure(metrics.reversals(own, times, FASTER), clip.turns, WINDOW),
    }


def bones(chosen: Sequence[Clip], made: Sequence[npt.ArrayLike]) -> float:
    """How much the lengths of arm bones change, %, the mean of their variation coefficients."""
    found = []
    for clip, motion in zip(chosen, made, strict=True):
        mean = clip.piece.mean.reshape(-1, 3)
        places = np.asarray(motion, np.float64).reshape(-1, len(INDEX), 3) + mean
        for a, b in (("RSHO", "RMEL"), ("RMEL", "RMWR"), ("LSHO", "LMEL"), ("LMEL", "LMWR")):
            long = np.linalg.norm(places[:, INDEX[a]] - places[:, INDEX[b]], axis=1)
            found.append(long.std() / long.mean())
    return 100 * float(np.mean(found))


def feet(made: Sequence[npt.ArrayLike]) -> float:
    """How fast the feet slide, mm/s of a body whose C7 is `NECK` m high."""
    toes = [3 * INDEX[foot] + k for foot in ("RTOE", "LTOE") for k in range(3)]
    ways = [np.diff(np.asarray(x)[:, toes].reshape(len(np.asarray(x)), 2, 3), axis=0) for x in made]
    return float(np.mean([np.linalg.norm(way, axis=-1).mean() for way in ways])) * FPS * NECK * 1e3
