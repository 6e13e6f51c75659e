"""A simulated violinist: from notes to bow, arms and sway, and what a camera makes of it."""

from rt_engine.violin.simulation import noise
from rt_engine.violin.simulation.bow import Bow, Note
from rt_engine.violin.simulation.landmarks import landmarks33
from rt_engine.violin.simulation.motion import BONES_13, JOINTS, RIGID, Motion, play
from rt_engine.violin.simulation.player import Player, drawn
from rt_engine.violin.simulation.smoothing import RATE

__all__ = [
    "BONES_13",
    "JOINTS",
    "RATE",
    "RIGID",
    "Bow",
    "Motion",
    "Note",
    "Player",
    "drawn",
    "landmarks33",
    "noise",
    "play",
]
