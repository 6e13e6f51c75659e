"""ONNX Runtime, one frame after the other, with the model's memory carried along."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.extras import require
from rt_engine.inference.bound import Arrays, Bound
from rt_engine.inference.card import Card, CardError, Port, check_file, find_card, read_card

__all__ = ["Device", "Session"]

Device = Literal["auto", "cpu", "cuda"]
Array = NDArray[np.float32]

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
WARM = 3  # runs before the first frame that counts

log = logging.getLogger("rt_engine")


class Session:
    """A model that is fed frame by frame; what it remembers is kept between the calls.

    model: a name in `exported_models`, or a path to the card or the ONNX file. device: "cpu",
    "cuda", or "auto": CUDA where it works, for models that are slow enough to have a thread of
    their own; a small one is done on the processor before a GPU has begun. One thread is used.

    Raises CardError where the model is absent, damaged or not what its card says, or the device
    does not work, and MissingExtra without ONNX Runtime.

    Attributes: `card`; `provider`, the execution provider that really runs the model.
    """

    def __init__(self, model: str | Path, device: Device = "auto") -> None:
        self.card = read_card(model)
        path = check_file(self.card, find_card(model).parent)
        wanted = device if device != "auto" else "cuda" if self.card.own_thread else "cpu"
        self._load(path, wanted)
        if device == "cuda" and self.provider != CUDA:
            raise CardError(
                f"model {self.card.name!r} cannot run on CUDA here: it needs an NVIDIA GPU and "
                "pip install 'rt-engine[gpu]' in place of 'rt-engine[cpu]'"
            )

    def _load(self, path: Path, device: str) -> None:
        """Open the file and run it warm; on the processor where the GPU fails."""
        self._runtime = open_runtime(path, device)
        self.provider: str = self._runtime.get_providers()[0]
        check_ports(self.card, self._runtime)
        self._outputs = [port.name for port in self.card.outputs]
        self._fetched = [*self._outputs, *(state.output for state in self.card.states)]
        given = {port.name: framed(port, 1) for port in self.card.inputs}
        kept = {port.name: framed(port, 1) for port in self.card.outputs}
        self._bound = Bound(self._runtime, given, kept, self.card.states)
        self.reset()
        try:
            for _ in range(WARM):
                self.step({})
        except Exception as error:
            if self.provider == CPU:
                raise CardError(f"model {self.card.name!r} does not run: {error}") from error
            log.warning("model %r fails on %s: %s", self.card.name, self.provider, error)
            self._load(path, "cpu")
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        for memory in self._bound.memory:
            memory[:] = 0.0

    def step(self, frame: Mapping[str, ArrayLike]) -> Arrays:
        """Outputs (size,) by name, from one frame (size,) of each input by name.

        What is missing counts as absent: zeros, and the model is told so where it asks.
        """
        for port in self.card.inputs:
            array = self._bound.inputs[port.name]
            array[...] = self._given(port, frame, array.shape)
        self._bound.run()
        return {name: array.reshape(-1).copy() for name, array in self._bound.outputs.items()}

    def run(self, frames: Mapping[str, ArrayLike]) -> Arrays:
        """Outputs (n, size) from n frames (n, size) at once, as `step` would give them in turn.

        For work offline; the model must have been exported with a free axis of frames.
        """
        count = len(np.asarray(next(iter(frames.values()))))
        feeds = {
            port.name: np.ascontiguousarray(self._given(port, frames, framed(port, count)))
            for port in self.card.inputs
        }
        memory = self._bound.memory
        feeds |= {s.input: m for s, m in zip(self.card.states, memory, strict=True)}
        results = dict(zip(self._fetched, self._runtime.run(self._fetched, feeds), strict=True))
        for state, before in zip(self.card.states, memory, strict=True):
            before[:] = results[state.output]
        return {name: results[name].reshape(count, -1) for name in self._outputs}

    @staticmethod
    def _given(port: Port, frames: Mapping[str, ArrayLike], shape: tuple[int, ...]) -> Array:
        """What a port is told, of a shape: whether streams are there, a stream, or zeros."""
        if port.present:
            told = np.array([name in frames for name in port.present], np.float32)
            return np.broadcast_to(told, shape)
        if port.name in frames:
            return np.asarray(frames[port.name], np.float32).reshape(shape)
        return np.zeros(shape, np.float32)


def framed(port: Port, count: int) -> tuple[int, ...]:
    """The shape of `count` frames of a port."""
    return (port.shape[0], count, *port.shape[2:])


def open_runtime(path: Path, device: str) -> Any:
    """An ONNX Runtime session with one thread, on CUDA if asked for and there."""
    onnxruntime = require("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    there = onnxruntime.get_available_providers()
    providers = [CUDA, CPU] if device == "cuda" and CUDA in there else [CPU]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its errors have no common class
        raise CardError(f"{path}: is no model that ONNX Runtime can run: {error}") from error


def check_ports(card: Card, runtime: Any) -> None:
    """CardError where names and shapes of the file are not those of its card."""
    told = {port.name: port.shape for port in (*card.inputs, *card.outputs)}
    for state in card.states:
        told |= {state.input: state.shape, state.output: state.shape}
    found = {port.name: port.shape for port in (*runtime.get_inputs(), *runtime.get_outputs())}
    if missing := sorted(set(told) - set(found)):
        raise CardError(f"model {card.name!r}: the card names {missing}, the file has {[*found]}")
    unfed = {port.name for port in runtime.get_inputs()} - set(told)
    if unfed:
        raise CardError(f"model {card.name!r}: its card says nothing of the inputs {sorted(unfed)}")
    for name, shape in told.items():
        if not fits(shape, found[name]):
            text = f"has shape {found[name]} in the file, {list(shape)} in the card"
            raise CardError(f"model {card.name!r}: {name!r} {text}")


def fits(shape: tuple[int, ...], found: list[int | str | None]) -> bool:
    """Whether a shape is that of a file, where a free axis has a name instead of a length."""
    free = [not isinstance(length, int) for length in found]
    return len(shape) == len(found) and all(
        any_length or length == have
        for any_length, length, have in zip(free, shape, found, strict=True)
    )
