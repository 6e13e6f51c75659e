"""A humanoid armature that follows VMC frames.

Unity is left-handed with Y up, and the avatar looks along +Z; Blender is right-handed with Z up,
and a figure looks along -Y. So a point (x, y, z) becomes (-x, -z, y). That is a reflection, which
turns the axis of a rotation the other way: a quaternion (x, y, z, w) becomes (x, z, -y, w).
"""

from __future__ import annotations

from itertools import pairwise

import bpy
from mathutils import Matrix, Quaternion, Vector
from vmc import NOWHERE, Frame, Transform

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
PHALANGES = ("Proximal", "Intermediate", "Distal")
SPINE = ("Hips", "Spine", "Chest", "UpperChest", "Neck", "Head")
LEG = ("Hips", "UpperLeg", "LowerLeg", "Foot", "Toes")
ARM = ("UpperChest", "Shoulder", "UpperArm", "LowerArm", "Hand")
LEAF = 0.6  # length of a bone without children, of its parent's
EYE = Vector((0, -0.015, 0))  # m; at rest the eyes look ahead


def _parents() -> dict[str, str]:
    chains = [SPINE, ("Head", "Jaw")]
    for side in ("Left", "Right"):
        limbs = [LEG, ARM, ("Head", "Eye")]
        limbs += [("Hand", *(finger + p for p in PHALANGES)) for finger in FINGERS]
        chains += [[b if b in SPINE else side + b for b in limb] for limb in limbs]
    return {child: parent for c in chains for parent, child in pairwise(c)}


PARENTS = _parents()  # of Unity's 55 bones, all but the hips
TOWARDS = {"Hips": "Spine", "UpperChest": "Neck"} | {
    side + "Hand": side + "MiddleProximal" for side in ("Left", "Right")
}  # where a bone with several children points; the head goes on as the neck


def place(transform: Transform) -> Vector:
    """A position in Blender's frame."""
    x, y, z = transform[:3]
    return Vector((-x, -z, y))


def turn(transform: Transform) -> Quaternion:
    """A rotation in Blender's frame."""
    x, y, z, w = transform[3:7]
    return Quaternion((w, x, z, -y)).normalized()


def parent_of(bone: str, known: object) -> str | None:
    """The nearest bone above that is among the `known`."""
    parent = PARENTS.get(bone)
    while parent is not None and parent not in known:
        parent = PARENTS.get(parent)
    return parent


def build(frame: Frame, name: str = "VMC") -> bpy.types.Object:
    """A new armature in T-pose, with bones where the positions in `frame` say.

    The feet stand on the floor. ValueError where positions are zero, so that bones would have
    no length.
    """
    bones = {"Hips": NOWHERE} | {b: t for b, t in frame.bones.items() if b in PARENTS}
    flat = [b for b in bones if b in PARENTS and place(bones[b]).length < 1e-5]
    if flat:
        raise ValueError(
            f"no rest positions come ({flat[0]}, ... are zero): set vmc.positions=rest"
        )
    heads = _heads(bones)
    rig = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    made = {bone: rig.data.edit_bones.new(bone) for bone in heads}
    for bone, edit in made.items():
        edit.parent = made.get(parent_of(bone, made))
        edit.head, edit.tail = heads[bone], _tail(bone, heads)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.show_in_front = True
    return rig


def _heads(bones: dict[str, Transform]) -> dict[str, Vector]:
    heads: dict[str, Vector] = {}
    for bone in ("Hips", *PARENTS):  # parents come first
        if bone in bones:
            start = heads.get(parent_of(bone, heads), Vector())
            # The hips travel; where they rest follows from the legs.
            heads[bone] = start + place(bones[bone]) if bone != "Hips" else start
    floor = min(head.z for head in heads.values())
    return {bone: head - Vector((0, 0, floor)) for bone, head in heads.items()}


