"""A drawn conductor of the bundled recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rt_engine.core import Packet
from rt_engine.demos.beat import BeatDemo, true_beats
from rt_engine.demos.show import FOUND
from rt_engine.extras import require
from rt_engine.motion.kinematics import IctusDetector
from rt_engine.motion.skeleton import INDEX, forward
from rt_engine.quiet import quiet

__all__ = ["ConductorDemo"]


class ConductorDemo(BeatDemo):
    """The bundled recording, conducted; where its strokes fall is seen from the motion alone."""

    def __init__(self) -> None:
        super().__init__()
        require("onnxruntime")
        with quiet():
            require("cv2")
        self._hand = IctusDetector(depth=0.005, turn=0.05)
        self._struck: list[float] = []

    def missing(self) -> dict[str, str]:
        """Nothing: without a display the pictures go into a folder."""
        return {}

    def material(self, folder: Path) -> dict[str, Any]:
        """The recording; where there is no display, a film of the conductor."""
        from rt_engine.video.screens import has_display

        if has_display():
            return super().material(folder)
        film = Path("conductor.mp4")
        print(f"no display here: the conductor is drawn into {film}")
        return {**super().material(folder), "view.path": str(film)}

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Lowest points of the right wrist, in s from the start of the sound."""
        super().note(node, output, packet)
        if packet is None or output != "skeletons" or self._start is None:
            return
        pose = packet.data[0]
        height = forward(pose.rotations, pose.root)[INDEX["RightHand"], 1]
        if ictus := self._hand.step((packet.t - self._start) * 1e-9, float(height)):
            self._struck.append(ictus.t)

    def verdict(self) -> str:
        """How far from the true beats the hand struck."""
        if not self._struck:
            return ""
        true = [t for t, _ in true_beats() if FOUND <= t <= self._struck[-1]]
        away = sorted(min(abs(t - s) for s in self._struck) * 1e3 for t in true)
        if not away:
            return super().verdict()
        near = sum(ms <= 60 for ms in away)
        return (
            f"{super().verdict()}\nThe hand struck {away[len(away) // 2]:.0f} ms from the true "
            f"beats (median), {near} of {len(away)} within 60 ms, seen from its motion."
        )
