"""The size of a person and the tilt of the camera, from two seconds of standing still.

MediaPipe's world landmarks have no scale of their own: they are those of an average person, so
all lengths are scaled to the height that the person says. Without it the height is estimated
from the proportions of the rest skeleton, and is then no better than MediaPipe's guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rt_engine.core import SECOND, Packet
from rt_engine.kinds import Pose
from rt_engine.motion.landmarks import ANKLES, ELBOWS, HIPS, KNEES, SHOULDERS, WRISTS
from rt_engine.motion.level import level
from rt_engine.motion.skeleton import HEIGHT, INDEX, OFFSETS

__all__ = ["Body", "calibrate_body", "load_body", "posture_fault", "save_body"]

Floats = npt.NDArray[np.float64]
Posture = Literal["T", "N"]

ANGLE = 25.0  # degrees an arm may be off its direction
BEND = 30.0  # degrees an elbow or a knee may be bent
STILL = 0.03  # m that a wrist may stray (standard deviation)
SEEN = 0.5  # visibility
GAP = 0.5  # s without a good picture that ends a stretch

# bone: landmarks at its ends (left, right), and the joint at its far end
_BONES = {
    "UpperLeg": (HIPS, KNEES, "LowerLeg"),
    "LowerLeg": (KNEES, ANKLES, "Foot"),
    "UpperArm": (SHOULDERS, ELBOWS, "LowerArm"),
    "LowerArm": (ELBOWS, WRISTS, "Hand"),
}
_COLLAR = float(OFFSETS[INDEX["LeftShoulder"], 0]) / HEIGHT  # from the middle, of the height
_HIPS = float(OFFSETS[0, 1]) / HEIGHT
_LEG = [INDEX[f"Left{joint}"] for joint in ("UpperLeg", "LowerLeg", "Foot")]
_ANKLES = _HIPS + float(OFFSETS[_LEG, 1].sum()) / HEIGHT  # above the floor


class Body(msgspec.Struct, frozen=True):
    """A person and how the camera sees the floor; plain values for `motion.Skeleton`.

    lengths: m by bone name, from its joint to the next (`rt_engine.motion.skeleton.offsets_of`);
    only bones that were seen. hips: m above the floor. pitch: degrees that the camera looks
    down; roll: degrees that upright things lean to the right in its picture.
    """

    height: Annotated[float, msgspec.Meta(gt=0)]  # m
    lengths: dict[str, float]
    hips: float
    pitch: float
    roll: float


class Still(NamedTuple):
    """The median of landmarks (33, 3) and visibility (33,) over a stretch, in m as detected."""

    points: Floats
    seen: npt.NDArray[np.bool_]


def calibrate_body(
    poses: Sequence[Packet], posture: Posture = "T", height: float = 0.0, seconds: float = 2.0
) -> Body:
    """Measure the person who stands in a T-pose (arms out) or N-pose (arms down).

    `poses`: packets of `Poses`, of more time than `seconds`: the stillest stretch of `seconds`
    counts. `height`: m, as the person says it; 0 estimates it. Raises ValueError that says what
    was wrong most of the time.
    """
    still = _stillest(poses, posture, seconds)
    up = _up(still)
    still = Still(still.points @ level(up).T, still.seen)
    measured = _lengths(still)
    named = sum(float(np.linalg.norm(_offset(bone))) for bone in measured)
    guess = HEIGHT * sum(measured.values()) / named
    tall, scale = height or guess, height / guess if height else 1.0
    lengths = {bone: length * scale for bone, length in measured.items()}
    lengths |= _collar(still.points, scale, tall)
    return Body(
        height=round(tall, 4),
        lengths={f"{s}{b}": round(lengths[b], 4) for b in lengths for s in ("Left", "Right")},
        hips=round(_hips_height(still, scale, tall), 4),
        pitch=round(float(np.degrees(np.arctan2(up[2], up[1]))), 2),
        roll=round(float(np.degrees(np.arctan2(up[0], up[1]))), 2),
    )


def save_body(body: Body, path: str | Path) -> None:
    """Write `body` as YAML."""
    Path(path).write_bytes(msgspec.yaml.encode(body))


def load_body(path: str | Path) -> Body:
    """Read what `save_body` wrote; ValueError when it is something else."""
    try:
        return msgspec.yaml.decode(Path(path).read_bytes(), type=Body)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: is no calibration of a body: {error}") from None


def posture_fault(pose: Pose, posture: Posture) -> str:
    """What is wrong with the posture; "" when it is a good T-pose or N-pose."""
    points, seen = np.asarray(pose.world, np.float64), pose.visibility >= SEEN
    if not seen[[*SHOULDERS, *ELBOWS, *WRISTS, *HIPS]].all():
        return "arms and trunk are not all in the picture"
    for side, sign in ((0, 1.0), (1, -1.0)):
        name = ("left", "right")[side]
        arm = points[WRISTS[side]] - points[SHOULDERS[side]]
        wanted = np.array([sign, 0.0, 0.0] if posture == "T" else [0.0, -1.0, 0.0])
        # depth is what a camera knows least, so directions are those in the picture
        if _angle(arm[:2], wanted[:2]) > ANGLE:
            return f"the {name} arm is not {'level' if posture == 'T' else 'hanging'}"
        for joints, part in (((SHOULDERS, ELBOWS, WRISTS), "arm"), ((HIPS, KNEES, ANKLES), "leg")):
            a, b, c = (points[j[side], :2] for j in joints)
            if seen[[j[side] for j in joints]].all() and _angle(b - a, c - b) > BEND:
                return f"the {name} {part} is bent"
    return ""


def _stillest(poses: Sequence[Packet], posture: Posture, seconds: float) -> Still:
    """The median over the stretch of `seconds` in which the wrists strayed least."""
    good, faults = _good(poses, posture)
    best: tuple[float, list[Pose]] | None = None
    times = np.array([t for t, _ in good]) / SECOND
    for start, t in enumerate(times):
        end = int(np.searchsorted(times, t + seconds, "right"))
        inside = times[start:end]
        whole = len(inside) > 2 and times[-1] - t >= seconds and np.diff(inside).max() < GAP
        if whole:
            stretch = [pose for _, pose in good[start:end]]
            wrists = np.array([pose.world[list(WRISTS)] for pose in stretch])
            stray = float(wrists.std(axis=0).max())
            best = min(best or (stray, stretch), (stray, stretch), key=lambda pair: pair[0])
    if best is None or best[0] > STILL:
        why = "the hands move too much" if best else faults.most_common(1)[0][0]
        raise ValueError(f"no {posture}-pose of {seconds:.3g} s was seen: mostly, {why}")
    points = np.median([pose.world for pose in best[1]], axis=0).astype(np.float64)
    return Still(points, np.median([p.visibility for p in best[1]], axis=0) >= SEEN)


def _good(poses: Sequence[Packet], posture: Posture) -> tuple[list[tuple[int, Pose]], Counter[str]]:
    """The pictures with one person in the posture, and why the others are not."""
    good: list[tuple[int, Pose]] = []
    faults = Counter({"it is too short": 0})
    for packet in poses:
        people: list[Pose] = packet.data
        fault = "nobody is seen" if not people else "several people are seen"
        if len(people) == 1 and not (fault := posture_fault(people[0], posture)):
            good.append((packet.t, people[0]))
        else:
            faults[fault] += 1
    return good, faults


def _up(still: Still) -> Floats:
    """The direction from the feet to the shoulders, or of the trunk where no feet are seen."""
    whole = still.seen[list(ANKLES)].all()
    below = still.points[list(ANKLES if whole else HIPS)].mean(axis=0)
    up: Floats = still.points[list(SHOULDERS)].mean(axis=0) - below
    up /= np.linalg.norm(up)
    return up


def _lengths(still: Still) -> dict[str, float]:
    """Lengths in m of the bones that are seen, left and right taken together."""
    found = {}
    for bone, (starts, ends, _) in _BONES.items():
        sides = [s for s in (0, 1) if still.seen[[starts[s], ends[s]]].all()]
        steps = [np.linalg.norm(still.points[ends[s]] - still.points[starts[s]]) for s in sides]
        if steps:
            found[bone] = float(np.mean(steps))
    return found


def _offset(bone: str) -> Floats:
    offset: Floats = OFFSETS[INDEX[f"Left{_BONES[bone][2]}"]]
    return offset


def _collar(points: Floats, scale: float, height: float) -> dict[str, float]:
    """The bone from the top of the breastbone to the shoulder joint."""
    width = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]])) * scale
    length = width / 2 - _COLLAR * height
    return {"Shoulder": length} if length > 0 else {}


def _hips_height(still: Still, scale: float, height: float) -> float:
    """The hips above the floor: over the ankles, or by proportion where these are not seen."""
    if not still.seen[list(ANKLES)].all():
        return _HIPS * height
    return _ANKLES * height - float(still.points[list(ANKLES), 1].mean()) * scale


def _angle(a: Floats, b: Floats) -> float:
    """Degrees between two directions."""
    cosine = float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
