"""Open Sound Control: beats, notes, expression and landmarks out, controls in."""

from rt_engine.nodes.osc.beats import Beats
from rt_engine.nodes.osc.control import Control
from rt_engine.nodes.osc.expression import Expression
from rt_engine.nodes.osc.landmarks import Landmarks
from rt_engine.nodes.osc.notes import Notes

__all__ = ["Beats", "Control", "Expression", "Landmarks", "Notes"]
