"""What goes into the networks of rhythm and comes out of them: names, and numbers in a frame."""

from __future__ import annotations

from rt_engine.motion import joint_velocity
from rt_engine.signal.rhythm_mel import BANDS, FPS
from rt_engine.video import hand_flow

__all__ = ["FPS", "INPUTS", "OUTPUTS", "PLACES", "STREAMS"]

STREAMS = ("mel", "motion", "video")
INPUTS = {"mel": BANDS, "motion": joint_velocity.SIZE, "video": hand_flow.SIZE}
INPUTS["present"] = len(STREAMS)
PLACES = 24  # parts of a bar
OUTPUTS = {"beat": 2, "phrase": 1, "dynamics": 6, "articulation": 3, "place": PLACES}
