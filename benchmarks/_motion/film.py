"""A film of a dancer: what the detector sees in it, and the beat of its sound."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rt_engine.core import SECOND, Packet, Replay
from rt_engine.graphfile import build, read
from rt_engine.models.motion_rhythm.figure import JOINTS
from rt_engine.models.motion_rhythm.picture import Seen
from rt_engine.motion.dance import keypoints

__all__ = ["beats_of_sound", "poses_of"]

Floats = NDArray[np.float64]
GRAPHS = Path(__file__).parents[2] / "graphs"


def poses_of(film: Path, kept: Path) -> Seen:
    """Keypoints of the one person of a film, by MediaPipe; `kept` saves doing it twice."""
    if not kept.is_file():
        nodes: dict[str, Any] = {
            "film": {"is": "video.File", "path": str(film)},
            "pose": {"is": "pose.MediaPipe", "in": "film"},
        }
        found: list[tuple[float, Floats, Floats]] = []

        def tap(node: str, port: str, packet: Packet | None) -> None:
            if (node, port) == ("pose", "poses") and packet is not None and packet.data:
                found.append((packet.t / SECOND, *keypoints(packet.data[0])))

        Replay(build({"name": "film", "nodes": nodes}, "film"), taps=[tap]).run()
        t, places, confidence = (np.array(column) for column in zip(*found, strict=True))
        np.savez(kept, t=t - t[0], places=places, confidence=confidence)
    with np.load(kept) as told:
        assert told["places"].shape[1:] == (JOINTS, 2)
        return Seen(told["t"], told["places"], told["confidence"])


def beats_of_sound(film: Path) -> Floats:
    """Beats (s) of the sound of a film, as graphs/beat.yaml hears them; needs ffmpeg."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        command = ["ffmpeg", "-v", "error", "-i", str(film), "-ac", "1", "-ar", "48000", str(sound)]
        subprocess.run(command, check=True)
        changes = {"mic": str(sound), "mic.rate": 0}
        spec = read(GRAPHS / "beat.yaml", changes)
        names = ("mic", "mel", "onset", "net", "beat")
        heard: list[float] = []
        start: list[int] = []

        def tap(node: str, port: str, packet: Packet | None) -> None:
            if packet is not None and node == "mic" and not start:
                start.append(packet.t)
            if packet is not None and (node, port) == ("beat", "beats"):
                heard.append((packet.t - start[0]) / SECOND)

        nodes = {name: spec["nodes"][name] for name in names}
        Replay(build({**spec, "nodes": nodes}, "beat"), taps=[tap]).run()
    return np.array(heard)
