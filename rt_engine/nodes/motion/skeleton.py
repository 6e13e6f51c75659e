"""Landmarks to a humanoid skeleton."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.calibration.body import load_body
from rt_engine.core import Input, Knob, Node, Output, Packet
from rt_engine.motion.level import level, levelled, upwards
from rt_engine.motion.retarget import Retargeter
from rt_engine.motion.skeleton import offsets_of
from rt_engine.nodes.motion.following import FORGET
from rt_engine.nodes.motion.measures import BodyFile, measured

__all__ = ["Skeleton"]

Tilt = Annotated[float, Meta(ge=-80, le=80)]


class Skeleton(Node):
    """Landmarks to the rotations of a humanoid's 55 bones, person by person.

    Bones keep their lengths and stay within the limits of joints; fingers move where hands are
    seen. What is not seen holds its posture and relaxes with the time constant `hold`.
    """

    poses = Input(kinds.Poses)
    skeletons = Output(kinds.Skeletons)
    body: BodyFile = ""
    height: Annotated[float, Meta(ge=0, le=3, description="m, of the person; 0: learnt")] = 0.0
    lengths: Annotated[
        dict[str, float], Meta(description="measured lengths of bones in m, by name")
    ] = {}
    tilt: Annotated[
        tuple[Tilt, Tilt],
        Meta(description="degrees that the camera looks down, and that upright things lean right"),
    ] = (0.0, 0.0)
    margin: Annotated[
        float, Meta(ge=0, le=180, description="degrees beyond the anatomical limits of joints")
    ] = 15.0
    hold: Annotated[
        float, Knob(gt=0, le=60, unit="s", description="how slowly what is not seen relaxes")
    ] = 2.0

    def plan(self) -> None:
        body = load_body(self.body) if self.body else None
        self._height, self._lengths = measured(body, self.height, self.lengths)
        tilt = (body.pitch, body.roll) if body and not any(self.tilt) else self.tilt
        self._turned = level(upwards(*tilt)) if any(tilt) else None
        offsets_of(self._height or 1.0, self._lengths)  # refuses names and lengths

    def reset(self) -> None:
        self._people: dict[int, tuple[Retargeter, int]] = {}

    def on_setting(self, name: str) -> None:
        for follower, _ in self._people.values():
            follower.posture.hold = self.hold

    def on_poses(self, packet: Packet) -> None:
        found = []
        for pose in packet.data:
            follower, _ = self._people.get(pose.person) or (self._follower(), 0)
            self._people[pose.person] = follower, packet.t
            upright = pose if self._turned is None else levelled(pose, self._turned)
            found.append(follower.step(upright, packet.t))
        self._people = {
            person: (follower, seen)
            for person, (follower, seen) in self._people.items()
            if packet.t - seen < FORGET
        }
        self.skeletons.emit(packet.t, found)

    def _follower(self) -> Retargeter:
        return Retargeter(self._height, self._lengths, self.hold, self.margin)
