"""Motion of a take as a BVH file."""

from __future__ import annotations

from pathlib import Path

from rt_engine.exports.material import Material
from rt_engine.kinds import Skeletons

__all__ = ["to_bvh"]

RATE = 60.0  # frames a second of the file
NODE = "export"


def to_bvh(material: Material, output: Path) -> str:
    """The first person of the last skeletons in the graph, at a constant rate."""
    places = material.of(Skeletons)
    if not places:
        raise material.lacks(".bvh", "skeletons")
    node, port = places[-1]  # behind all that corrects them
    name = NODE
    while name in material.graph.nodes:
        name += "-"
    file = {"is": "bvh.Write", "in": f"{node}.{port}", "path": str(output), "rate": RATE,
            "overwrite": True}  # fmt: skip
    count = [0]

    def see(*_: object) -> None:
        count[0] += 1

    material.play([(node, port)], see, {name: file})
    if not count[0]:
        raise material.lacks(".bvh", "motion in all its length")
    return f"{count[0]} postures of {node}.{port}"
