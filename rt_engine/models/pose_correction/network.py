"""The streaming network: chooses among the filters of the front, and adds what sound tells.

Inputs (batch, time, n): `front`, as `rt_engine.violin.pose_front.Front` gives it; `sound`, the 35
numbers of `rt_engine.violin.features`; `heard`, 1 where there is sound. Output `pose`: 39 numbers,
the places of 13 joints in metres from their means over the whole, at the moment that is the
front's lookahead ago. Each joint is a mixture of the front's signals, weighted by a recurrent
layer, plus a correction: small where the joint is seen and calm, so that a posture that was
never trained on is not drawn into one that was; large where it trembles or is out of sight.
The state is an argument and a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.pose_front import JITTER, JOINTS, PLACES, SIGNALS, SIZE, STALENESS

__all__ = ["INPUTS", "OUTPUTS", "SOUND", "PoseNet", "Size", "State"]

SOUND = PerformanceFeatures.dims
INPUTS = {"front": SIZE, "sound": SOUND, "heard": 1}
OUTPUTS = {"pose": PLACES}
FAR = 3.0  # m, limit of what the front says
FREE = (0.05, 3.0)  # how far a joint may be corrected: at least, and for each m of its jitter

State = dict[str, Tensor]


@dataclass(frozen=True)
class Size:
    """width: of the layers that read. hidden: of the recurrent ones. sound: of that part."""

    width: int = 160
    hidden: int = 160
    layers: int = 2
    sound: int = 48
    kernel: int = 5


class PoseNet(nn.Module):
    """The network of this module; exported as it is."""

    inputs = INPUTS
    outputs = OUTPUTS
    middle: Tensor
    scale: Tensor

    def __init__(self, size: Size | None = None) -> None:
        super().__init__()
        self.size = s = size or Size()
        self.register_buffer("middle", torch.zeros(SOUND))
        self.register_buffer("scale", torch.ones(SOUND))
        self.hear = nn.Conv1d(SOUND, s.sound, s.kernel)
        self.read = nn.Linear(SIZE, s.width)
        self.join = nn.Linear(s.width + s.sound + 1, s.hidden)
        self.recurrent = nn.GRU(s.hidden, s.hidden, s.layers, batch_first=True)
        self.choose = nn.Linear(s.hidden + s.width, JOINTS * (SIGNALS + 1))
        self.correct = nn.Linear(s.hidden + s.width, PLACES)
        nn.init.zeros_(self.correct.weight)
        nn.init.zeros_(self.correct.bias)

    def fit_sound(self, features: npt.NDArray[np.float32]) -> None:
        """Take middle and scale of the sound's numbers from features (n, 35)."""
        self.middle.copy_(torch.from_numpy(features.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(np.maximum(features.std(axis=0), 1e-2)))

    def initial_state(self, batch: int = 1) -> State:
        """Zeros."""
        s = self.size
        return {
            "sound": torch.zeros(batch, s.kernel - 1, SOUND),
            "recurrent": torch.zeros(s.layers, batch, s.hidden),
        }

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        front = inputs["front"].clamp(-FAR, FAR)
        sound = (inputs["sound"] - self.middle) / self.scale * inputs["heard"]
        longer = torch.cat((state["sound"], sound.clamp(-5.0, 5.0)), dim=1)
        heard = torch.relu(self.hear(longer.transpose(1, 2)).transpose(1, 2))
        read = torch.relu(self.read(front))
        joined = torch.relu(self.join(torch.cat((read, heard, inputs["heard"]), dim=-1)))
        y, recurrent = self.recurrent(joined, state["recurrent"])
        y = torch.cat((y, read), dim=-1)
        signals = front[..., : SIGNALS * PLACES].unflatten(-1, (SIGNALS, JOINTS, 3))
        # the last of each joint's weights belongs to its mean over the whole: to 0
        weights = torch.softmax(self.choose(y).unflatten(-1, (SIGNALS + 1, JOINTS)), dim=-2)
        mixed = (signals * weights[..., :SIGNALS, :, None]).sum(dim=-3)
        pose = mixed.flatten(-2) + self.correct(y) * freedom(inputs["front"])
        return {"pose": pose}, {
            "sound": longer[:, -(self.size.kernel - 1) :],
            "recurrent": recurrent,
        }


def freedom(front: Tensor) -> Tensor:
    """How far each number (batch, time, 39) may be corrected: 0.05 to 1."""
    jitter = torch.exp((front[..., JITTER] - 1.0) / 0.6)
    free = (FREE[0] + FREE[1] * jitter + front[..., STALENESS]).clamp(max=1.0)
    return free[..., None].expand(*free.shape, 3).flatten(-2)
