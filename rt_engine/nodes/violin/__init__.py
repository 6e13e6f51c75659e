"""Violin practice: notes, their place in a score, bow and posture from a camera, and a coach."""

from rt_engine.nodes.violin.bow import Bow
from rt_engine.nodes.violin.coach import Coach
from rt_engine.nodes.violin.features import Features
from rt_engine.nodes.violin.notes import Notes
from rt_engine.nodes.violin.player import Player
from rt_engine.nodes.violin.pose import Pose
from rt_engine.nodes.violin.posture import Posture
from rt_engine.nodes.violin.score import Score
from rt_engine.nodes.violin.synchrony import Synchrony
from rt_engine.nodes.violin.telling import Osc, Show

__all__ = [
    "Bow",
    "Coach",
    "Features",
    "Notes",
    "Osc",
    "Player",
    "Pose",
    "Posture",
    "Score",
    "Show",
    "Synchrony",
]
