"""A violinist who practises: what can be heard of the playing, a coach, and a report."""

from rt_engine.violin.coach import Coach, Settings
from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.follow import Follower, Place
from rt_engine.violin.player import Heard, Listener
from rt_engine.violin.score import Event, read_score
from rt_engine.violin.tuning import Temperament, Tuning, note_name

__all__ = [
    "Coach",
    "Event",
    "Follower",
    "Heard",
    "Listener",
    "PerformanceFeatures",
    "Place",
    "Settings",
    "Temperament",
    "Tuning",
    "note_name",
    "read_score",
]
