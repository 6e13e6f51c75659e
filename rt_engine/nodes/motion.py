"""Bodies in motion: from landmarks to a humanoid skeleton."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.calibration.body import Body, load_body
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, action
from rt_engine.motion import joint_velocity
from rt_engine.motion.directogram import BINS, RATE, Directogram
from rt_engine.motion.ground import Grounder
from rt_engine.motion.kinematics import Difference, IctusDetector, quantity_of_motion
from rt_engine.motion.landmarks import WRISTS
from rt_engine.motion.level import level, levelled, upwards
from rt_engine.motion.people import chosen
from rt_engine.motion.picture import Places
from rt_engine.motion.quaternion import Floats
from rt_engine.motion.retarget import Retargeter
from rt_engine.motion.skeleton import HEIGHT, offsets_of

__all__ = ["Features", "Ground", "JointVelocity", "Skeleton"]

BodyFile = Annotated[
    str, Meta(description="file of 'rt-engine calibrate body'; gives height, lengths and tilt")
]

Tilt = Annotated[float, Meta(ge=-80, le=80)]
Person = Annotated[int, Knob(ge=-1, description="whom to follow; -1: the first in sight")]

GAP = SECOND // 2  # ns out of sight after which nothing is derived from before
FORGET = 5 * SECOND  # ns out of sight after which a person is forgotten


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
        self._height, self._lengths = _measured(body, self.height, self.lengths)
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


class Ground(Node):
    """Feet that stay where they stand, hips that follow from them, and jumps that stay jumps.

    A foot on the floor is held in place; the way of the hips through the world follows from it.
    Landmarks are centred on the hips, so a jump shows only in the picture: wire `poses`, the
    same that the skeletons come from, and the height of the hips is taken from there. Without
    it the root of the skeletons says how high they are, and from landmarks alone one foot is
    always on the floor. The camera is taken to look level.
    """

    skeletons = Input(kinds.Skeletons)
    poses = Input(kinds.Poses, optional=True)
    grounded = Output(kinds.Skeletons)
    body: BodyFile = ""
    height: Annotated[float, Meta(ge=0, le=3, description="m, as of Skeleton; 0: learnt")] = 0.0
    lengths: Annotated[dict[str, float], Meta(description="m, by bone, as of Skeleton")] = {}

    def plan(self) -> None:
        body = load_body(self.body) if self.body else None
        measured, lengths = _measured(body, self.height, self.lengths)
        height = measured or HEIGHT
        self._bones = offsets_of(height, lengths) * (HEIGHT / height)
        self.grounded.format = self.skeletons.format

    def reset(self) -> None:
        self._people: dict[int, tuple[Grounder, int]] = {}
        self._hips: dict[int, tuple[Places, int, float | None]] = {}
        self._pictured = 0  # ns, of the newest poses
        self._waiting: Packet | None = None  # skeletons whose poses are still to come

    def on_poses(self, packet: Packet) -> None:
        for pose in packet.data:
            hips, _, _ = self._hips.get(pose.person) or (Places(), 0, None)
            self._hips[pose.person] = hips, packet.t, float(hips.hips(packet.t / SECOND, pose)[1])
        self._hips = {n: found for n, found in self._hips.items() if packet.t - found[1] < FORGET}
        self._pictured = packet.t
        if self._waiting is not None and self._waiting.t <= packet.t:
            self._emit(self._waiting)

    def on_skeletons(self, packet: Packet) -> None:
        if self._waiting is not None:
            self._emit(self._waiting)
        if "poses" in self.formats and self._pictured < packet.t:
            self._waiting = packet
        else:
            self._emit(packet)

    def _emit(self, packet: Packet) -> None:
        self._waiting = None
        found = []
        for pose in packet.data:
            grounder, _ = self._people.get(pose.person) or (Grounder(self._bones), 0)
            self._people[pose.person] = grounder, packet.t
            height = self._hips[pose.person][2] if pose.person in self._hips else None
            found.append(grounder.step(packet.t / SECOND, pose, height))
        self._people = {n: who for n, who in self._people.items() if packet.t - who[1] < FORGET}
        self.grounded.emit(packet.t, found)

    @action
    def recentre(self, t: int) -> None:
        """Put everybody back to the middle of the floor."""
        for grounder, _ in self._people.values():
            grounder.recentre()


class Features(Node):
    """What a body does, in numbers for music: how fast, how much, which way, and the ictus.

    Places are those of the landmarks in metres, with the way of the hips across the picture.
    Every frame has the time of the middle of what it is taken from:

    - `velocity` (m/s) and `acceleration` (m/s^2): 33 landmarks, x, y, z of each in turn
    - `motion`: quantity of motion, the mean speed of 17 keypoints in m/s
    - `directogram`: 12 sums of speed in m/s by direction in the picture plane; the first is
      to the person's left, the fourth up
    - `offset`: the kinematic offset in m/s^2, the mean growth of the directogram
    - `left`, `right`: lowest points of the strokes of a hand, candidates for an ictus, whose
      strength is the change of speed in m/s; they are known 40 ms or so after their time

    RhythmicNet (2021), section "Style Extraction"; directogram and offset at `fps`.
    """

    poses = Input(kinds.Poses)
    velocity = Output(kinds.Frames)
    acceleration = Output(kinds.Frames)
    motion = Output(kinds.Frames)
    directogram = Output(kinds.Frames)
    offset = Output(kinds.Frames)
    left = Output(kinds.Onsets)
    right = Output(kinds.Onsets)
    person: Person = -1
    fps: Annotated[float, Meta(gt=0, le=120, description="directograms a second")] = RATE
    depth: Annotated[float, Knob(ge=0, le=1, unit="m", description="least fall of an ictus")] = 0.03
    turn: Annotated[
        float, Knob(ge=0, le=20, unit="m/s", description="least change of speed of an ictus")
    ] = 0.4

    def plan(self) -> None:
        self.velocity.format = kinds.Frames(size=99, content="velocity, m/s")
        self.acceleration.format = kinds.Frames(size=99, content="acceleration, m/s^2")
        self.motion.format = kinds.Frames(size=1, content="quantity of motion, m/s")
        self.directogram.format = kinds.Frames(self.fps, BINS, "directogram, m/s")
        self.offset.format = kinds.Frames(self.fps, 1, "kinematic offset, m/s^2")

    def reset(self) -> None:
        self._followed, self._seen = -1, 0
        self._begin()

    def _begin(self) -> None:
        self._places, self._speed, self._change = Places(), Difference(), Difference()
        self._directions = Directogram(self.fps)
        self._hands = [IctusDetector(self.depth, self.turn) for _ in WRISTS]

    def on_setting(self, name: str) -> None:
        for hand in self._hands:
            hand.depth, hand.turn = self.depth, self.turn

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed or packet.t - self._seen > GAP:
            self._begin()
        self._followed, self._seen = pose.person, packet.t
        t = packet.t / SECOND
        self._derive(t, self._places.step(t, pose))

    def _derive(self, t: float, places: Floats) -> None:
        if velocity := self._speed.step(t, places):
            _send(self.velocity, velocity[0], velocity[1])
            _send(self.motion, velocity[0], quantity_of_motion(velocity[1]))
            if acceleration := self._change.step(*velocity):
                _send(self.acceleration, *acceleration)
        for row in self._directions.step(t, places):
            _send(self.directogram, row.t, row.directions)
            if row.offset is not None:
                _send(self.offset, row.offset_t, np.array(row.offset))
        for output, hand, wrist in zip((self.left, self.right), self._hands, WRISTS, strict=True):
            if ictus := hand.step(t, float(places[wrist, 1])):
                output.emit(round(ictus.t * SECOND), kinds.Onset(ictus.strength))


class JointVelocity(Node):
    """How the upper body moves, as a network that hears music in motion wants it.

    Velocities of 13 joints (nose, ears, shoulders, elbows, wrists, knuckles of index and little
    finger; of each pair the left one first) along x, y, z, fifty times a second, each joint over
    its quickest of late: 0.5 is rest, 0 and 1 are full speed. A frame comes 20 ms and up to a
    picture after its time; none while nobody is seen. Wire the detector's own poses: models are
    trained on its noise.

    MOSA (2024), section IV A 2, made causal; see `rt_engine.motion.joint_velocity`.
    """

    poses = Input(kinds.Poses)
    velocity = Output(kinds.Frames)
    person: Person = -1

    def plan(self) -> None:
        size, rate = joint_velocity.SIZE, joint_velocity.FPS
        self.velocity.format = kinds.Frames(rate, size, "joint velocity")

    def reset(self) -> None:
        self._followed, self._stream = -1, joint_velocity.JointVelocity()

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed:
            self._followed, self._stream = pose.person, joint_velocity.JointVelocity()
        rows = self._stream.step(packet.t / SECOND, pose.world, pose.visibility)
        for t, row in zip(rows.times.tolist(), rows.values, strict=True):
            self.velocity.emit(round(t * SECOND), row)


def _measured(
    body: Body | None, height: float, lengths: dict[str, float]
) -> tuple[float, dict[str, float]]:
    """Height and lengths of a calibrated body, if one is given; those said beside it win."""
    if body is None:
        return height, lengths
    return height or body.height, body.lengths | lengths


def _send(output: Output, t: float, values: Floats) -> None:
    output.emit(round(t * SECOND), values.astype(np.float32).reshape(-1))
