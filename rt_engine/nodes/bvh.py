"""BVH files of bodies in motion, for Blender, Maya, MotionBuilder and every other program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Packet
from rt_engine.motion.people import Follower
from rt_engine.motion.quaternion import slerp
from rt_engine.protocols import bvh

__all__ = ["Write"]

UNITS = {"cm": 100.0, "m": 1.0}  # units a metre
LONGEST = SECOND // 2  # ns: a longer gap holds the last posture instead of moving through it


class Write(Node):
    """Writes one person's motion into a BVH file, resampled to a constant rate by time stamps.

    The file is complete up to the last second at any moment, even when the run is cut off. The
    skeleton has the person's size at the first frame.
    """

    threaded = True
    skeletons = Input(kinds.Skeletons)
    path: Annotated[str, Meta(min_length=1, description="the file, from the working folder")]
    rate: Annotated[float, Meta(gt=0, le=1000, description="frames a second of the file")] = 30.0
    units: Annotated[Literal["cm", "m"], Meta(description="unit of lengths in the file")] = "cm"
    fingers: Annotated[bool, Meta(description="55 joints, or 25 without the fingers'")] = True
    person: Annotated[int, Meta(ge=1, description="which of the people, counted from 1")] = 1
    overwrite: Annotated[bool, Meta(description="replace a file that is there")] = False

    def plan(self) -> None:
        path = Path(self.path)
        if path.exists() and not self.overwrite:
            raise ValueError(f"{self.path!r} is there; choose another path, or overwrite: true")
        if not path.absolute().parent.is_dir():
            raise ValueError(f"{self.path!r} cannot be written: there is no such folder")
        self._bones = bvh.order(self.fingers)

    def open(self) -> None:
        self._file = Path(self.path).open("w+b", buffering=0)  # noqa: SIM115 (closed in close)
        self.frames = 0  # on the disk
        self._scale = 0.0
        self._lines: list[str] = []
        self._follower = Follower(self.person)

    def reset(self) -> None:
        self._last: tuple[int, kinds.SkeletonPose] | None = None

    def on_skeletons(self, packet: Packet) -> None:
        pose = self._follower.choose(packet.data)
        if pose is None:
            return
        if not self._scale:
            self._begin(packet.t, pose.scale)
        before = self._last
        self._last = packet.t, pose
        period = SECOND / self.rate
        while (due := self._start + round(self._count() * period)) <= packet.t:
            self._lines.append(self._line(before or self._last, self._last, due))
        if len(self._lines) >= self.rate:
            self._flush()

    def close(self) -> None:
        if hasattr(self, "_file"):
            if not self._scale:
                self._begin(0, 1.0)  # nobody came: a skeleton without frames
            self._flush()
            self._file.close()

    def _count(self) -> int:
        return self.frames + len(self._lines)

    def _begin(self, t: int, scale: float) -> None:
        self._start, self._scale = t, scale
        text, self._place = bvh.header(self._bones, self.rate, UNITS[self.units] * scale)
        self._file.write(text.encode())

    def _line(
        self,
        before: tuple[int, kinds.SkeletonPose],
        after: tuple[int, kinds.SkeletonPose],
        due: int,
    ) -> str:
        """The posture at time `due`, between two that are known."""
        gap = after[0] - before[0]
        share = 1.0 if gap <= 0 else (due - before[0]) / gap
        if gap > LONGEST:
            share = float(due >= after[0])
        old, new = before[1], after[1]
        turned = slerp(np.asarray(old.rotations, float), np.asarray(new.rotations, float), share)
        root = old.root / old.scale * (1 - share) + new.root / new.scale * share
        return bvh.line(root * (self._scale * UNITS[self.units]), turned, self._bones)

    def _flush(self) -> None:
        """Frames first, then how many there are: a reader never misses a line that is counted."""
        if not self._lines:
            return
        self._file.seek(0, os.SEEK_END)
        self._file.write("".join(self._lines).encode())
        self.frames += len(self._lines)
        self._lines = []
        self._file.seek(self._place)
        self._file.write(f"{self.frames:>{bvh.COUNT_WIDTH}}".encode())
