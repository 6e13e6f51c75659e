"""The filter keeps what it promises: lag as reported, no bias, calm at rest, bridged gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.motion.smooth import BODY_NOISE, COAST, Smoother, trust

FPS = 60.0
WRIST = BODY_NOISE[[15]]


def run(smoother, t, path, weight=1.0):
    """The smoothed path (frames, 3) of one point; `weight` a number, or one a frame."""
    weights = np.broadcast_to(weight, t.shape)
    return np.array(
        [
            smoother.step(a, x[None], np.array([w]))[0]
            for a, x, w in zip(t, path, weights, strict=True)
        ]
    )


def measured_lag(path, smooth, dt):
    """Seconds by which `path` must be delayed to lie nearest to `smooth`."""
    times = np.arange(len(path)) * dt
    shifts = np.arange(0, 0.2, 0.0005)
    inner = slice(round(0.2 / dt), None)
    misses = [((np.interp(times - s, times, path) - smooth)[inner] ** 2).sum() for s in shifts]
    return shifts[int(np.argmin(misses))]


def swing(t, hz=1.0, amplitude=0.4, axis=0):
    path = np.zeros((len(t), 3))
    path[:, axis] = amplitude * np.sin(2 * np.pi * hz * t)
    return path


@pytest.mark.parametrize("quick", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize(("axis", "part"), [(0, 0), (1, 0), (2, 1)])
def test_reported_lag_is_the_one_that_aligns_best(quick, axis, part):
    t = np.arange(0, 10, 1 / FPS)
    path = swing(t, axis=axis)
    smoother = Smoother(WRIST, quick)
    smooth = run(smoother, t, path)
    found = measured_lag(path[60:, axis], smooth[60:, axis], 1 / FPS)
    assert smoother.lag[part] == pytest.approx(found, rel=0.15, abs=0.001)


def test_quick_shortens_the_lag_all_the_way():
    t = np.arange(0, 5, 1 / FPS)
    lags = []
    for quick in np.linspace(0, 1, 9):
        smoother = Smoother(WRIST, quick)
        run(smoother, t, swing(t))
        lags.append(smoother.lag)
    assert (np.diff(lags, axis=0) < 0).all()
    assert lags[4][0] < 0.025


def test_noise_at_rest_is_stilled_and_leaves_no_bias():
    rng = np.random.default_rng(1)
    t = np.arange(0, 20, 1 / 30)
    still = np.array([0.3, -0.2, 0.5])
    noisy = still + rng.normal(size=(len(t), 3)) * [0.001, 0.001, 0.004]
    smooth = run(Smoother(WRIST, 0.5), t, noisy)[60:]
    shake, rest = np.diff(noisy, 3, axis=0).std(0), np.diff(smooth, 3, axis=0).std(0)
    assert (rest < 0.35 * shake).all()
    np.testing.assert_allclose(smooth.mean(0), still, atol=5e-4)


def test_a_steady_hip_opens_earlier_than_a_trembling_wrist():
    t = np.arange(0, 6, 1 / FPS)
    lags = []
    for point in (23, 15):
        smoother = Smoother(BODY_NOISE[[point]], 0.5)
        run(smoother, t, swing(t))
        lags.append(smoother.lag[0])
    assert lags[0] < 0.7 * lags[1]


def test_depth_which_trembles_more_is_followed_more_slowly():
    t = np.arange(0, 6, 1 / 30)
    lags = []
    for axis in (0, 2):
        smoother = Smoother(WRIST)
        run(smoother, t, swing(t, axis=axis))
        lags.append(smoother.lag[axis // 2])
    assert lags[1] > 1.5 * lags[0]


@given(seed=st.integers(0, 2**31), quick=st.floats(0, 1))
def test_uneven_time_stamps_do_not_bend_a_straight_line(seed, quick):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.005, 0.07, 400))
    smoother = Smoother(WRIST, quick)
    smooth = run(smoother, t, np.outer(t, [0.5, 0, 0]))
    late = t[100:] - smooth[100:, 0] / 0.5
    # The delay of a ramp: that of the filter, which the frame rate does not enter.
    assert np.median(late) == pytest.approx(smoother.lag[0], rel=0.35)


def test_the_frame_rate_does_not_change_the_lag_much():
    lags = []
    for fps in (25, 60, 120):
        t = np.arange(0, 6, 1 / fps)
        smoother = Smoother(WRIST, 0.5)
        run(smoother, t, swing(t))
        lags.append(smoother.lag[0])
    assert max(lags) < 2 * min(lags)


def test_a_lost_point_goes_on_and_slows_down():
    t = np.arange(0, 3, 1 / FPS)
    path = np.outer(t, [0.8, 0, 0])
    seen = t < 2
    smooth = run(Smoother(WRIST, 0.5), t, path, np.where(seen, 1.0, 0.0))
    last = np.flatnonzero(seen)[-1]
    gone = smooth[last:, 0] - smooth[last, 0]
    short = gone[round(0.05 * FPS)]
    assert short == pytest.approx(0.8 * 0.05, rel=0.35)
    assert 0.04 < gone[-1] < 0.12
    assert (np.diff(gone) >= 0).all()
    assert gone[-1] - gone[round((COAST + 0.1) * FPS)] < 0.005


def test_after_a_gap_it_is_back_within_a_few_frames():
    t = np.arange(0, 3, 1 / FPS)
    path = np.outer(np.minimum(t, 2.5), [0.8, 0, 0])
    weight = np.where((t > 1) & (t < 1.25), 0.0, 1.0)
    smooth = run(Smoother(WRIST, 0.5), t, path, weight)
    back = np.flatnonzero(t >= 1.25)[0] + 6
    assert abs(smooth[back, 0] - path[back, 0]) < 0.04


def test_what_is_badly_seen_pulls_less():
    t = np.arange(0, 2, 1 / FPS)
    path = np.zeros((len(t), 3))
    path[60, 0] = 0.3  # one wild picture
    believed = run(Smoother(WRIST, 0.5), t, path, trust(np.full(len(t), 0.9)))
    path_doubt = np.ones(len(t))
    path_doubt[60] = trust(np.array(0.15))
    doubted = run(Smoother(WRIST, 0.5), t, path, path_doubt)
    assert abs(doubted[:, 0]).max() < 0.2 * abs(believed[:, 0]).max()


def test_trust_rises_with_visibility_and_never_ends():
    found = trust(np.linspace(0, 1, 101))
    assert (np.diff(found) >= 0).all()
    assert found[0] == pytest.approx(0.1)
    assert found[-1] == pytest.approx(1.0)


def test_units_change_nothing_but_the_scale():
    t = np.arange(0, 2, 1 / FPS)
    path = swing(t)
    metres, pixels = Smoother(WRIST), Smoother(WRIST)
    for a, x in zip(t, path, strict=True):
        in_metres = metres.step(a, x[None], np.ones(1))
        in_pixels = pixels.step(a, 250 * x[None], np.ones(1), np.array([[250.0]]))
        np.testing.assert_allclose(in_pixels, 250 * in_metres, atol=1e-9)
    assert pixels.lag == pytest.approx(metres.lag)


def test_a_second_packet_of_the_same_time_changes_nothing():
    smoother = Smoother(WRIST)
    first = smoother.step(1.0, np.zeros((1, 3)), np.ones(1))
    again = smoother.step(1.0, np.ones((1, 3)), np.ones(1))
    np.testing.assert_array_equal(first, again)
