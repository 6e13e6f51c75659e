"""The four networks that MOSA compares (Huang et al., section VI-A), as transformers of a clip.

Sound passes a convolution, learnt places and three encoder blocks; each motion sub-network is three
more blocks and a dense layer. A single network makes the whole skeleton; a compound one has three
sub-networks, for right hand, left hand and torso, and makes only the joints at the ends, from which
`inverse` finds the others. Width 80 and 320 hidden units are not told, but follow from table VII:
two more sub-networks have 467,040 parameters, which is twice three such blocks.

Clips are 8 s at 25 Hz here, two frames to a token, for a training of minutes on one core; the
paper's are 16 s at 40 Hz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rt_engine.models.musician_motion import losses
from rt_engine.models.musician_motion.material import HEARD, INDEX, RATE

__all__ = ["COMPONENTS", "FRAMES", "METHODS", "STEP", "Method", "Musician"]

STEP = 2  # rows of the features for one frame of motion
FRAMES = 8 * RATE // STEP  # of a clip
PAIR = 2  # frames that a token makes
TOKENS = FRAMES // PAIR
WIDTH, HEADS, HIDDEN, BLOCKS = 80, 4, 320, 3
INPUTS = HEARD + 1  # features, and the direction of the bow
UNIT = 0.05  # of the height of C7: ways of joints are told in it, so that they are about 1

# Joints of each component; of the torso the paper has the head, for which C7 stands here.
COMPONENTS = {"right": ("RMWR",), "left": ("LMWR",), "torso": ("C7",)}


@dataclass(frozen=True)
class Method:
    """A column of the ablation. parts: numbers that each sub-network makes, by its name."""

    name: str
    parts: Mapping[str, int]
    several: bool  # losses: the compound one, or MSE alone

    @property
    def compound(self) -> bool:
        """Whether there are sub-networks, and joints left to inverse kinematics."""
        return len(self.parts) > 1

    def columns(self) -> dict[str, list[int]]:
        """Columns of the motion (n, 39) that each part makes."""
        if not self.compound:
            return {"body": list(range(3 * len(INDEX)))}
        return {
            part: [3 * INDEX[joint] + k for joint in joints for k in range(3)]
            for part, joints in COMPONENTS.items()
        }

    def loss(self, made: Mapping[str, Tensor], real: Mapping[str, Tensor]) -> Tensor:
        """What is made lower; motions (batch, frames, numbers) by part."""
        one = losses.compound if self.several else losses.mse
        found = {part: one(x, real[part]) for part, x in made.items()}
        if not self.compound:
            return found["body"]
        return losses.weighted(found) if self.several else sum(found.values(), torch.zeros(()))


_WHOLE = {"body": 3 * len(INDEX)}
_PARTS = {part: 3 * len(joints) for part, joints in COMPONENTS.items()}
METHODS = {
    method.name: method
    for method in (
        Method("snsl", _WHOLE, several=False),
        Method("sncl", _WHOLE, several=True),
        Method("cnsl", _PARTS, several=False),
        Method("full", _PARTS, several=True),
    )
}


class Musician(nn.Module):
    """From sound (batch, 2 x frames, 36) to the motion of each part (batch, frames, numbers)."""

    centre: Tensor
    spread: Tensor

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method
        self.embed = nn.Conv1d(INPUTS, WIDTH, 7, stride=STEP * PAIR, padding=3)
        self.places = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))
        self.listen = _blocks()
        self.move = nn.ModuleDict({part: _blocks() for part in method.parts})
        self.dense = nn.ModuleDict(
            {part: nn.Linear(WIDTH, PAIR * n) for part, n in method.parts.items()}
        )
        self.register_buffer("centre", torch.zeros(INPUTS))
        self.register_buffer("spread", torch.ones(INPUTS))

    def forward(self, heard: Tensor) -> dict[str, Tensor]:
        """See the class; ways of joints in `UNIT`."""
        rows = ((heard - self.centre) / self.spread).transpose(1, 2)
        x = self.embed(rows).transpose(1, 2)
        x = self.listen(x + self.places[: x.shape[1]])
        made = {part: self.dense[part](blocks(x)) for part, blocks in self.move.items()}
        return {part: two.unflatten(-1, (PAIR, -1)).flatten(1, 2) for part, two in made.items()}


def _blocks() -> nn.TransformerEncoder:
    # Norms come first, which learns at the paper's rate without a long warm-up.
    block = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.1, batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(block, BLOCKS, enable_nested_tensor=False)
