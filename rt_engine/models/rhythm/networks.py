"""Every network of this package by its name, new or as an earlier training left it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rt_engine.models.recall import recall, states_of
from rt_engine.models.rhythm.committee import Committee, count_members
from rt_engine.models.rhythm.network import Deployed, RhythmNet, StreamingNet
from rt_engine.models.rhythm.references import MosaCnn, MosaTransformer
from rt_engine.models.weights import begin

NETS: dict[str, Callable[[], StreamingNet]] = {
    "small": lambda: RhythmNet("small"),
    "large": lambda: RhythmNet("large"),
    "mosa_cnn": MosaCnn,
    "mosa_transformer": MosaTransformer,
}
NEW = "place."  # what weights of before November 2026 lack


def earlier(size: str, path: Path) -> list[StreamingNet]:
    """The networks of a file: one of a `best.pt`, or those of an exported model, oldest first.

    Raises FileNotFoundError without a file, ValueError where it holds other networks.
    """
    if path.suffix != ".onnx":
        net = NETS[size]()
        begin(net, path, NEW)
        return [net.eval()]
    members = count_members(states_of(path))
    nets = [NETS[size]() for _ in range(max(members, 1))]
    recall(Deployed(Committee(nets) if members else nets[0]), path)
    return [net.eval() for net in nets]
