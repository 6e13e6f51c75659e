"""Bodies on a stage, drawn."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Packet
from rt_engine.video.screens import open_screen
from rt_engine.video.stage import Holding, Stage

__all__ = ["View"]

LATE = SECOND // 10  # ns: what is later is not drawn any more

Side = Annotated[int, Meta(ge=16, le=4096)]


class View(Node):
    """A conductor or a violinist from the front, in a window, a film (.mp4, .avi) or numbered .png.

    Each picture is shown when its frame is due. Without a display nothing is shown.
    """

    threaded = True
    live_only = True
    skeletons = Input(kinds.Skeletons)
    ictus = Input(kinds.Beats, optional=True)
    path: Annotated[str, Meta(description="a file; empty: a window")] = ""
    size: Annotated[
        tuple[Side, Side], Meta(description="width and height of the picture in pixels")
    ] = (640, 480)
    rate: Annotated[float, Meta(gt=0, le=120, description="pictures a second at most")] = 25.0
    every: Annotated[float, Meta(gt=0, description="s from one numbered picture to the next")] = 5.0
    holding: Annotated[Holding, Meta(description="what the figure has in its hands")] = "baton"

    def open(self) -> None:
        self._screen = open_screen(self.path, self.rate, self.name, self.log)

    def reset(self) -> None:
        self._stage, self._next = Stage(*self.size, self.holding), 0
        self._least = 10**18  # ns: the smallest age of a skeleton so far
        self._strikes: list[Packet] = []
        self._caption = ""

    def on_ictus(self, packet: Packet) -> None:
        self._strikes = [*self._strikes[-3:], packet]
        beat = packet.data
        self._caption = f"{beat.position} of {beat.meter}   {beat.bpm:.0f} BPM"

    def on_skeletons(self, packet: Packet) -> None:
        period = SECOND / self.rate
        age = self.clock.now() - packet.t
        self._least = max(min(self._least, age), 0)
        late = age > self._least + LATE  # a body that is heard is old when it comes
        early = packet.t < self._next - period / 2
        if late or early or not self._screen.wants(packet.t, self.every):
            return
        self._next = max(self._next + round(period), packet.t)
        struck = max((p.t for p in self._strikes if p.t <= packet.t), default=-SECOND)
        pose = packet.data[0] if packet.data else None
        image = self._stage.draw(packet.t / SECOND, pose, struck / SECOND, self._caption)
        if self.clock.wait_until(packet.t):
            self._screen.show(packet.t, image)

    def close(self) -> None:
        if hasattr(self, "_screen"):
            self._screen.close()
