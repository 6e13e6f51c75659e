"""The front end of a network that finds beats in motion."""

import numpy as np
import pytest

from rt_engine.motion.dance import FPS, JOINTS, NUMBERS, SIZE, DanceMotion

BODY = np.random.default_rng(0).normal(size=(JOINTS, 2)) * [0.06, 0.2] + 0.5
WRIST = 10


def moving(t, wrist=0.1, bounce=0.02):
    """Places (n, 17, 2) of a body that bounces twice a second and swings one wrist once."""
    places = np.repeat(BODY[None], len(t), axis=0)
    places[:, :, 1] += bounce * np.sin(4 * np.pi * t)[:, None]
    places[:, WRIST] += wrist * np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    return places


def run(t, places, confidence=None, stream=None):
    stream = stream or DanceMotion()
    seen = np.ones((len(t), JOINTS)) if confidence is None else confidence
    rows = [stream.step(*sample) for sample in zip(t.tolist(), places, seen, strict=True)]
    values = np.concatenate([row.values for row in rows])
    return np.concatenate([row.times for row in rows]), values.reshape(-1, JOINTS, NUMBERS)


def uneven(rate, seconds=8.0, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / rate) + rng.uniform(-0.3, 0.3, int(seconds * rate)) / rate
    return np.sort(t[rng.random(len(t)) > 0.05])


@pytest.mark.parametrize("rate", [15, 24, 30, 47, 60])
def test_frames_are_the_interpolated_motion_up_to_a_scale(rate):
    t = uneven(rate)
    places = moving(t)
    times, values = run(t, places)
    grid = np.arange(np.ceil(t[0] * FPS), np.floor(t[-1] * FPS) + 1) / FPS
    np.testing.assert_allclose(times, grid, atol=1e-9)
    flat = places.reshape(len(t), -1).T
    points = np.stack([np.interp(grid, t, x) for x in flat], axis=1).reshape(-1, JOINTS, 2)
    velocity = np.diff(points, axis=0)
    for k in (40, 100, len(grid) - 1):  # one scale for all joints of a frame
        true, found = velocity[k - 1].ravel(), values[k, :, 2:4].ravel()
        scale = true @ found / (true @ true)
        np.testing.assert_allclose(found, scale * true, atol=1e-4)
        apart, shown = points[k] - points[k].mean(axis=0), values[k, :, :2]
        shown = shown - shown.mean(axis=0)
        scale = (apart * shown).sum() / (apart**2).sum()
        np.testing.assert_allclose(shown, scale * apart, atol=1e-4)
    np.testing.assert_array_equal(values[..., 4], 1.0)


def test_where_and_how_large_somebody_is_makes_no_difference():
    t = uneven(30)
    _, values = run(t, moving(t))
    _, elsewhere = run(t, 0.6 * moving(t) + [0.3, -0.2])
    np.testing.assert_allclose(elsewhere, values, atol=1e-4)


def test_a_small_gesture_moves_as_a_large_one_and_rest_is_rest():
    t = np.arange(0, 12, 1 / 30)
    (_, large), (_, small) = (run(t, moving(t, w, 0.0)) for w in (0.15, 0.05))
    speed = [np.hypot(*x[240:, WRIST, 2:4].T).mean() for x in (large, small)]
    assert speed[1] == pytest.approx(speed[0], rel=0.1)
    trembling = BODY + 0.0002 * np.random.default_rng(1).normal(size=(len(t), JOINTS, 2))
    _, still = run(t, trembling)
    assert np.abs(still[60:, :, 2:4]).mean() < 0.1 * speed[0]


def test_a_bounce_stays_visible_and_a_walk_fades():
    t = np.arange(0, 12, 1 / 30)
    _, values = run(t, moving(t, 0.0, 0.05))
    assert np.ptp(values[200:, 0, 1]) > 0.2
    walked = moving(t, 0.0, 0.0) + (0.02 * t[:, None, None])
    _, values = run(t, walked)
    assert np.ptp(values[200:, 0, 1]) < 0.05


def test_one_wrist_alone_is_understood():
    t = np.arange(0, 8, 1 / 30)
    seen = np.zeros((len(t), JOINTS))
    seen[:, WRIST] = 0.9
    places = np.where(seen[..., None] > 0, moving(t), np.nan)
    _, values = run(t, places, seen)
    others = np.delete(values, WRIST, axis=1)
    assert not others.any()
    assert np.isfinite(values).all()
    late = values[120:, WRIST]
    true = np.diff(moving(t)[:, WRIST], axis=0)[119:]
    assert np.corrcoef(late[:, 3], true[:, 1])[0, 1] > 0.99
    np.testing.assert_allclose(late[:, 4], 0.9, atol=1e-6)


def test_a_joint_that_goes_and_comes_leaves_zeros_and_no_leap():
    t = np.arange(0, 6, 1 / 30)
    places, seen = moving(t), np.ones((len(t), JOINTS))
    seen[90:120, WRIST] = 0.1
    places[90:120, WRIST] = 9.0
    _, values = run(t, places, seen)
    assert not values[91:119, WRIST].any()
    _, whole = run(t, moving(t))
    assert np.abs(values[120:, WRIST, 2:4]).max() < 1.2 * np.abs(whole[:, WRIST, 2:4]).max()
    assert np.abs(values[:, :WRIST, 2:4] - whole[:, :WRIST, 2:4]).max() < 0.5


def test_one_leap_does_not_rule_what_follows():
    t = np.arange(0, 8, 1 / 30)
    places = moving(t)
    places[120] = places[120, :, ::-1] + 1.0
    (_, values), (_, clean) = run(t, places), run(t, moving(t))
    speeds = [np.hypot(*x[150:180, WRIST, 2:4].T).mean() for x in (values, clean)]
    assert speeds[0] > 0.3 * speeds[1]


def test_after_a_gap_no_line_is_drawn():
    t = np.concatenate([np.arange(0, 3, 1 / 30), np.arange(5, 8, 1 / 30)])
    places = moving(t)
    places[t > 4] += 0.4
    times, values = run(t, places)
    assert not ((times > 3) & (times < 5)).any()
    first = np.flatnonzero(times >= 5)[0]
    assert not values[first, :, 2:4].any()


def test_samples_out_of_order_are_left_out():
    t = np.arange(0, 4, 1 / 30)
    stream = DanceMotion()
    out = []
    for k, place in enumerate(moving(t)):
        out.append(stream.step(t[k], place, np.ones(JOINTS)))
        assert not len(stream.step(t[k], place + 1, np.ones(JOINTS)).times)
        assert not len(stream.step(t[k] - 0.1, place + 1, np.ones(JOINTS)).times)
    _, clean = run(t, moving(t))
    np.testing.assert_array_equal(np.concatenate([r.values for r in out]), clean.reshape(-1, SIZE))


def test_a_reset_forgets_everything():
    t = np.arange(0, 4, 1 / 30)
    stream = DanceMotion()
    _, first = run(t, moving(t), stream=stream)
    stream.reset()
    _, again = run(t, moving(t), stream=stream)
    np.testing.assert_array_equal(first, again)
