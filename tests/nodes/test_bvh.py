"""BVH files as they lie on the disk, during a run, after it and when it is cut."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rt_engine.core import Packet, collect
from rt_engine.kinds import SkeletonPose, Skeletons
from rt_engine.motion.quaternion import from_rotvec
from rt_engine.motion.skeleton import INDEX, OFFSETS, forward, identity
from rt_engine.nodes import bvh
from rt_engine.protocols.bvh import order
from tests.motion.bodies import random_posture
from tests.protocols.bvh_file import BvhFile
from tests.rigs import wait_for

SECOND = 1_000_000_000


def skeleton(rotations, root=OFFSETS[0], person=0, scale=1.0):
    return SkeletonPose(
        person=person,
        root=np.asarray(root, np.float32),
        rotations=np.asarray(rotations, np.float32),
        confidence=np.ones(55, np.float32),
        scale=scale,
    )


def turning(degrees):
    """A T-pose that turns about Y."""
    rotations = identity()
    rotations[0] = from_rotvec(np.array([0, np.radians(degrees), 0]))
    return rotations


def write(path, packets, **settings):
    node = bvh.Write(path=str(path), **settings)
    collect(node, skeletons=Skeletons())
    for i, (t, people) in enumerate(packets):
        node.on_skeletons(Packet(round(t * SECOND), people, i))
    node.close()
    return BvhFile(Path(path).read_text())


@pytest.mark.parametrize(("units", "scale"), [("cm", 100), ("m", 1)])
def test_a_take_is_read_back_joint_by_joint(tmp_path, units, scale):
    rng = np.random.default_rng(0)
    poses = [skeleton(random_posture(rng), rng.uniform(-1, 1, 3)) for _ in range(60)]
    takes = [(i / 30, [pose]) for i, pose in enumerate(poses)]
    file = write(tmp_path / "take.bvh", takes, units=units)
    wanted = forward(
        np.array([p.rotations for p in poses], float), np.array([p.root for p in poses])
    )[:, order()]
    assert file.frames.shape[0] == 60
    assert np.abs(file.places() / scale - wanted).max() < 1e-4


def test_a_jittered_stream_becomes_a_constant_rate(tmp_path):
    """A steady turn, sampled unevenly near 25 Hz, turns as steadily in a file of 60 Hz."""
    rng = np.random.default_rng(1)
    times = np.sort(np.concatenate([[0.0, 2.0], rng.uniform(0, 2, 50)]))
    file = write(tmp_path / "take.bvh", [(t, [skeleton(turning(40 * t))]) for t in times], rate=60)
    assert file.frame_time == pytest.approx(1 / 60) and file.count == 121
    arms = file.places()[:, file.names.index("LeftHand")]
    degrees = np.degrees(np.arctan2(-arms[:, 2], arms[:, 0]))
    assert degrees == pytest.approx(np.arange(121) / 60 * 40, abs=0.05)


def test_who_is_gone_for_long_stands_still_until_back(tmp_path):
    people = [skeleton(turning(0))]
    takes = [(0.0, people), (0.1, people), (1.0, []), (3.0, [skeleton(turning(90))])]
    file = write(tmp_path / "take.bvh", takes, rate=10)
    hand = file.places()[:, file.names.index("LeftHand")]
    assert file.count == 31
    assert np.allclose(hand[:30], hand[0]) and not np.allclose(hand[30], hand[0])


def test_the_skeleton_has_the_size_of_the_person(tmp_path):
    """Heights are learnt: what changes later is brought to the size in the file."""
    takes = [
        (i / 30, [skeleton(identity(), OFFSETS[0] * s, scale=s)]) for i, s in enumerate([1.1, 1.2])
    ]
    places = write(tmp_path / "take.bvh", takes).places()
    assert np.allclose(places[0], places[1], atol=1e-3)
    assert places[0, 0, 1] == pytest.approx(OFFSETS[0, 1] * 110, abs=1e-3)
    head = places[0, order().index(INDEX["Head"])]
    assert head[1] == pytest.approx(0.915 * 1.70 * 110, abs=1e-2)


def test_one_person_is_written_and_stays_the_same(tmp_path):
    first, second = skeleton(turning(0), person=1), skeleton(turning(90), person=2)
    takes = [(0.0, [second]), (0.1, [first, second]), (0.2, [first]), (0.3, [first, second])]
    file = write(tmp_path / "take.bvh", takes, rate=10)
    hand = file.places()[:, file.names.index("LeftHand")]
    assert np.allclose(hand[1], hand[0], atol=1e-2)
    assert not np.allclose(hand[2], hand[0], atol=1)
    assert np.allclose(hand[3], hand[2], atol=1e-2)


def test_a_file_that_is_there_is_not_replaced_unless_told(tmp_path):
    path = tmp_path / "take.bvh"
    path.write_text("precious")
    with pytest.raises(ValueError, match="overwrite: true"):
        bvh.Write(path=str(path)).plan()
    write(path, [(0.0, [skeleton(identity())])], overwrite=True)
    with pytest.raises(ValueError, match="no such folder"):
        bvh.Write(path=str(tmp_path / "none" / "take.bvh")).plan()


def test_a_run_without_anybody_leaves_no_broken_file(tmp_path):
    path = tmp_path / "take.bvh"
    node = bvh.Write(path=str(path))
    collect(node, skeletons=Skeletons())
    node.on_skeletons(Packet(0, [], 0))
    node.close()
    assert BvhFile(path.read_text()).count == 0


CUT = """
import sys, time
import numpy as np
from rt_engine.core import Packet, collect
from rt_engine.kinds import SkeletonPose, Skeletons
from rt_engine.motion.skeleton import OFFSETS, identity
from rt_engine.nodes import bvh

