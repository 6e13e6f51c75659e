"""Skeletons over pictures: at their landmarks, and nowhere else."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.kinds import Pose, SkeletonPose  # noqa: E402
from rt_engine.motion.skeleton import OFFSETS, identity  # noqa: E402
from rt_engine.video.drawing import FLOOR, LEFT, LINKS, RIGHT, STAGE, draw  # noqa: E402
from tests.video.rigs import pose  # noqa: E402

BLACK = np.zeros((480, 640, 3), np.uint8)


def standing(contacts=(False, False)):
    root = OFFSETS[0].astype(np.float32)
    rotations = identity().astype(np.float32)
    return SkeletonPose(0, root, rotations, np.ones(55, np.float32), 1.0, contacts)


def test_the_picture_itself_is_not_touched():
    before = BLACK.copy()
    drawn = draw(BLACK, [pose(width=640, height=480)], [standing()])
    assert (before == BLACK).all()
    assert drawn.any()


def test_every_landmark_that_is_seen_is_drawn():
    shown = pose(width=640, height=480)
    drawn = draw(BLACK, [shown])
    for x, y, _ in shown.image:
        assert drawn[int(y), int(x)].any()


def test_hidden_landmarks_and_their_links_are_left_out():
    shown = pose(width=640, height=480)
    assert not draw(BLACK, [shown], visibility=1.01).any()
    only_nose = Pose(0, shown.image, shown.world, np.eye(1, 33)[0].astype(np.float32), 640, 480)
    drawn = draw(BLACK, [only_nose])
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert np.hypot(columns - shown.image[0, 0], rows - shown.image[0, 1]).max() < 6


def test_left_and_right_have_colours_of_their_own():
    shown = pose(width=640, height=480)
    drawn = draw(BLACK, [shown])
    for landmark, colour in ((27, LEFT), (28, RIGHT)):
        x, y = shown.image[landmark, :2].astype(int)
        assert tuple(drawn[y, x]) == colour


def test_a_pose_of_another_size_is_drawn_to_scale():
    small, large = pose(width=320, height=240), pose(width=640, height=480)
    assert (draw(BLACK, [small]) == draw(BLACK, [large])).mean() > 0.999


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 1), (480, 640, 4)])
def test_grey_and_transparent_pictures_are_drawn_on(shape):
    assert draw(np.zeros(shape, np.uint8), [pose(width=640, height=480)]).shape == (480, 640, 3)


def test_landmarks_outside_the_picture_or_undefined_do_no_harm():
    wild = pose(width=640, height=480)
    wild.image[:] = 1e9
    wild.image[3] = np.nan
    draw(BLACK, [wild])


def test_a_skeleton_stands_on_its_floor_line_with_its_left_on_the_right():
    drawn = draw(BLACK, skeletons=[standing()])
    floor = round(FLOOR * 480)
    assert drawn[floor - 1 : floor + 2, 20].any()
    assert not drawn[floor + 6 :].any()
    hand = 320 + round(0.461 * 1.7 * FLOOR * 480 / STAGE)
    row = round(FLOOR * 480 * (1 - 0.818 * 1.7 / STAGE))
    assert tuple(drawn[row, hand - 20]) == LEFT


def test_feet_on_the_ground_are_marked():
    plain, marked = draw(BLACK, skeletons=[standing()]), draw(BLACK, [], [standing((True, False))])
    changed = np.nonzero((plain != marked).any(axis=2))
    assert changed[0].min() > 240
    assert changed[1].min() > 310


def test_links_join_landmarks_that_exist():
    assert {i for link in LINKS for i in link} <= set(range(33))
