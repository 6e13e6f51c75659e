"""What the graph of expression makes of a sound file, or its functions of stored frames."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.core import SECOND, Packet, Replay
from rt_engine.graphfile import build, read
from rt_engine.inference.session import Device, Session
from rt_engine.nodes.rhythm import BeatTracker
from rt_engine.rhythm import (
    ActivationObservation,
    JointObservation,
    Observation,
    PlacedObservation,
    Settings,
    Tracker,
)
from rt_engine.rhythm.expression import Grader
from rt_engine.rhythm.phrases import PhraseFollower
from rt_engine.signal import MelOnset

GRAPH = Path(__file__).parents[2] / "graphs" / "expression.yaml"
FPS = 50
WIRING = ("is", "in")
PATH = ("mic", "mel", "onset", "net", "beat", "phrase", "play")  # nodes up to what is told

Array = NDArray[np.float64]


class Heard(NamedTuple):
    """What was told of one piece, times in s, and the processor seconds that it took.

    beats: (k, 3), due time, position in the bar, announce time. rows: the model's outputs
    (n, size) by name; grades: classes (n,) of dynamics and articulation; of stored frames only.
    """

    beats: Array
    at_once: Array
    confirmed: Array
    cpu: float
    rows: dict[str, Array] = {}
    grades: dict[str, Array] = {}


class Listener:
    """A tap that notes beats and phrases, relative to the first packet of the microphone."""

    def __init__(self) -> None:
        self.now: Any = None  # the clock of the runner
        self.start: int | None = None
        self.beats: list[tuple[float, float, float]] = []
        self.phrases: dict[bool, list[float]] = {False: [], True: []}

    def __call__(self, node: str, port: str, packet: Packet | None) -> None:
        if packet is None:
            return
        if self.start is None:
            self.start = packet.t
        t, here = ((x - self.start) / SECOND for x in (packet.t, self.now()))
        if (node, port) == ("beat", "beats"):
            self.beats.append((t, packet.data.position, max(here, t)))
        elif (node, port) == ("phrase", "phrases"):
            self.phrases[packet.data.confirmed].append(t)


def hear_file(path: Path, decibels: float = 0.0, model: str = "") -> Heard:
    """A sound file through the nodes of the graph, by the replay runner; reading included."""
    changes = {"mic": str(path), "mic.rate": 0, "mic.gain": decibels, "mic.block": 512}
    begin = time.process_time()
    spec = read(GRAPH, {**changes, **({"net.model": model} if model else {})})
    nodes = {name: spec["nodes"][name] for name in PATH}
    listener = Listener()
    replay = Replay(build({**spec, "nodes": nodes}, str(GRAPH)), taps=[listener])
    listener.now = replay.clock.now
    replay.run()
    beats = np.array(listener.beats, np.float64).reshape(-1, 3)
    phrases = [np.array(listener.phrases[late], np.float64) for late in (False, True)]
    return Heard(beats, *phrases, time.process_time() - begin)


class Frames:
    """The same functions on stored frames, with any of the model's streams."""

    def __init__(self, model: str = "") -> None:
        nodes = read(GRAPH)["nodes"]
        self.session = Session(model or nodes["net"]["model"], "cpu")
        told = BeatTracker.Settings(**{k: v for k, v in nodes["beat"].items() if k not in WIRING})
        self.settings = Settings(tuple(told.bpm), tuple(told.meters), threshold=told.threshold)

    def hear(self, streams: Mapping[str, Array], lost: tuple[float, float] = (0, 0)) -> Heard:
        """Frames (n, size) by name; all but "mel" are gone between the times of `lost` (s)."""
        begin = time.process_time()
        self.session.reset()
        accents = accents_of(streams, self.session.card.latency)
        tracker = Tracker(FPS, self._observation(accents is not None), self.settings)
        follower = PhraseFollower()
        graders = {"dynamics": Grader(FPS), "articulation": Grader(FPS)}
        rows: dict[str, list[Array]] = {port.name: [] for port in self.session.card.outputs}
        grades: dict[str, list[int]] = {name: [] for name in graders}
        beats, found = [], []
        for k in range(len(next(iter(streams.values())))):
            here = k / FPS
            t = here - self.session.card.latency
            frame = {
                name: values[k]
                for name, values in streams.items()
                if name == "mel" or not lost[0] <= here < lost[1]
            }
            outputs = self.session.step(frame)
            for name, value in outputs.items():
                rows[name].append(value)
            beside = [] if accents is None else [accents[k]]
            beside += [outputs["place"]] if "place" in outputs else []
            for beat in tracker.step(np.concatenate([outputs["beat"], *beside]), t).beats:
                beats.append((beat.due, beat.position, max(here, beat.due)))
                follower.beat(beat.due, beat.position, beat.meter)
            found += follower.step(float(outputs["phrase"][0]), t)
            for name, grader in graders.items():
                grades[name].append(grader.step(outputs[name]).index)
        return Heard(
            np.array(beats, np.float64).reshape(-1, 3),
            np.array([b.t for b in found if not b.confirmed]),
            np.array([b.t for b in found if b.confirmed]),
            time.process_time() - begin,
            {name: np.array(values) for name, values in rows.items()},
            {name: np.array(values) for name, values in grades.items()},
        )

    def _observation(self, accented: bool) -> Observation:
        """As the graph has it; older models do not tell the place in the bar."""
        heard = JointObservation(FPS) if accented else ActivationObservation(FPS)
        sizes = {port.name: port.size for port in self.session.card.outputs}
        return PlacedObservation(heard, sizes["place"]) if "place" in sizes else heard


def accents_of(streams: Mapping[str, Array], latency: float) -> Array | None:
    """Onset strength (n, 5) beside the outputs of a model, which are `latency` s late."""
    if "mel" not in streams:
        return None
    onset, late = MelOnset(), round(latency * FPS)
    rows = np.array([onset.step(row) for row in streams["mel"]], np.float64)
    return np.concatenate([np.full((late, rows.shape[1]), np.nan), rows])[: len(rows)]


def speed(device: Device, model: str = "", count: int = 2000) -> tuple[str, float, float]:
    """The provider that really runs the model, and ms a frame, median and 99th percentile."""
    session = Session(model or read(GRAPH)["nodes"]["net"]["model"], device)
    row = np.random.default_rng(0).random(session.card.inputs[0].size, np.float32)
    frame = {session.card.inputs[0].name: row}
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        session.step(frame)
        taken.append(time.perf_counter() - begin)
    p50, p99 = 1e3 * np.percentile(taken, (50, 99))
    return session.provider, float(p50), float(p99)
