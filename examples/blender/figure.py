"""A figure of capsules around an armature, and a picture of it."""

from __future__ import annotations

from math import radians
from pathlib import Path

import bmesh
import bpy
from mathutils import Matrix, Vector

# Radius in m of a capsule, by the end of a bone's name; longer names first.
RADII = {
    **{"Hips": 0.105, "Spine": 0.10, "UpperChest": 0.10, "Chest": 0.11, "Neck": 0.045},
    **{
        "Head": 0.095,
        "Eye": 0.015,
        "Shoulder": 0.05,
        "UpperArm": 0.045,
        "LowerArm": 0.036,
        "Hand": 0.03,
    },
    **{"UpperLeg": 0.072, "LowerLeg": 0.05, "Foot": 0.042, "Toes": 0.036},
}
FINGER = 0.010
HIDDEN = "Jaw"
COLOURS = {"Left": (0.05, 0.30, 0.75), "Right": (0.80, 0.22, 0.06), "": (0.75, 0.72, 0.68)}
EYES, FLOOR = (0.02, 0.02, 0.03), (0.10, 0.11, 0.12)
SAMPLES = 48
SIZE = (480, 600)


def dress(rig: bpy.types.Object) -> None:
    """A capsule for each bone: blue on the person's left, red on the right."""
    paints = {side: _paint(f"VMC {side or 'middle'}", c) for side, c in COLOURS.items()}
    eyes = _paint("VMC eyes", EYES)
    for bone in rig.data.bones:
        if bone.name.endswith(HIDDEN):
            continue
        side = next(side for side in COLOURS if bone.name.startswith(side))
        radius = next((r for end, r in RADII.items() if bone.name.endswith(end)), FINGER)
        mesh = _capsule(bone.name, bone.length, radius)
        mesh.materials.append(eyes if bone.name.endswith("Eye") else paints[side])
        limb = bpy.data.objects.new(bone.name, mesh)
        bpy.context.collection.objects.link(limb)
        limb.parent, limb.parent_type, limb.parent_bone = rig, "BONE", bone.name


def light(rig: bpy.types.Object) -> None:
    """A floor, a sun, and a camera before the figure as it stands now."""
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    low, high = _bounds(rig)
    middle, extent = (low + high) / 2, max((high - low).z, (high - low).x, 1.0)
    floor = bpy.data.objects.new("Floor", _plane(60.0))
    floor.location = (middle.x, middle.y, min(low.z, 0.0))
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.rotation_euler = (radians(50), radians(12), radians(-30))
    sun.data.energy, sun.data.angle = 3.0, radians(8)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    view = Vector((0.45, -1.0, 0.22)).normalized()
    camera.location = middle + view * extent * 2.1
    camera.rotation_euler = (-view).to_track_quat("-Z", "Y").to_euler()
    for thing in (floor, sun, camera):
        bpy.context.collection.objects.link(thing)
    scene.camera = camera
    scene.world = scene.world or bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.6, 0.7, 0.8, 1)


def render(path: Path) -> None:
    """A picture of the current frame: Cycles, on the processor, no display needed."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", SAMPLES
    scene.cycles.use_denoising = False  # not built in everywhere
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path.absolute())
    bpy.ops.render.render(write_still=True)


def _paint(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*colour, 1.0)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"].inputs
    shader["Base Color"].default_value, shader["Roughness"].default_value = (*colour, 1.0), 0.6
    return material


def _capsule(name: str, length: float, radius: float) -> bpy.types.Mesh:
    """A ball drawn out along a bone; its origin is the bone's tail, as for a bone's children."""
    shape = bmesh.new()
    bmesh.ops.create_uvsphere(shape, u_segments=24, v_segments=16, radius=radius)
    for vertex in shape.verts:
        x, y, z = vertex.co
        # Blender's balls have their poles on Z, its bones lie along Y.
        vertex.co = Vector((x, z - (length if z < 0 else 0.0), -y))
    for face in shape.faces:
        face.smooth = True
    mesh = bpy.data.meshes.new(name)
    shape.to_mesh(mesh)
    shape.free()
    return mesh


def _plane(size: float) -> bpy.types.Mesh:
    shape = bmesh.new()
    bmesh.ops.create_grid(shape, x_segments=1, y_segments=1, size=size, matrix=Matrix())
    mesh = bpy.data.meshes.new("Floor")
    shape.to_mesh(mesh)
    shape.free()
    mesh.materials.append(_paint("Floor", FLOOR))
    return mesh


def _bounds(rig: bpy.types.Object) -> tuple[Vector, Vector]:
    ends = [rig.matrix_world @ end for bone in rig.pose.bones for end in (bone.head, bone.tail)]
    low, high = (Vector(map(pick, zip(*ends, strict=True))) for pick in (min, max))
    return low, high
