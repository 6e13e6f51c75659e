"""Weights of a network from the file that was exported of it.

The exporter turns, joins and renames weights. It tells itself where each of them ends up: a network
whose weights are numbers, one after the other, is exported, and then the numbers stand where the
file that is read has the weights.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rt_engine.extras import require
from rt_engine.models.export import TOLERANCE, Network, check, write_onnx

__all__ = ["recall", "states_of"]

FIRST, LAST = 1 << 20, 1 << 24  # numbers that no constant of a file has, exact in float32


def recall(net: Network, path: Path) -> None:
    """Give a network the weights of a file that `export` wrote of one like it.

    Parts that no output needs, and that the file has not, stay as they are. Raises ValueError
    where the file is of another network; what `net` holds is then undefined.
    """
    other = ValueError(f"{path}: was not exported from a network of this kind and size")
    parts = net.state_dict()
    whole = torch.cat([part.flatten() for part in parts.values()])
    if FIRST + len(whole) > LAST:
        raise ValueError(f"{len(whole)} weights: more than can be numbered")
    numbers = torch.arange(FIRST, FIRST + len(whole), dtype=torch.float32)
    net.load_state_dict(_divided(numbers, parts))
    places, values = _weights_numbered(net), _weights(path)
    if [x.shape for x in places] != [x.shape for x in values]:
        raise other
    for place, value in zip(places, values, strict=True):
        index = torch.from_numpy(place.flatten().astype(np.int64) - FIRST)
        there = (index >= 0) & (index < len(whole))
        whole[index[there]] = torch.from_numpy(value.flatten().copy())[there]
    net.load_state_dict(_divided(whole, parts))
    if not check(net, path) <= TOLERANCE:
        raise other


def states_of(path: Path) -> list[str]:
    """The names of the inputs of a file that are states; ValueError where it is no such file."""
    onnx = require("onnx")
    try:
        graph = onnx.load(str(path)).graph
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file; needed is an exported model") from None
    except Exception:  # the bytes of another file can raise anything
        raise ValueError(f"{path}: no exported model (.onnx)") from None
    return [port.name for port in graph.input if port.name.startswith("state_")]


def _divided(whole: Tensor, parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """One row of numbers as parts by name, each of its own shape."""
    pieces = whole.split([part.numel() for part in parts.values()])
    pairs = zip(parts.items(), pieces, strict=True)
    return {name: piece.reshape(part.shape) for (name, part), piece in pairs}


def _weights_numbered(net: Network) -> list[NDArray[np.float32]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "numbered.onnx"
        write_onnx(net, file)
        return _weights(file)


def _weights(path: Path) -> list[NDArray[np.float32]]:
    """The weights that the nodes of a file take, in turn: equal ones it may have only once."""
    onnx = require("onnx")
    graph = onnx.load(str(path)).graph
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = []
    for node in graph.node:
        taken = [tensors[name] for name in node.input if name in tensors]
        if node.op_type == "Identity" and taken:  # another name for an equal one
            tensors[node.output[0]] = taken[0]
        else:
            found += taken
    return found
