"""The bundled recording and its beats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rt_engine.assets import BEATS, RECORDING
from rt_engine.core import Graph, Packet
from rt_engine.demos.show import FOUND, WINDOW, add_speaker, hits
from rt_engine.doctor import midi_missing

__all__ = ["BeatDemo", "true_beats"]


class BeatDemo:
    """The bundled recording, heard through the speaker; its beats are known."""

    live, bundled = "microphone", "the bundled recording"

    def __init__(self) -> None:
        self._beats: list[tuple[float, int]] = []
        self._start: int | None = None

    def missing(self) -> dict[str, str]:
        """MIDI, on many machines."""
        reason = midi_missing()
        return {"midi.": reason} if reason else {}

    def material(self, folder: Path) -> dict[str, Any]:
        """The recording."""
        return {"mic": str(RECORDING)}

    def furnish(self, graph: Graph) -> None:
        """The speaker, where there is one."""
        add_speaker(graph)

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Beats, in s from the start of the sound, and their positions."""
        if packet is None:
            return
        if output == "audio" and self._start is None:
            self._start = packet.t
        if (node, output) == ("beat", "beats"):
            self._beats.append(((packet.t - (self._start or 0)) * 1e-9, packet.data.position))

    def verdict(self) -> str:
        """Beats and downbeats found, of the true ones."""
        if not self._beats:
            return ""
        end = self._beats[-1][0] + WINDOW
        true = [(t, position) for t, position in true_beats() if FOUND <= t <= end]
        found = [(t, position) for t, position in self._beats if t >= FOUND - WINDOW]
        all_hits = hits([t for t, _ in found], [t for t, _ in true])
        ones = [t for t, position in true if position == 1]
        one_hits = hits([t for t, position in found if position == 1], ones)
        return (
            f"Against the true beats after the first {FOUND:g} s, within {WINDOW * 1e3:.0f} ms: "
            f"{all_hits} of {len(true)} beats found ({len(found) - all_hits} others), "
            f"{one_hits} of {len(ones)} downbeats."
        )


def true_beats() -> list[tuple[float, int]]:
    """Times in s of the recording's beats, and their positions in the bar."""
    rows = [line.split() for line in BEATS.read_text().splitlines() if line[:1].isdigit()]
    return [(float(t), int(position)) for t, position in rows]
