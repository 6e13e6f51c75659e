"""Optical flow and hands for networks: pictures that move by a known way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.kinds import Pose
from rt_engine.motion import landmarks as lm
from rt_engine.video.hand_flow import SIZE, Flow, HandFlow, hand_centres

FLOW, LEFT_SPEED, LEFT_X, LEFT_Y, RIGHT_SPEED = range(5)


def run(t, flow, hands, seen):
    stream = HandFlow()
    rows = [stream.step(*sample) for sample in zip(t, flow, hands, seen, strict=True)]
    return (np.concatenate(parts) for parts in zip(*rows, strict=True))


def circling(t):
    """The left hand goes round, 0.2 heights from its middle, once a second."""
    hands = np.zeros((len(t), 2, 2))
    hands[:, 0] = 0.2 * np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    return hands


@given(seed=st.integers(0, 2**31))
def test_the_stream_equals_the_whole(seed):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.005, 0.06, 60))
    t[40:] += rng.choice([0.0, 2.0])
    t[20] = t[19]
    hands = np.cumsum(rng.normal(0, 0.01, (60, 2, 2)), axis=0)
    arrays = t, rng.uniform(0, 0.01, 60), hands, rng.uniform(0, 1, (60, 2))
    times, values = run(*arrays)
    whole = HandFlow().offline(*arrays)
    np.testing.assert_array_equal(times, whole.times)
    np.testing.assert_allclose(values, whole.values, atol=1e-6)
    assert values.shape[1] == SIZE and values.min() >= 0 and values.max() <= 1


def test_a_hand_that_goes_round():
    t = np.arange(0, 8, 1 / 60)
    times, values = run(t, np.zeros(len(t)), circling(t), np.ones((len(t), 2)))
    late = times > 4
    np.testing.assert_allclose(values[late, LEFT_SPEED], 1.0, atol=0.03)
    angle = 2 * np.pi * times[late]
    np.testing.assert_allclose(values[late, LEFT_X], 0.5 - 0.5 * np.sin(angle), atol=0.03)
    np.testing.assert_allclose(values[late, LEFT_Y], 0.5 + 0.5 * np.cos(angle), atol=0.03)
    np.testing.assert_array_equal(values[:, RIGHT_SPEED:], [[0.0, 0.5, 0.5]] * len(times))


def test_a_hand_that_jumps_or_hides_does_not_move():
    t = np.arange(0, 4, 1 / 30)
    hands, seen = np.zeros((len(t), 2, 2)), np.ones((len(t), 2))
    hands[60:63, 0] = 0.5
    hands[:, 1] = circling(t)[:, 0]
    seen[:, 1] = 0
    _, values = run(t, np.zeros(len(t)), hands, seen)
    np.testing.assert_array_equal(values, np.tile([0, 0, 0.5, 0.5, 0, 0.5, 0.5], (len(values), 1)))


def noise_picture(rng, height, width):
    """Soft blobs, which flow can be seen on."""
    cv2 = pytest.importorskip("cv2")
    small = rng.uniform(0, 255, (height // 20, width // 20, 3)).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("size", [(240, 320), (1080, 1920)])
def test_flow_is_the_way_of_the_pixels_in_picture_heights(size):
    picture = noise_picture(np.random.default_rng(0), *size)
    way = size[0] // 60
    flow = Flow()
    assert flow.step(picture) == 0.0
    assert flow.step(picture) < 0.001
    assert flow.step(np.roll(picture, way, axis=1)) == pytest.approx(1 / 60, rel=0.25)


def test_a_picture_of_another_size_or_without_colour_is_no_error():
    picture = noise_picture(np.random.default_rng(0), 240, 320)
    flow = Flow()
    flow.step(picture)
    assert flow.step(picture[:, :200]) == 0.0
    assert flow.step(picture[:, :200, 0].copy()) >= 0.0


def test_centres_of_hands_are_in_picture_heights_and_y_goes_up():
    image = np.zeros((33, 3), np.float32)
    for side, (x, y) in enumerate([(400, 120), (100, 360)]):
        for pair in (lm.WRISTS, lm.INDEXES, lm.PINKIES):
            image[pair[side], :2] = x, y
    visibility = np.ones(33, np.float32)
    visibility[lm.INDEXES[1]] = 0.1
    pose = Pose(0, image, np.zeros((33, 3), np.float32), visibility, 640, 480)
    hands, seen = hand_centres(pose)
    np.testing.assert_allclose(hands, [[400 / 480, -0.25], [100 / 480, -0.75]], rtol=1e-6)
    assert seen[0] == 1.0 and seen[1] == pytest.approx(0.1)
