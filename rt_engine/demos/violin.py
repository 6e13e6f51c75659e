"""A simulated violinist who practises: heard, seen, spoken to, and reported on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soundfile
from msgspec import Meta
from numpy.typing import NDArray

from rt_engine.core import SECOND, Graph, Output, Packet, Source
from rt_engine.demos.etude import SAMPLES, SHARP, Etude, etude
from rt_engine.demos.show import hits, speaker_missing
from rt_engine.extras import require
from rt_engine.kinds import Pose, Poses
from rt_engine.motion.landmarks import INDEXES, PINKIES, WRISTS
from rt_engine.video.cameras import list_cameras
from rt_engine.violin.posture import FIGURES, figures
from rt_engine.violin.report import Keeper, render, summarise, worst
from rt_engine.violin.simulation import landmarks33

__all__ = ["LATE", "Seen", "ViolinDemo"]

LATE = 0.08  # s that the simulated camera's times lie behind those of the sound
FPS = 30
JITTER = 0.004  # m, of the simulated detector
PAGE = Path("violin-demo.html")
CALIBRATED = 240  # poses that the good posture is taken from
TIRED = 0.6  # part of the etude after which the violin begins to sink
DROOP = 0.1  # m that it has sunk at the end
TURN = 0.1  # s within which a change of the bow counts as found


def _good(world: NDArray[np.float32], visibility: NDArray[np.float32]) -> dict[str, float]:
    """The figures of the posture in which the player begins."""
    found = [figures(places, visibility[0])[0] for places in world]
    middle = np.median(np.array(found), axis=0)
    return dict(zip(FIGURES, middle.tolist(), strict=True))


class Seen(Source):
    """Landmarks of a simulated player from a file, in place of a camera and a detector."""

    poses = Output(Poses)
    path: Annotated[str, Meta(description=".npz of world (n, 33, 3), visibility (n, 33), fps")]
    late: Annotated[float, Meta(ge=-0.3, le=0.3, description="s behind the sound")] = LATE

    def open(self) -> None:
        with np.load(self.path) as found:
            self._world, self._visibility = found["world"], found["visibility"]
            self._fps = float(found["fps"])

    def reset(self) -> None:
        self._start: int | None = None
        self._next = 0

    def read(self) -> bool:
        """One pose, once its time has come; False after the last."""
        if self._start is None:
            self._start = self.clock.now()
        if self._next >= len(self._world):
            return False
        t = self._start + round((self._next / self._fps + self.late) * SECOND)
        if not self.clock.wait_until(t):
            return False
        world, seen = self._world[self._next], self._visibility[self._next]
        picture = np.zeros((33, 3), np.float32)
        self.poses.emit(t, [Pose(0, picture, world, seen, 640, 480)])
        self._next += 1
        return True


class ViolinDemo:
    """A simulated player of an etude; where the bow turns, and how late its camera is, is known."""

    live, bundled = "microphone and camera", "a simulated violinist, heard and seen"

    def __init__(self) -> None:
        require("onnxruntime")
        self._etude: Etude | None = None
        self._keeper: Keeper | None = None
        self._start: int | None = None
        self._turns: list[float] = []
        self._offset = (0.0, 0.0)

    def missing(self) -> dict[str, str]:
        """The sound of the hints, where there is no loudspeaker; a camera, where there is none."""
        found = {}
        if self._etude:
            found["video.Camera"] = "the player is simulated"
        elif not list_cameras():
            found["video.Camera"] = "no camera here"
        if reason := speaker_missing():
            found["synth."] = reason
        return found

    def material(self, folder: Path) -> dict[str, Any]:
        """The etude's sound and the player's landmarks."""
        self._etude = made = etude()
        soundfile.write(folder / "etude.wav", made.sound, SAMPLES)
        world, visibility = landmarks33(made.motion)
        ticks = np.arange(0, made.motion.t[-1], 1 / FPS)
        nearest = np.searchsorted(made.motion.t, ticks)
        jitter = np.random.default_rng(1).normal(0, JITTER, (len(ticks), 33, 3))
        seen = (world[nearest] + jitter).astype(np.float32)
        good = _good(seen[:CALIBRATED], visibility)
        tired = np.clip(ticks / ticks[-1] - TIRED, 0, None) / (1 - TIRED)
        seen[:, [WRISTS[0], INDEXES[0], PINKIES[0]], 1] -= DROOP * tired[:, None]
        np.savez(folder / "seen.npz", world=seen, visibility=visibility[nearest], fps=FPS)
        here = f"{Seen.__module__}.{Seen.__name__}"
        return {
            "mic": str(folder / "etude.wav"),
            "pose": {"is": here, "path": str(folder / "seen.npz")},
            "posture.good": good,
            "show": {"is": "violin.Show", "in": {"cues": "coach.cues", "notes": "score"}},
        }

    def furnish(self, graph: Graph) -> None:
        """What the report needs."""
        self._keeper = Keeper(graph, "violin_practice")

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Changes of the bow in s from the start of the sound, and the offset of the camera."""
        if packet is None:
            return
        if self._keeper:
            self._keeper(node, output, packet)
        if output == "audio" and self._start is None:
            self._start = packet.t
        if output == "strokes" and self._start is not None:
            self._turns.append((packet.t - self._start) / SECOND)
        if (node, output) == ("sync", "offset"):
            self._offset = float(packet.data[0]), float(packet.data[1])

    def verdict(self) -> str:
        """What was found of what is known, and where the report lies."""
        if not (self._etude and self._keeper and self._turns):
            return ""
        end = self._turns[-1] + TURN
        true = [float(t) for t in self._etude.motion.turns if self._turns[0] - TURN <= t <= end]
        session = self._keeper.session("violin demo")
        summary = summarise(session)
        PAGE.write_text(render(session, summary, worst(session)), "utf-8")
        offset, sure = self._offset
        return (
            f"Against the simulated player: {hits(self._turns, true, TURN)} of {len(true)} changes "
            f"of the bow seen within {TURN * 1e3:.0f} ms ({len(self._turns)} in all); the camera "
            f"is {1e3 * offset:+.0f} ms late (it is {1e3 * LATE:+.0f}; confidence {sure:.2f}); "
            f"{summary.notes:.0f} notes heard, {len(session.cues)} hints, the middle part "
            f"{SHARP:.0f} cents sharp, the violin sinks by {1e2 * DROOP:.0f} cm.\nreport: {PAGE}"
        )
