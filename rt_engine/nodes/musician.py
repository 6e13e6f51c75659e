"""Bodies of musicians that play what is heard."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.violin.avatar_player import COLUMNS, CONTENT, AvatarPlayer

__all__ = ["Violinist"]

GAP = 0.5  # s without a row, after which it is a new beginning


class Violinist(Node):
    """A violinist who plays what the model `musician_motion` hears.

    The bow turns where it is heard to turn; after a rest it begins downwards near the frog, for
    the direction itself cannot be heard. In silence it is taken off, and lowered after 3 s. `bow`
    has its place (0 frog to 1 tip), direction (1 down, -1 up), string (0 G to 3 E), height above
    the string in m, and how far the arm is lowered (0 to 1).
    """

    motion = Input(kinds.Frames)
    skeletons = Output(kinds.Skeletons)
    bow = Output(kinds.Frames)
    sway: Annotated[
        float, Knob(ge=0, le=4, description="how much the trunk moves by itself, 1 the usual")
    ] = 1.0
    seed: Annotated[int, Meta(ge=-1, description="of the sway; -1: that of the graph")] = -1

    def plan(self) -> None:
        found: kinds.Frames = self.motion.format
        if (found.size, found.content) != (len(COLUMNS), CONTENT):
            raise ValueError(
                f"'motion' gets {found.size} numbers of {found.content!r}; {len(COLUMNS)} of "
                f"{CONTENT!r} are needed: wire it to inference.Onnx with model musician_motion"
            )
        self._rate = found.rate or 50.0
        seed = self.seed if self.seed >= 0 else int(self.rng.integers(2**32))
        self._player = AvatarPlayer(np.random.default_rng(seed), self.sway)
        self.bow.format = kinds.Frames(self._rate, 5, "bow")

    def reset(self) -> None:
        self._player.reset()
        self._last = -(10**18)  # ns

    def on_setting(self, name: str) -> None:
        self._player.sway = self.sway

    def on_motion(self, packet: Packet) -> None:
        elapsed = (packet.t - self._last) / SECOND
        if not 0 < elapsed < GAP:
            elapsed = 1.0 / self._rate
        self._last = packet.t
        pose, place = self._player.step(packet.data, elapsed)
        self.skeletons.emit(packet.t, [pose])
        self.bow.emit(packet.t, np.array(place, np.float32))
