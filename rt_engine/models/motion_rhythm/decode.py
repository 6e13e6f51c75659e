"""Beats of a whole excerpt at once: the likeliest way through the bar-pointer states.

Source: F. Krebs, S. Boeck and G. Widmer, "An efficient state-space model for joint tempo and
meter tracking" (ISMIR 2015), the decoding that the paper of RhythmicNet takes too; Viterbi 1967.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.motion.dance import FPS
from rt_engine.motion.quaternion import Arrays, Floats
from rt_engine.rhythm import BarSpace, BodyObservation
from rt_engine.rhythm.body import BPM, PRIOR

__all__ = ["decode"]

MIDDLE = 0.5  # frames from the first of the two in which a beat is seen to the beat


def decode(activation: Arrays, rate: float = FPS) -> Floats:
    """Times of beats (s) from probabilities (n,), frame k at k / rate."""
    observation = BodyObservation(rate)
    space = BarSpace(rate, BPM, (1,), observation.change)
    first, last = space.first[0], space.last[0]
    labels = observation.labels(space)
    ways = np.log(np.maximum(space.transition, 1e-300))
    wear = np.log(space.endurance(*PRIOR))
    score = np.log(space.spread(space.tempo_prior(*PRIOR)))
    came = np.empty((len(activation), len(first)), np.intp)
    for k, value in enumerate(np.asarray(activation, np.float64)):
        arriving = (score[last] + wear)[:, None] + ways
        came[k] = arriving.argmax(axis=0)
        score[1:] = score[:-1]
        score[first] = arriving.max(axis=0)
        score += np.log(observation.likelihood([value]))[labels]
    return (_beats(space, came, int(score.argmax())) + MIDDLE) / rate


def _beats(space: BarSpace, came: NDArray[np.intp], state: int) -> Floats:
    """Frames of the first positions of beats on the way that ends in `state`."""
    found = []
    tempo, position = int(space.tempo[state]), int(space.position[state])
    k = len(came) - 1 - position
    while k >= 0:
        found.append(k)
        tempo = int(came[k, tempo])
        k -= int(space.periods[tempo])
    return np.array(found[::-1], np.float64)
