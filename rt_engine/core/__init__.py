"""The engine: packets, clocks, nodes, graphs and their two runners. Knows no music, no bodies."""

from rt_engine.core.clock import SECOND, Clock, LiveClock, SampleClock, VirtualClock
from rt_engine.core.errors import GraphError, NodeError
from rt_engine.core.graph import Graph, Wire
from rt_engine.core.live import Live
from rt_engine.core.meter import Spread, Stats
from rt_engine.core.node import Hold, Input, Knob, Node, Output, Source, action
from rt_engine.core.packet import Control, Controls, Kind, Packet
from rt_engine.core.replay import Event, Replay
from rt_engine.core.ring import RingBuffer
from rt_engine.core.solo import collect

__all__ = [
    "SECOND",
    "Clock",
    "Control",
    "Controls",
    "Event",
    "Graph",
    "GraphError",
    "Hold",
    "Input",
    "Kind",
    "Knob",
    "Live",
    "LiveClock",
    "Node",
    "NodeError",
    "Output",
    "Packet",
    "Replay",
    "RingBuffer",
    "SampleClock",
    "Source",
    "Spread",
    "Stats",
    "VirtualClock",
    "Wire",
    "action",
    "collect",
]
