"""The demonstrations: graphs on material that comes along, in real time, with a verdict."""

from rt_engine.demos.run import DEMOS, GRAPHS, demo
from rt_engine.demos.show import hits

__all__ = ["DEMOS", "GRAPHS", "demo", "hits"]
