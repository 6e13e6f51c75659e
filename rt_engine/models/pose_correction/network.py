"""The streaming network: chooses among the filters of the front, and adds what sound tells.

Inputs (batch, time, n): `front`, as `rt_engine.violin.pose_front.Front` gives it; `sound`, the 35
numbers of `rt_engine.violin.features`; `heard`, 1 where there is sound. Output `pose`: 39 numbers,
the places of 13 joints in metres from their means over the whole, at the moment that is the
front's lookahead ago. Each joint is a mixture of the front's signals, in the plane of the picture
and in depth, weighted by a recurrent layer, plus a correction. A new network is the best of the
front's filters: where joints are calm, the narrow line, and in depth, where a webcam errs most,
the wide one; where they tremble as in the paper, the Kalman filter that knows violinists. What is
learnt changes that only where joints tremble or are out of sight: motion that was never trained
on and is well seen passes as the filter has it. The state is an argument and a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rt_engine.models.pose_correction.prior import SHAPES
from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.pose_front import (
    FOLLOWED,
    JOINTS,
    NARROW,
    NOISE,
    PLACES,
    SIGNALS,
    SIZE,
    STALENESS,
    WIDE,
)
from rt_engine.violin.pose_prior import Prior

__all__ = ["INPUTS", "OUTPUTS", "SOUND", "PoseNet", "Size", "State"]

SOUND = PerformanceFeatures.dims
INPUTS = {"front": SIZE, "sound": SOUND, "heard": 1}
OUTPUTS = {"pose": PLACES}
FAR = 3.0  # m, limit of what the front says
FREE = 0.42  # m that a joint may be corrected
UNSEEN = 0.1  # of the front's time since a joint was seen: from there on it may be
WILD, STEEP = -0.17, 12.0  # the front's noise (of 100 mm) at which it is neither calm nor wild
TRUST = 5.5  # logarithm of how much more the best filter weighs than another, at first
SURE = 1.5  # times TRUST more where nothing learnt may answer: the other filters lie far away

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
        for name, shape in SHAPES.items():
            self.register_buffer(f"prior_{name}", torch.zeros(shape, dtype=torch.float64))
        self.hear = nn.Conv1d(SOUND, s.sound, s.kernel)
        self.read = nn.Linear(SIZE, s.width)
        self.join = nn.Linear(s.width + s.sound + 1, s.hidden)
        self.recurrent = nn.GRU(s.hidden, s.hidden, s.layers, batch_first=True)
        self.choose = nn.Linear(s.hidden + s.width, 2 * JOINTS * (SIGNALS + 1))
        self.correct = nn.Linear(s.hidden + s.width, PLACES)
        for layer in (self.choose, self.correct):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @property
    def prior(self) -> Prior:
        """What the front has to know: kept with the weights, and no part of the network."""
        return Prior(*(getattr(self, f"prior_{name}").numpy() for name in SHAPES))

    def fit_prior(self, prior: Prior) -> None:
        """Keep the prior that the front goes by."""
        for name in SHAPES:
            getattr(self, f"prior_{name}").copy_(torch.from_numpy(getattr(prior, name)))

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
        wild = torch.sigmoid(STEEP * (inputs["front"][..., NOISE : NOISE + 1] - WILD))
        # the last of each joint's weights belongs to its mean over the whole: to 0
        free = freedom(inputs["front"], wild)
        said = self.choose(y).unflatten(-1, (SIGNALS + 1, JOINTS, 2)) * free[..., None, :, None]
        said = said + trusted(wild) * (1.0 + SURE * (1.0 - free[..., None, :, None]))
        weights = torch.softmax(said, dim=-3)[..., :SIGNALS, :, :]
        weights = torch.cat((weights[..., :1], weights), dim=-1)  # right, up; depth
        mixed = (signals * weights).sum(dim=-3).flatten(-2)
        correction = torch.tanh(self.correct(y)).unflatten(-1, (JOINTS, 3)) * free[..., None]
        pose = mixed + FREE * correction.flatten(-2)
        return {"pose": pose}, {
            "sound": longer[:, -(self.size.kernel - 1) :],
            "recurrent": recurrent,
        }


def trusted(wild: Tensor) -> Tensor:
    """Logarithms of weights (batch, time, SIGNALS + 1, 1, 2), before anything is learnt."""
    numbers = torch.arange(SIGNALS + 1, device=wild.device)
    calm = torch.stack((numbers == NARROW, numbers == WIDE), dim=-1)
    best = calm * (1.0 - wild[..., None]) + (numbers == FOLLOWED)[:, None] * wild[..., None]
    return TRUST * best[..., None, :]


def freedom(front: Tensor, wild: Tensor) -> Tensor:
    """How far each joint is left to what is learnt, (batch, time, 13), 0 to 1."""
    unseen = ((front[..., STALENESS] - UNSEEN) / (1.0 - UNSEEN)).clamp(min=0.0)
    return (wild + unseen).clamp(max=1.0)
