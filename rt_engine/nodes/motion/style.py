"""Accents of a motion, and its style."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.motion.accents import AccentDetector
from rt_engine.motion.directogram import RATE, Directogram
from rt_engine.motion.people import chosen
from rt_engine.motion.picture import Places
from rt_engine.motion.style import DELAY, HOP, StyleStream
from rt_engine.nodes.motion.following import GAP, Person, send

__all__ = ["Style"]


class Style(Node):
    """Where a motion changes abruptly: accents at once, and the style stream of RhythmicNet.

    - `accents`: sudden stops and turns of hands, feet, head and hips, told with the picture that
      shows them; strength 0 to 1 against the strong ones of late. For instruments that answer now.
    - `style`: 1 where the paper's rule marks a transition, else 0, at 15 frames a second and
      0.5 s late: the highest bin of a 16-point FFT of the kinematic offsets, its top 10 % of the
      last 20 s.

    RhythmicNet (2021), section "Style Extraction"; see `rt_engine.motion.style` and `accents`.
    """

    poses = Input(kinds.Poses)
    accents = Output(kinds.Onsets)
    style = Output(kinds.Frames)
    person: Person = -1
    least: Annotated[
        float, Knob(gt=0, le=10, unit="m/s", description="a limb that was slower makes no accent")
    ] = 0.8
    sensitivity: Annotated[
        float, Knob(ge=0, le=1, description="1: every stop counts; 0: only the strongest")
    ] = 0.6

    def plan(self) -> None:
        self.style.format = kinds.Frames(RATE, 1, "style")

    def reset(self) -> None:
        self._followed, self._seen = -1, 0
        self._begin()

    def _begin(self) -> None:
        self._places, self._directions = Places(), Directogram()
        self._detector = AccentDetector(self.least, self.sensitivity)
        self._stream = StyleStream(RATE)

    def on_setting(self, name: str) -> None:
        self._detector.least, self._detector.sensitivity = self.least, self.sensitivity

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed or packet.t - self._seen > GAP:
            self._begin()
        self._followed, self._seen = pose.person, packet.t
        t, places = packet.t / SECOND, self._places.step(packet.t / SECOND, pose)
        if accent := self._detector.step(t, places, pose.visibility):
            self.accents.emit(round(accent.t * SECOND), kinds.Onset(accent.strength))
        for row in self._directions.step(t, places):
            if row.offset is not None:
                self._mark(row.offset, row.offset_t)

    def _mark(self, offset: float, t: float) -> None:
        """The style of the group of offsets that the one at `t` (s) completes."""
        mark = self._stream.step(offset)
        if mark is not None:
            for k in range(HOP):
                send(self.style, t - (DELAY - k) / RATE, np.array(float(mark)))
