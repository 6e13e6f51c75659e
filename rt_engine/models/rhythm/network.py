"""A causal network from sound and motion to beats, phrases and expression, frame by frame.

Each stream has a trunk of its own; a gate joins those that are present, and one recurrent layer
and the heads follow (late fusion). The state is an argument and a result, so a stream fed frame by
frame gives what the whole gives at once.

Inputs, one row a frame of 20 ms: `mel` (batch, time, 80), `motion` (batch, time, 39), `video`
(batch, time, 7) and `present` (batch, time, 3), 1 where sound, motion and video are there; absent
streams are zeros. Outputs: see `Outputs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn

from rt_engine.models.rhythm.streams import INPUTS, OUTPUTS, PLACES

State = dict[str, Tensor]


class Outputs(NamedTuple):
    """Logits, (batch, time, n): what the losses are made of.

    beat: of any beat. downbeat: of a downbeat, given that there is a beat. phrase: a phrase began
    in the last half second. dynamics: six classes, ppp or pp to ff or fff. articulation: legato,
    neutral, staccato. place: how far its bar has gone, `PLACES` parts: unlike a beat it says
    something in every frame, and what the network must count for it, downbeats need.
    """

    beat: Tensor
    downbeat: Tensor
    phrase: Tensor
    dynamics: Tensor
    articulation: Tensor
    place: Tensor

    def probabilities(self) -> tuple[Tensor, ...]:
        """What is given out, in the order of `OUTPUTS`: the first pair is a beat that is no
        downbeat, and a downbeat.
        """
        beat, down = torch.sigmoid(self.beat), torch.sigmoid(self.downbeat)
        pair = torch.cat((beat * (1.0 - down), beat * down), dim=-1)
        return (
            pair,
            torch.sigmoid(self.phrase),
            torch.softmax(self.dynamics, dim=-1),
            torch.softmax(self.articulation, dim=-1),
            torch.softmax(self.place, dim=-1),
        )


@dataclass(frozen=True)
class Size:
    """Numbers of channels; `hidden` of the recurrent layers, `layers` of them after the fusion."""

    front: tuple[int, int]
    width: int
    hidden: int
    layers: int
    motion: int
    video: int
    dropout: float = 0.0


SIZES = {
    "small": Size(front=(16, 24), width=64, hidden=120, layers=1, motion=48, video=24),
    "large": Size(front=(24, 48), width=128, hidden=256, layers=2, motion=96, video=32),
}


class Front(nn.Module):
    """Mel bands and their rise, convolved over five frames and bands: (batch, time, width)."""

    CONTEXT = 5  # frames before the first that a block of frames needs

    def __init__(self, channels: tuple[int, int], width: int) -> None:
        super().__init__()
        first, second = channels
        self.bands = nn.Conv2d(2, first, (1, 8), stride=(1, 4))
        self.onset = nn.Conv2d(first, second, (3, 5), stride=(1, 2))
        self.context = nn.Conv2d(second, second, (3, 3))
        self.project = nn.Linear(second * 6, width)
        self.direct = nn.Linear(2 * INPUTS["mel"], width)
        self.norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Tensor:
        """mel: (batch, CONTEXT + time, 80)."""
        now = mel[:, 1:]
        pair = torch.stack((now, torch.relu(now - mel[:, :-1])), dim=1)
        x = torch.relu(self.bands(pair))
        x = torch.relu(self.onset(x))
        x = torch.relu(self.context(x))
        x = self.project(x.transpose(1, 2).flatten(2))
        last = pair[:, :, self.CONTEXT - 1 :].transpose(1, 2).flatten(2)
        return torch.relu(self.norm(x + self.direct(last)))


class Block(nn.Module):
    """A dilated causal convolution a channel, then a small perceptron, beside a shortcut."""

    KERNEL = 9

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.reach = self.past(dilation)
        self.time = nn.Conv1d(width, width, self.KERNEL, dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    @classmethod
    def past(cls, dilation: int) -> int:
        """Frames before the first that a block needs."""
        return (cls.KERNEL - 1) * dilation

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """x: (batch, time, width); past: (batch, self.reach, width)."""
        longer = torch.cat((past, x), dim=1)
        y = self.norm(self.time(longer.transpose(1, 2)).transpose(1, 2))
        y = self.narrow(torch.relu(self.widen(y)))
        return x + self.drop(y), longer[:, -self.reach :]


class Fusion(nn.Module):
    """A mean of the streams that are present, weighed by a gate that sees them all."""

    def __init__(self, sizes: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.values = nn.ModuleList(nn.Linear(size, hidden) for size in sizes)
        self.gate = nn.Linear(sum(sizes) + len(sizes), len(sizes))

    def forward(self, streams: tuple[Tensor, ...], present: Tensor) -> Tensor:
        there = torch.split(present, 1, dim=-1)
        streams = tuple(x * p for x, p in zip(streams, there, strict=True))
        weights = torch.sigmoid(self.gate(torch.cat((*streams, present), dim=-1))) * present
        weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-3)
        parts = torch.split(weights, 1, dim=-1)
        return sum_of([v(x) * w for v, x, w in zip(self.values, streams, parts, strict=True)])


class StreamingNet(nn.Module):
    """What every network of this package offers: a state, and `Outputs` with the state after."""

    def initial_state(self, batch: int = 1) -> State:
        """Zeros; empty for a network that can only see a whole at once."""
        return {}

    def forward(
        self, mel: Tensor, motion: Tensor, video: Tensor, present: Tensor, state: State
    ) -> tuple[Outputs, State]:
        """See the module; state: as of `initial_state` or from the call before."""
        raise NotImplementedError

    if TYPE_CHECKING:
        __call__ = forward


class RhythmNet(StreamingNet):
    """The network of this module in one of `SIZES`."""

    DILATIONS = (1, 8)

    def __init__(self, size: str = "small") -> None:
        super().__init__()
        self.size = s = SIZES[size]
        self.front = Front(s.front, s.width)
        self.blocks = nn.ModuleList(Block(s.width, d, s.dropout) for d in self.DILATIONS)
        self.audio = nn.LSTM(s.width, s.hidden, batch_first=True)
        self.motion = nn.LSTM(INPUTS["motion"], s.motion, batch_first=True)
        self.video = nn.LSTM(INPUTS["video"], s.video, batch_first=True)
        self.fusion = Fusion((s.hidden, s.motion, s.video), s.hidden)
        self.joint = nn.LSTM(s.hidden, s.hidden, s.layers, batch_first=True)
        self.drop = nn.Dropout(s.dropout)
        self.rhythm = perceptron(s.hidden, s.width, 3)
        self.expression = perceptron(s.hidden + s.width, s.width, 9)
        self.place = nn.Linear(s.hidden, PLACES)

    def initial_state(self, batch: int = 1) -> State:
        """What is remembered before the first frame: zeros, with the shapes of the state."""
        s = self.size
        shapes = {"mel": (batch, Front.CONTEXT, INPUTS["mel"])}
        for k, dilation in enumerate(self.DILATIONS):
            shapes[f"block{k}"] = (batch, Block.past(dilation), s.width)
        layers = {"audio": self.audio, "motion": self.motion, "video": self.video}
        for name, layer in (layers | {"joint": self.joint}).items():
            for part in "hc":
                shapes[f"{name}_{part}"] = (layer.num_layers, batch, layer.hidden_size)
        return {name: torch.zeros(shape) for name, shape in shapes.items()}

    def forward(
        self, mel: Tensor, motion: Tensor, video: Tensor, present: Tensor, state: State
    ) -> tuple[Outputs, State]:
        """See the module; state: as of `initial_state` or from the call before."""
        after: State = {}
        sound = self._sound(mel, state, after)
        heard = recur(self.audio, "audio", sound, state, after)
        moved = recur(self.motion, "motion", motion, state, after)
        seen = recur(self.video, "video", video, state, after)
        joined = self.fusion((heard, moved, seen), present)
        y = recur(self.joint, "joint", self.drop(joined), state, after)
        return self._heads(y + joined, sound), {name: after[name] for name in state}

    def _sound(self, mel: Tensor, state: State, after: State) -> Tensor:
        longer = torch.cat((state["mel"], mel), dim=1)
        after["mel"] = longer[:, -Front.CONTEXT :]
        x: Tensor = self.front(longer)
        for k, block in enumerate(self.blocks):
            x, after[f"block{k}"] = block(x, state[f"block{k}"])
        return x

    def _heads(self, y: Tensor, sound: Tensor) -> Outputs:
        y = self.drop(y)
        beat, downbeat, phrase = self.rhythm(y).split((1, 1, 1), dim=-1)
        expression = self.expression(torch.cat((y, sound), dim=-1))
        dynamics, articulation = expression.split((6, 3), dim=-1)
        return Outputs(beat, downbeat, phrase, dynamics, articulation, self.place(y))


def recur(layer: nn.LSTM, name: str, x: Tensor, state: State, after: State) -> Tensor:
    """Run a recurrent layer from `state` and leave its memory in `after`."""
    y, (h, c) = layer(x, (state[f"{name}_h"], state[f"{name}_c"]))
    after[f"{name}_h"], after[f"{name}_c"] = h, c
    return cast(Tensor, y)


def sum_of(parts: list[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two layers."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class Deployed(nn.Module):
    """A network with probabilities by name, as it is exported; see `rt_engine.models.export`."""

    inputs = INPUTS
    outputs = OUTPUTS

    def __init__(self, net: StreamingNet) -> None:
        super().__init__()
        self.net = net.eval()

    def initial_state(self, batch: int = 1) -> State:
        """Zeros."""
        return self.net.initial_state(batch)

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        mel, motion, video, present = (inputs[name] for name in INPUTS)
        logits, after = self.net(mel, motion, video, present, state)
        return dict(zip(OUTPUTS, logits.probabilities(), strict=True)), after
