"""A drawn person in front of the detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rt_engine.core import Graph, Packet
from rt_engine.extras import require
from rt_engine.quiet import quiet

__all__ = ["BodyDemo"]


class BodyDemo:
    """A drawn person who stands, holds a T-pose, walks in place and waves."""

    live, bundled = "camera", "a drawn person, filmed just now"

    def __init__(self) -> None:
        with quiet():
            require("cv2")
            require("mediapipe")
        self._pictures = self._found = 0

    def missing(self) -> dict[str, str]:
        """The window, where there is no display."""
        from rt_engine.video.screens import has_display

        return {} if has_display() else {"video.View": "no display here"}

    def material(self, folder: Path) -> dict[str, Any]:
        """The film, drawn into `folder`."""
        from rt_engine.video.performance import perform

        perform(film := folder / "person.mp4")
        return {"camera": str(film)}

    def furnish(self, graph: Graph) -> None:
        """Nothing."""

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """How many pictures the detector saw, and in how many it found somebody."""
        if packet is not None and (node, output) == ("pose", "poses"):
            self._pictures += 1
            self._found += bool(packet.data)

    def verdict(self) -> str:
        """The share of pictures with a person."""
        if not self._pictures:
            return ""
        return f"The person was found in {self._found} of {self._pictures} pictures."
