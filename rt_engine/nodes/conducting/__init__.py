"""A conductor: beats, tempo and expression in; a body that conducts them, and its ictus, out."""

from rt_engine.nodes.conducting.conditions import Conditions
from rt_engine.nodes.conducting.conductor import Conductor

__all__ = ["Conditions", "Conductor"]
