"""The networks as they are exported: a window of two bars a frame, or a step a frame.

See `rt_engine.models.export` for what the exporter asks of them.
"""

from __future__ import annotations

from torch import Tensor, nn

from rt_engine.drums.kit import DRUMS
from rt_engine.models.drums.data import WINDOW
from rt_engine.models.drums.hits import HitsNet
from rt_engine.models.drums.rhythms import CHANNELS
from rt_engine.models.drums.touch import NUMBERS, TouchNet

__all__ = ["DeployedDecoder", "DeployedEncoder", "DeployedTouch"]

Tensors = dict[str, Tensor]


class DeployedEncoder(nn.Module):
    """The encoder of `HitsNet`: the rhythm of a window to its context."""

    inputs = {"rhythm": WINDOW * CHANNELS}

    def __init__(self, net: HitsNet) -> None:
        super().__init__()
        self.encoder = net.encoder.eval()
        self.outputs = {"context": WINDOW * net.size.width}

    def initial_state(self, batch: int = 1) -> Tensors:
        """None: windows know nothing of each other."""
        return {}

    def forward(self, inputs: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """One context for each window."""
        rhythm = inputs["rhythm"]
        context = self.encoder(rhythm.reshape(-1, WINDOW, CHANNELS))
        return {"context": context.reshape(*rhythm.shape[:2], -1)}, {}


class DeployedDecoder(nn.Module):
    """The decoder of `HitsNet`, which keeps the keys and values of the words before."""

    def __init__(self, net: HitsNet) -> None:
        super().__init__()
        self.net = net.eval()
        self.inputs = {"word": 1, "place": 1, "kind": 1, "context": WINDOW * net.size.width}
        self.outputs = {"logits": net.words}

    def initial_state(self, batch: int = 1) -> Tensors:
        """No word before."""
        return self.net.initial_state(batch)

    def forward(self, inputs: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """The logits of each next word."""
        word, place, kind = (inputs[name][..., 0].long() for name in ("word", "place", "kind"))
        context = inputs["context"].reshape(-1, WINDOW, self.net.size.width)
        logits, after = self.net.decode(word, place, kind, context, state)
        return {"logits": logits}, after


class DeployedTouch(nn.Module):
    """`TouchNet`: the hits of a window to their velocities and offsets."""

    inputs = {"told": WINDOW * NUMBERS}
    outputs = {"velocities": WINDOW * len(DRUMS), "offsets": WINDOW * len(DRUMS)}

    def __init__(self, net: TouchNet) -> None:
        super().__init__()
        self.net = net.eval()

    def initial_state(self, batch: int = 1) -> Tensors:
        """None: windows know nothing of each other."""
        return {}

    def forward(self, inputs: Tensors, state: Tensors) -> tuple[Tensors, Tensors]:
        """The touch of each window."""
        told = inputs["told"]
        velocities, offsets = self.net(told.reshape(-1, WINDOW, NUMBERS))
        shape = told.shape[:2]
        found = {"velocities": velocities, "offsets": offsets}
        return {name: x.reshape(*shape, -1) for name, x in found.items()}, {}