node = bvh.Write(path=sys.argv[1])
collect(node, skeletons=Skeletons())
pose = SkeletonPose(
    person=0, root=OFFSETS[0].astype(np.float32), rotations=identity().astype(np.float32),
    confidence=np.ones(55, np.float32),
)
for i in range(1_000_000):
    node.on_skeletons(Packet(i * 33_333_334, [pose], i))
    time.sleep(0.002)
"""


def test_a_killed_run_leaves_a_whole_file(tmp_path):
    path = tmp_path / "take.bvh"
    process = subprocess.Popen([sys.executable, "-c", CUT, str(path)], cwd=Path.cwd())
    try:
        wait_for(lambda: path.exists() and path.stat().st_size > 80_000, 30)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert BvhFile(path.read_text()).count >= 30


IMPORT = """
import bpy, json, sys
from io_anim_bvh import import_bvh
# Blender 3.4 opens files with a mode that Python 3.11, of Debian, no longer has.
import_bvh.open = lambda path, mode: open(path, mode.replace("U", ""))
bpy.ops.wm.read_factory_settings(use_empty=True)
path, out = sys.argv[-2:]
done = bpy.ops.import_anim.bvh(filepath=path, global_scale=0.01, update_scene_fps=True,
                               update_scene_duration=True)
rig = bpy.context.object
heads = {}
for frame in (1, 20, 40):
    bpy.context.scene.frame_set(frame)
    heads[frame] = {b.name: list(rig.matrix_world @ b.head) for b in rig.pose.bones}
json.dump({"done": list(done), "heads": heads, "fps": bpy.context.scene.render.fps,
           "range": list(rig.animation_data.action.frame_range)}, open(out, "w"))
"""


@pytest.mark.skipif(not shutil.which("blender"), reason="blender is not installed")
def test_blender_imports_it_with_every_joint_in_its_place(tmp_path):
    rng = np.random.default_rng(3)
    poses = [skeleton(random_posture(rng), rng.uniform(0.5, 1, 3)) for _ in range(40)]
    path, out, script = tmp_path / "take.bvh", tmp_path / "out.json", tmp_path / "import.py"
    write(path, [(i / 30, [pose]) for i, pose in enumerate(poses)])
    script.write_text(IMPORT)
    ran = subprocess.run(
        ["blender", "-b", "--python-exit-code", "3", "-P", script, "--", path, out],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Error" not in ran.stdout + ran.stderr
    found = json.loads(out.read_text())
    assert found["done"] == ["FINISHED"]
    assert found["range"] == [1, 40] and found["fps"] == 30
    for frame in (1, 20, 40):
        pose = poses[frame - 1]
        places = forward(np.asarray(pose.rotations, float), pose.root)
        heads = found["heads"][str(frame)]
        assert len(heads) == 55
        for name, (x, y, z) in heads.items():  # Blender has Z up
            assert [x, z, -y] == pytest.approx(places[INDEX[name]].tolist(), abs=2e-3)
