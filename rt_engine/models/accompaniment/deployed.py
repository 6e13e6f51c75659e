"""The network as it is exported: a bar a frame, and a token a frame.

See `rt_engine.models.export` for what the exporter asks of both.
"""

from __future__ import annotations

from torch import nn

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import NUMBERS
from rt_engine.models.accompaniment.network import AccompanimentNet
from rt_engine.models.attention import State, numbered

__all__ = ["DeployedDecoder", "DeployedEncoder"]


class DeployedEncoder(nn.Module):
    """The encoder: a bar a frame."""

    inputs = {"drums": NUMBERS}

    def __init__(self, net: AccompanimentNet) -> None:
        super().__init__()
        self.encoder = net.encoder.eval()
        self.outputs = {"context": tk.STEPS * net.size.width}

    def initial_state(self, batch: int = 1) -> State:
        """Zeros."""
        return self.encoder.initial_state(batch)

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        context, after = self.encoder(inputs["drums"], state)
        return {"context": context.reshape(len(context), -1, self.outputs["context"])}, after


class DeployedDecoder(nn.Module):
    """The decoder: a token a frame, each with the drums of its bar."""

    outputs = {"logits": tk.SIZE}

    def __init__(self, net: AccompanimentNet) -> None:
        super().__init__()
        self.decoder = net.decoder.eval()
        self.inputs = {"token": 1, "time": 1, "context": tk.STEPS * net.size.width}

    def initial_state(self, batch: int = 1) -> State:
        """Zeros."""
        return self.decoder.initial_state(batch)

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        token, time = inputs["token"][..., 0].long(), inputs["time"][..., 0]
        told = inputs["context"]
        context = told.reshape(len(told), -1, self.decoder.size.width)
        bar = numbered(token[..., None])[None]
        logits, after = self.decoder(token, time, bar, context, state)
        return {"logits": logits}, after
