"""Networks that were trained apart and answer as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from rt_engine.models.rhythm.network import Outputs, State, StreamingNet, sum_of


class Committee(StreamingNet):
    """The mean of what its members say, as logits; each member has its own memory.

    Members that learnt from other material err in other places: the mean keeps what each of them
    is sure of. Blending their weights into one network costs no time, and loses more of that.

    Source: Boeck, Krebs and Widmer 2016, "Joint beat and downbeat tracking with recurrent neural
    networks" (ISMIR): the activations of their published tracker are the mean of several networks'.
    """

    def __init__(self, members: Sequence[StreamingNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def initial_state(self, batch: int = 1) -> State:
        """Zeros; the names are those of the members, with `memberK_` before them."""
        return {
            _name(k, part): tensor
            for k, member in enumerate(cast(list[StreamingNet], self.members))
            for part, tensor in member.initial_state(batch).items()
        }

    def forward(
        self, mel: Tensor, motion: Tensor, video: Tensor, present: Tensor, state: State
    ) -> tuple[Outputs, State]:
        """See `StreamingNet`."""
        said: list[Outputs] = []
        after: State = {}
        for k, member in enumerate(cast(list[StreamingNet], self.members)):
            own = {part: state[_name(k, part)] for part in member.initial_state()}
            outputs, remembered = member(mel, motion, video, present, own)
            said.append(outputs)
            after |= {_name(k, part): tensor for part, tensor in remembered.items()}
        means = [sum_of(list(same)) / len(said) for same in zip(*said, strict=True)]
        return Outputs(*means), after


def _name(member: int, part: str) -> str:
    return f"member{member}_{part}"


def count_members(states: Sequence[str]) -> int:
    """How many members an exported model has by the names of its states; 0: it is no committee."""
    found = {re.match(r"state_(member\d+)_", name) for name in states}
    return len({match[1] for match in found if match})
