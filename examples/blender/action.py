"""Keyframes from what was received, one for each frame of the scene."""

from __future__ import annotations

import bpy

Sample = tuple[float, list[float]]  # time in s, all values


def resample(samples: list[Sample], fps: float) -> list[list[float]]:
    """Values at 0, 1/fps, 2/fps, ... s after the first sample, straight lines between them."""
    start, found, i = samples[0][0], [], 0
    for k in range(int((samples[-1][0] - start) * fps + 1e-3) + 1):
        t = start + k / fps
        while i + 2 < len(samples) and samples[i + 1][0] < t:
            i += 1
        (t0, old), (t1, new) = samples[i], samples[min(i + 1, len(samples) - 1)]
        share = min(max((t - t0) / (t1 - t0), 0.0), 1.0) if t1 > t0 else 0.0
        found.append([a + (b - a) * share for a, b in zip(old, new, strict=True)])
    return found


def key(rig: bpy.types.Object, channels: list[tuple[str, int, str]], samples: list[Sample]) -> int:
    """Give `rig` an action with the samples, from the scene's first frame; its length."""
    scene = bpy.context.scene
    rows = resample(samples, scene.render.fps / scene.render.fps_base)
    action = bpy.data.actions.new(f"{rig.name} take")
    rig.animation_data_create().action = action
    column = 0
    for path, size, group in channels:
        for index in range(size):
            curve = action.fcurves.new(path, index=index, action_group=group)
            _fill(curve, scene.frame_start, [row[column] for row in rows])
            column += 1
    scene.frame_end = scene.frame_start + len(rows) - 1
    return len(rows)


def _fill(curve: bpy.types.FCurve, start: int, values: list[float]) -> None:
    curve.keyframe_points.add(len(values))
    points = [x for k, value in enumerate(values) for x in (start + k, value)]
    curve.keyframe_points.foreach_set("co", points)
    linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
    curve.keyframe_points.foreach_set("interpolation", [linear] * len(values))
    curve.update()
