"""What a learned conductor is told."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from rt_engine import kinds
from rt_engine.conducting import controls
from rt_engine.conducting.conditions import Conditions as Known
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet

__all__ = ["Conditions"]


class Conditions(Node):
    """What a learned conductor is told with every frame of music: beats, dynamics, and noise.

    A frame of both outputs comes with each packet of `pace`, the music's own frames, and speaks of
    the moment `ahead` s later: as much as `conducting.Conductor` makes its frames ahead, and the
    renderer's latency on top. Put it above the model that it feeds.
    """

    beats = Input(kinds.Beats)
    next = Input(kinds.Beats, optional=True)
    pace = Input(kinds.Frames)
    expression = Input(kinds.Expressions, optional=True)
    controls = Output(kinds.Frames)
    noise = Output(kinds.Frames)
    ahead: Annotated[float, Knob(ge=0, le=1, unit="s", description="of the music")] = 0.1

    def plan(self) -> None:
        rate = self.pace.format.rate
        self.controls.format = kinds.Frames(rate, controls.SIZE, controls.CONTENT)
        self.noise.format = kinds.Frames(rate, controls.NOISE, controls.NOISE_CONTENT)
        self._seed = int(self.rng.integers(2**32))

    def reset(self) -> None:
        self._known = Known()
        self._noise = controls.Noise(np.random.default_rng(self._seed))
        self._begin: int | None = None

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        self._known.hear(packet.t / SECOND, beat.position, beat.meter, beat.period)

    def on_next(self, packet: Packet) -> None:
        self.on_beats(packet)

    def on_expression(self, packet: Packet) -> None:
        heard = packet.data
        if heard.dynamics >= 0 and heard.articulation >= 0:
            self._known.express(heard.level, heard.detached)

    def on_pace(self, packet: Packet) -> None:
        if self._begin is None:
            self._begin = packet.t
        self.controls.emit(packet.t, self._known.at(packet.t / SECOND + self.ahead))
        self.noise.emit(packet.t, self._noise.at(max(packet.t - self._begin, 0) / SECOND))
