"""What the drummer is measured on: beats of a drifting tempo, and a graph that plays to them."""

from __future__ import annotations

import math

import numpy as np

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, Input, Node, Output, Packet, Source
from rt_engine.nodes import drums

LEAD = 0.3  # s by which a beat is told ahead
TICK = 0.05  # s between two tempo packets
SWEEP = 120.0  # s from 60 to 180 BPM and back


class Sweep(Source):
    """Beats from `low` to `high` BPM and back in two minutes, tempo packets, accents at random.

    The period that is told with a beat is the last one: a tracker does not know the next.
    """

    beats = Output(kinds.Beats)
    tempo = Output(kinds.Tempo)
    accents = Output(kinds.Onsets)
    seconds: float = 60.0
    low: float = 60.0
    high: float = 180.0

    def reset(self) -> None:
        self.start, self.tick, self.number = self.clock.now(), 0, 0
        self.due, self.period = 1.0, 60 / self.low
        self.draw = np.random.default_rng(1)
        self.told: list[int] = []

    def read(self) -> bool:
        now = self.tick * TICK
        t = self.start + round(now * SECOND)
        if not self.clock.wait_until(t) or now > self.seconds:
            return False
        while self.due - now <= LEAD:
            self._beat()
        if self.draw.random() < 0.08:
            late = self.draw.uniform(0.05, 0.1)
            strength = float(self.draw.uniform(0.2, 1.0))
            self.accents.emit(t - round(late * SECOND), kinds.Onset(strength))
        bpm = 60 / self.period
        self.tempo.emit(t, kinds.TempoState(bpm, self.period, 0.9, 0.0, 0, 4, True))
        self.tick += 1
        return True

    def _beat(self) -> None:
        due = self.start + round(self.due * SECOND)
        place = self.number % 4 + 1
        beat = kinds.Beat(self.number, place, 4, 60 / self.period, self.period, 0.9)
        self.beats.emit(due, beat)
        self.told.append(due)
        share = 0.5 - 0.5 * math.cos(2 * math.pi * self.due / SWEEP)
        bpm = self.low + share * (self.high - self.low)
        self.number, self.period = self.number + 1, 60 / bpm
        self.due += self.period


class Desk(Node):
    """Hands bars on: what the model needs for each is charged here, since the writer itself also
    takes the beats and accents that no bar is written for.
    """

    threaded = True
    bars = Input(kinds.DrumBars)
    written = Output(kinds.DrumBars)

    def on_bars(self, packet: Packet) -> None:
        self.written.emit(packet.t, packet.data)


def band(
    seconds: float, write: str, bpm: tuple[float, float] = (60, 180), **settings: object
) -> Graph:
    """Beats from bpm[0] to bpm[1] and back, and the drummer with `write`: "bar" (the model, in a
    thread), "desk" (the same, through a `Desk`), "step" or "pattern".
    """
    graph = Graph("dance")
    graph.add("sweep", Sweep(seconds=seconds, low=bpm[0], high=bpm[1]))
    wires = {name: f"sweep.{name}" for name in ("beats", "tempo", "accents")}
    if write in ("bar", "desk"):
        graph.add("writer", drums.Writer(), {n: wires[n] for n in ("beats", "accents")})
        wires["written"] = "writer"
    if write == "desk":
        graph.add("desk", Desk(), "writer")
        wires["written"] = "desk"
    step = {"write": "step"} if write == "step" else {}
    graph.add("drums", drums.Drummer(**step, **settings), wires)
    return graph
