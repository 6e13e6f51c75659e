"""The drawn conductor: where hands are drawn, the trail, and what a screen gets in time."""

import numpy as np

from rt_engine.conducting.body import Body
from rt_engine.conducting.conductor import Conductor
from rt_engine.core import SECOND, Packet
from rt_engine.kinds import Beat
from rt_engine.nodes.stage import View
from rt_engine.video.stage import CAMERA, GLOW, SKIN, VIEW, Stage


def poses(count=60):
    """Frames of a body that begins to conduct, 20 ms apart."""
    conductor, body = Conductor(), Body()
    conductor.hear(1.1, 1, 4, 0.5)
    return [(conductor.at(i / 50), body) for i in range(count)]


def test_the_hands_are_drawn_where_they_are_seen_from_the_front():
    stance, body = poses()[-1]
    picture = Stage(640, 480).draw(0.0, body.pose(stance), -1.0)
    skin = np.argwhere((picture == SKIN).all(-1))
    for x, y, z in (stance.right, stance.left):
        scale = 480 / VIEW * CAMERA[2] / (CAMERA[2] - z)
        seen = (240 - (y - CAMERA[1]) * scale, 320 + x * scale)
        assert np.linalg.norm(skin - seen, axis=1).min() < 12


def test_a_stroke_glows_and_nobody_is_an_empty_stage():
    stance, body = poses()[-1]
    stage = Stage()
    near, late = (stage.draw(t, body.pose(stance), 1.0) for t in (1.05, 1.9))
    assert (near == GLOW).all(-1).any() and not (late == GLOW).all(-1).any()
    assert len(np.unique(stage.draw(2.0, None, -1.0).reshape(-1, 3), axis=0)) == 2


def test_the_view_shows_a_picture_when_its_frame_is_due(tmp_path):
    node = View(path=str(tmp_path / "stage.png"), rate=25, every=0.2, size=(160, 120))
    node.plan()
    node.open()
    node.reset()
    start = node.clock.now()
    node.on_ictus(Packet(start, Beat(1, 2, 3, 96.0, 0.6, 1.0), 0))
    for i, (stance, body) in enumerate(poses(26)):
        due = start + i * SECOND // 50
        node.on_skeletons(Packet(due, [body.pose(stance)], i))
        assert i % 10 or node.clock.now() >= due  # a picture is not shown before
    node.close()
    assert len(list(tmp_path.glob("stage-*.png"))) == 3