def _tail(bone: str, heads: dict[str, Vector]) -> Vector:
    children = [child for child in heads if parent_of(child, heads) == bone]
    towards = TOWARDS.get(bone, children[0] if len(children) == 1 else None)
    if towards in heads:
        return heads[towards]
    if bone.endswith("Eye"):
        return heads[bone] + EYE
    parent = parent_of(bone, heads)
    along = heads[bone] - heads[parent] if parent else Vector((0, 0, 0.1))
    return heads[bone] + LEAF * along


class Puppet:
    """An armature whose rest pose is a T-pose, moved by VMC frames.

    `names` are the armature's names of Unity's bones; bones that it does not have hand their
    rotation on to their children. `height` is that of the performer's hips (m); hips of another
    height move in proportion.
    """

    def __init__(self, rig: bpy.types.Object, names: dict[str, str], height: float = 0.0) -> None:
        self.rig = rig
        self.bones = {b: rig.pose.bones[n] for b, n in names.items() if n in rig.pose.bones}
        if "Hips" not in self.bones:
            has = ", ".join(bone.name for bone in list(rig.pose.bones)[:8])
            raise ValueError(f"{rig.name!r} has no hips by this map; its bones: {has}, ...")
        self._base = rig.matrix_world.copy()
        rig.rotation_mode = "QUATERNION"
        self._rest = {}  # axes of each bone at rest, in the world
        for bone, posed in self.bones.items():
            posed.rotation_mode = "QUATERNION"
            self._rest[bone] = (self._base @ posed.bone.matrix_local).to_quaternion()
        self._hips = self._base @ self.bones["Hips"].bone.head_local
        self._size = self._hips.z / height if height else 1.0
        self._last: list[Quaternion] = []

    @property
    def channels(self) -> list[tuple[str, int, str]]:
        """Data path, number of values and group of everything that `values` lists, in order."""
        found = [("location", 3, "root"), ("rotation_quaternion", 4, "root")]
        hips = self.bones["Hips"]
        found.append((hips.path_from_id("location"), 3, hips.name))
        for posed in self.bones.values():
            found.append((posed.path_from_id("rotation_quaternion"), 4, posed.name))
        return found

    def values(self, frame: Frame) -> list[Vector | Quaternion]:
        """What `frame` makes of the channels; quaternions do not change sign on the way."""
        root = turn(frame.root).to_matrix().to_4x4()
        root.translation = place(frame.root) * self._size
        where, facing, _ = (root @ self._base).decompose()
        moved = Vector()
        if "Hips" in frame.bones:  # else they are cut, and stay
            moved = place(frame.bones["Hips"]) * self._size - self._hips
        scale = self._base.to_scale().z
        turns = [facing, *(self._local(bone, frame) for bone in self.bones)]
        for now, before in zip(turns, self._last, strict=False):
            now.make_compatible(before)
        self._last = turns
        return [where, turns[0], self._rest["Hips"].inverted() @ moved / scale, *turns[1:]]

    def apply(self, values: list[Vector | Quaternion]) -> None:
        """Pose the armature."""
        self.rig.location, self.rig.rotation_quaternion = values[:2]
        self.bones["Hips"].location = values[2]
        for posed, rotation in zip(self.bones.values(), values[3:], strict=True):
            posed.rotation_quaternion = rotation

    def _local(self, bone: str, frame: Frame) -> Quaternion:
        turned = turn(frame.bones.get(bone, NOWHERE))
        above = PARENTS.get(bone)
        while above is not None and above not in self.bones:
            turned = turn(frame.bones.get(above, NOWHERE)) @ turned
            above = PARENTS.get(above)
        rest = self._rest[bone]
        return rest.inverted() @ turned @ rest


def joints(rig: bpy.types.Object) -> dict[str, list[list[float]]]:
    """Head and tail of each bone as posed now, in the world."""
    bpy.context.view_layer.update()
    world: Matrix = rig.matrix_world
    return {b.name: [list(world @ b.head), list(world @ b.tail)] for b in rig.pose.bones}
