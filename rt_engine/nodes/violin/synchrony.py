"""The camera's clock against the microphone's."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.motion.people import chosen
from rt_engine.violin.stroke import Bow as Path
from rt_engine.violin.synchrony import DEPTH, MEMORY, SURE, elbow
from rt_engine.violin.synchrony import Synchrony as Agreement

__all__ = ["Synchrony"]

EVERY = SECOND  # ns between two offsets
SLEW = 0.1  # s a second by which times that are shifted may move
WAITING = 3000  # packets of one side that wait for the other


class Shift:
    """Seconds by which times are shifted, on their way to a goal by `SLEW` a second at most."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._moved: int | None = None  # ns, when it was last moved

    def step(self, t: int, goal: float) -> int:
        """The shift at `t` ns, in ns."""
        most = SLEW * max(0, t - self._moved) / SECOND if self._moved is not None else 0.0
        self._moved = t
        self.seconds += min(max(goal - self.seconds, -most), most)
        return round(self.seconds * SECOND)


class Synchrony(Node):
    """How much later the pictures' times are than those of the sound, found while one plays.

    Where the hand turns in the picture the level of the sound dips, and where the elbow rises or
    falls to another string pitch and timbre change. `offset` has, once a second of both streams,
    the seconds that the poses lie late (-0.3 to 0.3) and the probability that this is right
    within 20 ms, as far as simulated players tell. `aligned` has the poses, and `sound` the
    features; with `apply` the times of one of them are shifted, while the offset is at least
    `sure`. No shift changes by more than 0.1 s a second: one that is applied no longer goes back
    so too. `frames` are those of violin.Features.
    """

    poses = Input(kinds.Poses)
    frames = Input(kinds.Frames)
    offset = Output(kinds.Frames)
    aligned = Output(kinds.Poses)
    sound = Output(kinds.Frames)
    apply: Annotated[
        Literal["nothing", "poses", "sound"], Knob(description="whose times are shifted")
    ] = "nothing"
    sure: Annotated[float, Knob(ge=0, le=1, description="confidence from which it is applied")] = (
        SURE
    )
    memory: Annotated[float, Meta(ge=10, le=300, description="s that are looked back")] = MEMORY

    def plan(self) -> None:
        if self.frames.format.size != 35:
            raise ValueError("frames: wire violin.Features, which has 35 numbers a frame")
        self.aligned.format, self.sound.format = self.poses.format, self.frames.format
        self.offset.format = kinds.Frames(size=2, content="camera after microphone, s; confidence")

    def reset(self) -> None:
        self._agreement = Agreement(self.memory)
        self._path, self._followed = Path(DEPTH), -1
        self._seen: deque[Packet] = deque(maxlen=WAITING)
        self._heard: deque[Packet] = deque(maxlen=WAITING)
        self._due: int | None = None  # ns, of the next offset
        self._goal = 0.0  # s
        self._shifts = {"poses": Shift(), "sound": Shift()}

    def on_poses(self, packet: Packet) -> None:
        self._seen.append(packet)
        self._work()
        self.aligned.emit(packet.t - self._shift(packet.t, "poses"), packet.data)

    def on_frames(self, packet: Packet) -> None:
        self._heard.append(packet)
        self._work()
        self.sound.emit(packet.t + self._shift(packet.t, "sound"), packet.data)

    def _work(self) -> None:
        """Take both streams in the order of their times, whichever came first."""
        while self._seen and self._heard:
            if self._seen[0].t <= self._heard[0].t:
                self._see(packet := self._seen.popleft())
            else:
                packet = self._heard.popleft()
                self._agreement.hear(packet.t / SECOND, packet.data)
            if self._due is None:
                self._due = packet.t + EVERY
            elif packet.t >= self._due:
                self._due = packet.t + EVERY
                self._tell(packet.t)

    def _see(self, packet: Packet) -> None:
        pose = chosen(packet.data, -1, self._followed)
        if pose is None:
            return
        if pose.person != self._followed:
            self._path, self._followed = Path(DEPTH), pose.person
        t = packet.t / SECOND
        self._agreement.see(t, self._path.step(t, pose.world)[0], elbow(pose.world))

    def _tell(self, t: int) -> None:
        found = self._agreement.estimate(t / SECOND)
        if found.confidence >= self.sure:
            self._goal = found.seconds
        self.offset.emit(t, np.array(found, np.float32))

    def _shift(self, t: int, whose: str) -> int:
        """The shift of one stream at `t` in ns, on its way to the offset, or back to none."""
        return self._shifts[whose].step(t, self._goal if self.apply == whose else 0.0)
