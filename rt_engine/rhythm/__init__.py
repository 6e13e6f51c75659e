"""From activations to beats, tempo and bar; plain state machines without a clock."""

from rt_engine.rhythm.body import BodyObservation
from rt_engine.rhythm.events import Decision, Settings, Step
from rt_engine.rhythm.filter import ForwardFilter
from rt_engine.rhythm.joint import JointObservation
from rt_engine.rhythm.observation import ActivationObservation, Observation, OnsetObservation
from rt_engine.rhythm.placed import PlacedObservation
from rt_engine.rhythm.pulse import Pulse, Steering
from rt_engine.rhythm.statespace import BarSpace
from rt_engine.rhythm.tracker import Tracker

__all__ = [
    "ActivationObservation",
    "BarSpace",
    "BodyObservation",
    "Decision",
    "ForwardFilter",
    "JointObservation",
    "Observation",
    "OnsetObservation",
    "PlacedObservation",
    "Pulse",
    "Settings",
    "Steering",
    "Step",
    "Tracker",
]
