"""Streaming networks as ONNX files, checked against the original before anybody uses them.

A network to be exported has `inputs` and `outputs`, numbers a frame by name, and
`initial_state(batch)`, tensors by name; `forward(inputs, state)` takes and gives the like. In the
file a state is `state_NAME`, and what it becomes `state_NAME_out`; the axis of frames is free.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rt_engine.extras import require

Arrays = dict[str, NDArray[np.float32]]
Tensors = dict[str, Tensor]

OPSET = 17
TOLERANCE = 1e-5  # between ONNX and torch, and between frame by frame and all at once


class Streaming(Protocol):
    """What `export` needs of a network."""

    inputs: dict[str, int]
    outputs: dict[str, int]

    def initial_state(self, batch: int = 1) -> Tensors:
        """Zeros."""

    def __call__(self, inputs: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """Inputs (batch, time, n) to outputs (batch, time, n), and the state after."""


class Network(Streaming, Protocol):
    """The same, with weights by name, as a module of torch has them."""

    def state_dict(self) -> Tensors:
        """Weights by name."""

    def load_state_dict(self, weights: Tensors) -> object:
        """Take weights by name."""


class _Flat(nn.Module):
    """The network with tensors in a row, as the exporter wants it."""

    def __init__(self, net: Streaming) -> None:
        super().__init__()
        self.net = net

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = dict(zip(self.net.inputs, tensors, strict=False))
        rest = tensors[len(inputs) :]
        state = dict(zip(self.net.initial_state(), rest, strict=True))
        outputs, after = self.net(inputs, state)
        return (*(outputs[name] for name in self.net.outputs), *after.values())


def state_names(net: Streaming) -> tuple[list[str], list[str]]:
    """Names of the states in the file, going in and coming out."""
    names = [f"state_{name}" for name in net.initial_state()]
    return names, [f"{name}_out" for name in names]


def export(net: Streaming, path: Path) -> float:
    """Write the network as one ONNX file; the largest deviation that `check` saw.

    Raises ValueError where the file does not say what the network says.
    """
    write_onnx(net, path)
    worst = check(net, path)
    if not worst <= TOLERANCE:
        raise ValueError(f"{path}: deviates from the network by {worst:.1e}, over {TOLERANCE:.0e}")
    return worst


def write_onnx(net: Streaming, path: Path) -> None:
    """The same, without the check."""
    state = net.initial_state()
    example = tuple(torch.zeros(1, 2, size) for size in net.inputs.values())
    before, after = state_names(net)
    free = {name: {1: "frames"} for name in (*net.inputs, *net.outputs)}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracing exporter is old, and makes the fastest file
        torch.onnx.export(
            _Flat(net).eval(), (*example, *state.values()), str(path), dynamo=False,
            input_names=[*net.inputs, *before], output_names=[*net.outputs, *after],
            dynamic_axes=free, opset_version=OPSET,
        )  # fmt: skip


def check(net: Streaming, path: Path, frames: int = 200, seed: int = 0) -> float:
    """Largest deviation of the file, frame by frame, from the network that sees all at once.

    Of outputs that exceed 1 (logits), as a part of the largest: float32 has no more digits.
    """
    rng = np.random.default_rng(seed)
    inputs = {n: rng.random((1, frames, k), np.float32) for n, k in net.inputs.items()}
    with torch.no_grad():
        whole, _ = net({n: torch.from_numpy(x) for n, x in inputs.items()}, net.initial_state())
    steps = run_onnx(net, path, inputs)
    return max(_deviation(steps[n], whole[n].numpy()) for n in net.outputs)


def _deviation(found: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    return float(np.abs(found - true).max() / max(1.0, np.abs(true).max()))


def run_onnx(net: Streaming, path: Path, inputs: Arrays) -> Arrays:
    """Outputs (1, frames, n) of the file, fed one frame after the other."""
    session = open_onnx(path)
    before, after = state_names(net)
    memory = [x.numpy() for x in net.initial_state().values()]
    rows: dict[str, list[Any]] = {name: [] for name in net.outputs}
    for k in range(next(iter(inputs.values())).shape[1]):
        feed = {name: x[:, k : k + 1] for name, x in inputs.items()}
        results = session.run([*net.outputs, *after], feed | dict(zip(before, memory, strict=True)))
        memory = results[len(net.outputs) :]
        for name, row in zip(net.outputs, results, strict=False):
            rows[name].append(row)
    return {name: np.concatenate(row, axis=1) for name, row in rows.items()}


def open_onnx(path: Path) -> Any:
    """A session of ONNX Runtime on one core."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
