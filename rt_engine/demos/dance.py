"""A drawn dancer who plays the drums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rt_engine.core import Packet
from rt_engine.demos.body import BodyDemo
from rt_engine.demos.show import FOUND, WINDOW, hits, speaker_missing
from rt_engine.doctor import midi_missing
from rt_engine.extras import require

__all__ = ["DanceDemo"]


class DanceDemo(BodyDemo):
    """A drawn person who dances to a beat that is known; it plays the drums."""

    bundled = "a drawn dancer at 100 BPM, filmed just now"

    def __init__(self) -> None:
        super().__init__()
        require("onnxruntime")
        self._start: int | None = None
        self._strokes: list[float] = []

    def missing(self) -> dict[str, str]:
        """Window, MIDI and sound where there are none; and no file is left behind."""
        found = {**super().missing(), "midi.Capture": "a demonstration writes no files"}
        if reason := midi_missing():
            found["midi.Notes"] = found["midi.Control"] = reason
        if reason := speaker_missing():
            found["synth."] = reason
        return found

    def material(self, folder: Path) -> dict[str, Any]:
        """The film, drawn into `folder`."""
        from rt_engine.video.dancing import dance

        dance(film := folder / "dance.mp4")
        return {"camera": str(film)}

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Strokes of the drums, in s from the first picture."""
        if packet is None:
            return
        if output == "images" and self._start is None:
            self._start = packet.t
        if (node, output) == ("drums", "notes") and self._start is not None:
            self._strokes.append((packet.t - self._start) * 1e-9)

    def verdict(self) -> str:
        """How many of the dancer's beats were struck, and how many strokes lie on its eighths."""
        from rt_engine.video.dancing import BEAT, beats

        if not self._strokes:
            return ""
        end = self._strokes[-1] + WINDOW
        true = [t for t in beats() if FOUND <= t <= end]
        strokes = [t for t in self._strokes if t >= FOUND - WINDOW]
        eighths = [t + half for t in beats() for half in (0.0, BEAT / 2)]
        on = sum(any(abs(t - e) <= WINDOW for e in eighths) for t in strokes)
        return (
            f"Against the dancer's beats after the first {FOUND:g} s, within "
            f"{WINDOW * 1e3:.0f} ms: {hits(strokes, true)} of {len(true)} beats struck, "
            f"{on} of {len(strokes)} strokes on the dancer's eighths."
        )
