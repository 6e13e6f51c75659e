"""The beat of a moving body: what differs from the beat of sound."""

from __future__ import annotations

from rt_engine.rhythm.observation import ActivationObservation

__all__ = ["BPM", "PRIOR", "BodyObservation"]

BPM = (50.0, 200.0)  # of bodies
PRIOR = (100.0, 0.35)  # over tempi: centre in BPM, octaves; chosen on simulated motion


class BodyObservation(ActivationObservation):
    """A learned probability of a beat in motion (dims 1), at few frames a second.

    At 30 frames a second neighbouring tempi lie 3 to 10 % apart, so going from one to the next
    has to be easier than at the rates of sound: `change` is the lambda of the tempo's transition.
    At 30 a steady beat is followed from 66 to 175 BPM; at 60 the fast ones are lost.
    """

    early, late = 0.0, -0.02  # s: the middle of the two frames in which a beat is seen
    calibration = (0.38, 0.50, -0.65)  # logistic regression on simulated motion
    change = 30.0

    def __init__(self, frame_rate: float, floor: float = 0.02, trust: float = 1.0) -> None:
        super().__init__(frame_rate, 1, floor, trust)
