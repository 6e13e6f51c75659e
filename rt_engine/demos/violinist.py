"""A drawn violinist who plays the sound of an etude."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import soundfile

from rt_engine.core import SECOND, Graph, Packet
from rt_engine.demos.etude import SAMPLES, etude
from rt_engine.demos.show import add_speaker, hits
from rt_engine.extras import require
from rt_engine.quiet import quiet

__all__ = ["ViolinistDemo"]

TURN = 0.1  # s within which a change of the bow counts as found
FILM = Path("violinist.mp4")


class ViolinistDemo:
    """An etude of synthetic sound; the bow that made it is known, and is not shown to the model."""

    live, bundled = "microphone", "a synthetic etude"

    def __init__(self) -> None:
        require("onnxruntime")
        with quiet():
            require("cv2")
        self._true: list[float] = []
        self._turns: list[float] = []
        self._start: int | None = None
        self._direction = 0.0

    def missing(self) -> dict[str, str]:
        """Nothing: without a display the pictures go into a film."""
        return {}

    def material(self, folder: Path) -> dict[str, Any]:
        """The sound of the etude; where there is no display, a film of the violinist."""
        from rt_engine.video.screens import has_display

        made = etude()
        self._true = made.motion.turns.tolist()
        soundfile.write(folder / "etude.wav", made.sound, SAMPLES)
        if has_display():
            return {"mic": str(folder / "etude.wav")}
        print(f"no display here: the violinist is drawn into {FILM}")
        return {"mic": str(folder / "etude.wav"), "view.path": str(FILM)}

    def furnish(self, graph: Graph) -> None:
        """The speaker, where there is one."""
        add_speaker(graph)

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Turns of the bow, in s from the start of the sound."""
        if packet is None:
            return
        if output == "audio" and self._start is None:
            self._start = packet.t
        if (node, output) == ("body", "bow") and self._start is not None:
            direction = float(packet.data[1])
            if self._direction and direction != self._direction:
                self._turns.append((packet.t - self._start) / SECOND)
            self._direction = direction

    def verdict(self) -> str:
        """How many of the bow's turns were played."""
        if not self._turns:
            return ""
        first, last = self._turns[0] - TURN, self._turns[-1] + TURN
        true = [t for t in self._true if first <= t <= last]
        met = hits(self._turns, true, TURN)
        return (
            f"Against the bow that made the sound: {met} of {len(true)} turns played within "
            f"{TURN * 1e3:.0f} ms, {len(self._turns) - met} others."
        )
