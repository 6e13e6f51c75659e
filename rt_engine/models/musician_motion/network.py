"""The live network: three recurrent sub-networks from sound to bow, left hand and trunk.

Input, one row every 20 ms: `heard` (batch, time, 35) of `violin.Features`. Output: `motion`
(batch, time, 10), the columns of `rt_engine.violin.avatar_player.COLUMNS`, from three sub-networks:

    right   speed of the bow in m/s, probability that it turns now, string (0 G to 3 E), and how
            sure it sounds (0 to 1)
    left    way of the left wrist from its mean place, x, y and z in heights of C7, body frame
    torso   likewise of C7

Outputs speak of the row that came `DELAY` rows before the newest one. The right hand's streams have
no direction: which way a bow goes cannot be heard, and a network that must say it learns to say the
mean of both, which is to stand still. `rt_engine.violin.avatar_bow` takes the bow to and fro at the
turns. The sub-networks and their weights are MOSA's (Huang et al., section VI), with a recurrent
layer in place of transformers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rt_engine.models.musician_motion.material import HEARD

__all__ = ["DELAY", "INPUTS", "OUTPUTS", "PARTS", "UNIT", "LiveMusician", "Size"]

State = dict[str, Tensor]

INPUTS = {"heard": HEARD}
PARTS = {"right": 4, "left": 3, "torso": 3}
OUTPUTS = {"motion": sum(PARTS.values())}
DELAY = 4  # rows, 80 ms: whether a note began with a turn is heard in how it goes on
UNIT = {"right": (0.4, 1.0, 1.0, 1.0), "left": (0.05,) * 3, "torso": (0.02,) * 3}
DROPOUT = 0.2  # of what the sub-networks hear and say, in the training
MOST = 4.0  # standard deviations: the loudest click that is listened to


@dataclass(frozen=True)
class Size:
    """Channels: of what is heard, and of each sub-network."""

    heard: int = 96
    right: int = 160
    left: int = 96
    torso: int = 64


class LiveMusician(nn.Module):
    """The network of this module; `inputs`, `outputs`, `initial_state` as `export` wants them."""

    inputs = INPUTS
    outputs = OUTPUTS
    centre: Tensor
    spread: Tensor

    def __init__(self, size: Size | None = None) -> None:
        super().__init__()
        self.size = s = size or Size()
        widths = {"right": s.right, "left": s.left, "torso": s.torso}
        self.listen = nn.Linear(HEARD, s.heard)
        self.move = nn.ModuleDict(
            {part: nn.GRU(s.heard, n, batch_first=True) for part, n in widths.items()}
        )
        self.dense = nn.ModuleDict(
            {part: nn.Linear(n + s.heard, PARTS[part]) for part, n in widths.items()}
        )
        self.forget = nn.Dropout(DROPOUT)
        self.register_buffer("centre", torch.zeros(HEARD))
        self.register_buffer("spread", torch.ones(HEARD))

    def initial_state(self, batch: int = 1) -> State:
        """Zeros: nothing was heard."""
        sizes = {"right": self.size.right, "left": self.size.left, "torso": self.size.torso}
        return {part: torch.zeros(1, batch, n) for part, n in sizes.items()}

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        """See the module; state: of `initial_state`, or from the call before."""
        raw, after = self.raw(inputs["heard"], state)
        speed, turn, string, sounds = raw["right"].unbind(dim=-1)
        right = torch.stack(
            (
                nn.functional.softplus(speed) * UNIT["right"][0],
                torch.sigmoid(turn),
                string.clamp(0.0, 3.0),
                torch.sigmoid(sounds),
            ),
            dim=-1,
        )
        moved = [raw[part] * raw[part].new_tensor(UNIT[part]) for part in ("left", "torso")]
        return {"motion": torch.cat((right, *moved), dim=-1)}, after

    def raw(self, heard: Tensor, state: State) -> tuple[State, State]:
        """Outputs in units of the training: speeds before their softplus, and logits."""
        rows = ((heard - self.centre) / self.spread).clamp(-MOST, MOST)
        x = self.forget(nn.functional.silu(self.listen(rows)))
        made, after = {}, {}
        for part, layer in self.move.items():
            hidden, after[part] = layer(x, state[part])
            made[part] = self.dense[part](torch.cat((self.forget(hidden), x), dim=-1))
        return made, after
