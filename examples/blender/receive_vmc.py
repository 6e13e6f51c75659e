"""Moves and records an armature in Blender by VMC over UDP; no add-on is needed.

    blender -b -noaudio -P receive_vmc.py -- --seconds 20 --save take.blend --render still.png
    blender scene.blend -P receive_vmc.py -- --armature Rig --map mixamo.json

Without a display it records until the time is over; with one, until Esc.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parent))

import action
import figure
from armature import PARENTS, Puppet, build, joints, place
from vmc import Frame, Listener


def options() -> argparse.Namespace:
    """What stands behind "--" on the command line."""
    parser = argparse.ArgumentParser(prog="receive_vmc.py", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=39539)
    parser.add_argument("--seconds", type=float, default=0, help="of the take; 0: until Esc")
    parser.add_argument("--wait", type=float, default=60, help="s for the first frame, without UI")
    parser.add_argument(
        "--idle", type=float, default=3, help="s of silence that end it, without UI"
    )
    parser.add_argument("--fps", type=int, default=0, help="0: the scene's")
    parser.add_argument("--armature", help="one of the scene, instead of a new one")
    parser.add_argument("--map", type=Path, help="JSON: Unity's bone names to the armature's")
    parser.add_argument("--save", type=Path, help=".blend file to write")
    parser.add_argument(
        "--render", type=Path, help="PNG of one frame; with --armature, by the scene's camera"
    )
    parser.add_argument("--frame", type=int, help="which; the middle of the take without it")
    parser.add_argument("--export", type=Path, help="JSON: head and tail of all bones by frame")
    return parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])


class Take:
    """Receives, moves the armature and remembers, until `over`; then `finish` keys and saves."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.listener = Listener(given.host, given.port)
        self.puppet: Puppet | None = None
        self.samples: list[action.Sample] = []
        self.exported: list[dict] = []
        self.shift = 0.0
        self.began = self.last = time.monotonic()
        if given.fps:
            bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = given.fps, 1.0
        if given.armature and given.armature not in bpy.data.objects:
            raise ValueError(f"the scene has no armature {given.armature!r}")
        print(f"listening on {given.host}:{given.port}", flush=True)

    def step(self, wait: float = 0.0) -> None:
        """Take in what has arrived; the armature shows the newest."""
        values = None
        for frame in self.listener.frames(wait):
            if self.puppet is None:
                self._begin(frame)
            self.last = time.monotonic()
            values = self.puppet.values(frame)
            self.samples.append((self._time(frame), [x for value in values for x in value]))
            if self.given.export:
                self.puppet.apply(values)
                self.exported.append({"time": frame.time, "bones": joints(self.puppet.rig)})
        if values:
            self.puppet.apply(values)

    def over(self, alone: bool) -> bool:
        """Whether the take has its length, or, when nobody watches, nothing comes any more."""
        now, given = time.monotonic(), self.given
        if self.puppet and given.seconds and now - self.began > given.seconds:
            return True
        return alone and now - self.last > (given.idle if self.puppet else given.wait)

    def finish(self) -> None:
        """Key, print, export, save, render."""
        self.listener.close()
        if self.puppet is None:
            print(f"nothing came ({self.listener.datagrams} datagrams without a frame)", flush=True)
            return
        rig, given, scene = self.puppet.rig, self.given, bpy.context.scene
        keyed = action.key(rig, self.puppet.channels, self.samples)
        print(f"{self.said()}; {keyed} frames keyed", flush=True)
        if given.export:
            given.export.write_text(json.dumps(self.exported))
        scene.frame_set(given.frame or (scene.frame_start + scene.frame_end) // 2)
        if given.render and not given.armature:
            figure.light(rig)
        if given.save:
            bpy.ops.wm.save_as_mainfile(filepath=str(given.save.absolute()))
        if given.render:
            figure.render(given.render)

    def said(self) -> str:
        """What came so far, in words."""
        seconds = self.samples[-1][0] - self.samples[0][0]
        rate = (len(self.samples) - 1) / seconds if seconds > 0 else 0
        heard = self.listener
        return (
            f"{len(self.samples)} frames in {seconds:.1f} s ({rate:.1f} a second), "
            f"{len(self.puppet.bones)} bones moved, {heard.datagrams} datagrams, "
            f"{heard.malformed} unreadable"
        )

    def _time(self, frame: Frame) -> float:
        """The performer's time, which goes on where it was when the performer starts again."""
        newest = self.samples[-1][0] if self.samples else frame.time
        self.shift = max(self.shift, newest - frame.time)
        return frame.time + self.shift

    def _begin(self, frame: Frame) -> None:
        given = self.given
        names = {bone: bone for bone in ("Hips", *PARENTS)}
        if given.map:
            names.update(json.loads(given.map.read_text()))
        if given.armature:
            height = place(frame.bones["Hips"]).z if "Hips" in frame.bones else 0.0
            self.puppet = Puppet(bpy.data.objects[given.armature], names, height)
        else:
            if bpy.app.background and not bpy.data.filepath:  # Blender's cube, lamp and camera
                bpy.data.batch_remove(bpy.data.objects)
            rig = build(frame)
            figure.dress(rig)
            self.puppet = Puppet(rig, names)
        self.began = time.monotonic()
        print(f"the first frame has {len(frame.bones)} bones", flush=True)


class Receive(bpy.types.Operator):
    """Move and record an armature by VMC until Esc."""

    bl_idname = "wm.receive_vmc"
    bl_label = "Receive VMC"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.take = Take(options())
        self.timer = context.window_manager.event_timer_add(1 / 60, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "TIMER":
            self.take.step()
        if event.type != "ESC" and not self.take.over(alone=False):
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self.timer)
        self.take.finish()
        return {"FINISHED"}


def main() -> None:
    """Without a display in a loop, else beside the work of the user."""
    if bpy.app.background:
        take = Take(options())
        while not take.over(alone=True):
            take.step(0.02)
        take.finish()
        return
    bpy.utils.register_class(Receive)
    # The window is there only after Blender has started.
    bpy.app.timers.register(_invoke, first_interval=0.5)


def _invoke() -> None:
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.receive_vmc("INVOKE_DEFAULT")


if __name__ == "__main__":
    main()
