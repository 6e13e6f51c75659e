"""Bars and strokes that came too late: in a replay with virtual costs, and live."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from _dance.band import band
from rt_engine.core import SECOND, Packet, Replay
from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.writing import HitsWriter, StepWriter


@dataclass
class Count:
    """bars: announced. missed: those of them that a pattern stood in for, or a fill over one, but
    for the first. strokes: given out, late: after they were due. least: s from the announcement
    of a bar to it.
    """

    bars: int = 0
    missed: int = 0
    strokes: int = 0
    late: int = 0
    least: float = np.inf


def replayed(seconds: float, write: str, cost: float) -> Count:
    """Every bar takes `cost` s, in virtual time; write: "desk" or "pattern"."""
    graph, count = band(seconds, write), Count()

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if node != "drums" or packet is None:
            return
        ahead = (packet.t - replay.clock.now()) / SECOND
        if output == "bars":
            count.bars += 1
            count.least = min(count.least, ahead) if count.bars > 1 else count.least
        else:
            count.strokes += 1
            count.late += ahead < 0

    replay = Replay(graph, taps=[tap], cost={"desk": cost} if write == "desk" else None)
    replay.run()
    count.missed = graph.nodes["drums"].late
    return count


def times(number: int = 60) -> dict[str, np.ndarray]:
    """Seconds of the processor that the writers need for a bar and for a step, one by one; what
    else runs on the machine counts in the live part.
    """
    rng, rhythm = np.random.default_rng(0), np.tile([1, 0, 0.6, 0], 4).astype(np.float32)
    bars, steps = HitsWriter(), StepWriter()
    past: Bar = empty()
    took: dict[str, list[float]] = {"bar": [], "step": []}
    for _ in range(number):
        start = time.process_time()
        past = bars.write(rhythm, past, 0.9, rng)
        took["bar"].append(time.process_time() - start)
        for at in range(16):
            start = time.process_time()
            steps.step(at, rhythm[at], rhythm[at], 0.5, 0.5, 0.8, rng)
            took["step"].append(time.process_time() - start)
    return {name: np.array(values) for name, values in took.items()}
