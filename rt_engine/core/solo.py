"""One node alone, for tests and notebooks: packets in, packets out."""

from __future__ import annotations

from rt_engine.core.clock import VirtualClock
from rt_engine.core.node import Input, Node, Output
from rt_engine.core.packet import Kind, Packet

__all__ = ["collect"]


def collect(node: Node, **formats: Kind) -> dict[str, list[Packet]]:
    """Plan, open and reset `node`; the lists that its outputs will fill, by output name.

    `formats` gives the format of each wired input or hold. Raises ValueError where a format
    does not fit, as a graph would.
    """
    node.bind(node.name, VirtualClock(), 0, dict)
    for name, found in formats.items():
        reason = node.ports[name].kind.mismatch(found)
        if reason:
            raise ValueError(f"input {name!r} {reason}")
        node.formats[name] = found
        bound = getattr(node, name)
        if isinstance(bound, Input):
            bound.format = found
    node.plan()
    node.open()
    node.reset()
    taken: dict[str, list[Packet]] = {}
    for output in [port for port in vars(node).values() if isinstance(port, Output)]:
        taken[output.name] = []
        output.targets = [taken[output.name].append]
    return taken
