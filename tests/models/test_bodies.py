"""Simulated musicians: what they do is found in their streams, and strangers' is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.models.rhythm.bodies import FAMILIES, frames, perform
from rt_engine.models.rhythm.players.figure import Posture, landmarks, posture_at_rest
from rt_engine.models.rhythm.players.gestures import between, landing, strikes
from rt_engine.models.rhythm.players.webcam import Seen
from rt_engine.motion import landmarks as lm
from rt_engine.motion.joint_velocity import FPS, JOINTS

SECONDS = 40.0
PLAYERS = [family for family in FAMILIES if family != "stranger"]


def song(rng, seconds=SECONDS, meter=4):
    """Beats (k, 2) of a steady song, and the period (s)."""
    period = 60 / rng.uniform(60, 170)
    times = np.arange(0.3, seconds, period)
    times += rng.normal(0, 0.01, len(times))
    return np.stack([times, np.arange(len(times)) % meter + 1], axis=1), period


def rank(motion, period):
    """How many other periods the motion repeats itself less at than at `period`: 0 to 1.

    From the autocorrelation of velocities and speeds in the picture plane.
    """
    there = motion.any(axis=1)[:, None, None]
    moves = np.where(there, motion.astype(float).reshape(-1, 13, 3)[..., :2] - 0.5, 0.0)
    x = np.concatenate([moves, np.abs(moves)], axis=2).reshape(len(motion), -1)
    slow = np.stack([np.convolve(c, np.ones(75) / 75, "same") for c in x.T], axis=1)
    power = np.abs(np.fft.rfft(x - slow, 2 * len(x), axis=0)) ** 2
    repeats = np.fft.irfft(power, axis=0)[: len(x)].sum(axis=1)
    periods = period * np.append(1.0, np.geomspace(2 / 3, 3 / 2, 200))
    lags = np.arange(len(x)) / FPS
    score = np.mean([np.interp(k * periods, lags, repeats) for k in range(1, 9)], axis=0)
    return float((score[1:] < score[0]).mean())


def ranks(family, count):
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        beats, period = song(rng)
        found.append(rank(perform(beats, rng, SECONDS, style=family)[0], period))
    return np.array(found)


@pytest.mark.parametrize("family", PLAYERS)
def test_the_beat_is_in_the_motion_of_most_players(family):
    assert (ranks(family, 16) > 0.93).mean() > 0.5


def test_the_beat_is_not_in_the_motion_of_strangers():
    found = ranks("stranger", 24)
    assert (found > 0.93).mean() < 0.25
    assert 0.25 < found.mean() < 0.75


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    seconds=st.floats(3, 45),
    meter=st.integers(1, 7),
    known=st.booleans(),
    noted=st.integers(0, 40),
)
def test_any_music_gives_frames_of_numbers_from_0_to_1(seed, seconds, meter, known, noted):
    rng = np.random.default_rng(seed)
    beats, _ = song(rng, seconds, meter)
    beats[:, 1] *= known
    notes = np.stack([rng.uniform(-1, seconds, noted), rng.uniform(0, 2, noted),
                      rng.uniform(1, 127, noted)], axis=1)  # fmt: skip
    motion, video = perform(beats[: rng.integers(0, len(beats) + 1)], rng, seconds, notes)
    count = round(seconds * FPS)
    assert motion.shape == (count, 39) and video.shape == (count, 7)
    assert motion.dtype == video.dtype == np.float16
    for stream in (motion, video):
        assert np.isfinite(stream).all() and stream.min() >= 0 and stream.max() <= 1


def test_the_same_seed_is_the_same_performance_and_another_is_not():
    beats, _ = song(np.random.default_rng(0))
    first, again, other = (perform(beats, np.random.default_rng(s), SECONDS)[0] for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.3


def test_somebody_is_seen_most_of_the_time():
    rng = np.random.default_rng(0)
    streams = [perform(song(rng)[0], rng, SECONDS) for _ in range(20)]
    for stream in zip(*streams, strict=True):
        there = [rows.any(axis=1).mean() for rows in stream]
        assert np.median(there) > 0.9


def test_a_kinematic_beat_is_where_the_speed_is_least():
    t = np.arange(0, 6, 0.005)
    knots = np.arange(0, 7) * 0.9
    places = np.random.default_rng(0).normal(size=(7, 3))
    found = between(t, knots, places)
    speed = np.linalg.norm(np.gradient(found, t, axis=0), axis=1)
    np.testing.assert_allclose(
        found[np.round(knots[:6] / 0.005).astype(int)], places[:6], atol=1e-3
    )
    assert np.interp(knots[1:6], t, speed).max() < 0.05 * np.median(speed)
    # least jerk: the peak speed is 15/8 of the mean
    way = np.linalg.norm(places[1] - places[0])
    assert speed[: int(0.9 / 0.005)].max() == pytest.approx(1.875 * way / 0.9, rel=0.01)


@pytest.mark.parametrize("sharp", [0.0, 1.0])
def test_strokes_are_down_on_the_hit_and_up_between(sharp):
    t = np.arange(0, 5, 0.005)
    hits = np.array([0.5, 1.2, 1.9, 3.9])
    height = strikes(t, hits, np.full(4, 0.2), 0.15, sharp)
    np.testing.assert_allclose(np.interp(hits, t, height), 0.0, atol=5e-3)
    assert height.min() >= 0 and height.max() == pytest.approx(0.2, abs=1e-3)
    before = np.diff(height)[np.searchsorted(t, hits[1:]) - 2]
    assert (before < (-0.005 if sharp else 0.0)).all()  # a blow lands at full speed
    assert (np.abs(height[(t > 2.1) & (t < 3.2)]) < 1e-9).all()  # at rest before the next


def test_a_body_that_leaves_out_no_beat_lands_late_by_its_lag():
    events = np.arange(0, 200, 0.5)
    times, force = landing(np.random.default_rng(0), events, 1.0, 0.02, 0.05)
    assert len(times) == len(force) == len(events)
    assert (times - events).mean() == pytest.approx(0.05, abs=0.005)
    assert (times - events).std() == pytest.approx(0.02, rel=0.2)
    fewer, _ = landing(np.random.default_rng(0), events, 0.7, 0.02, 0.05)
    assert len(fewer) == pytest.approx(0.7 * len(events), rel=0.1)


def moving(n, seed=0):
    rng = np.random.default_rng(seed)
    hands = rng.normal([0, 0.3, 0.3], 0.3, (n, 2, 3))
    angles = rng.normal(0, 0.3, (2, n, 3))
    return Posture(rng.normal(0, 0.1, (n, 3)), *angles, hands, rng.normal(0, 0.5, (n, 2)), 0.5)


def test_bones_keep_their_lengths_in_any_posture():
    places = landmarks(moving(200))
    for a, b in [
        *((lm.SHOULDERS[s], lm.ELBOWS[s]) for s in (0, 1)),
        *((lm.ELBOWS[s], lm.WRISTS[s]) for s in (0, 1)),
        *((lm.WRISTS[s], lm.INDEXES[s]) for s in (0, 1)),
        (lm.SHOULDERS[0], lm.SHOULDERS[1]),
        (lm.EARS[0], lm.EARS[1]),
        (lm.NOSE, lm.EARS[0]),
    ]:
        lengths = np.linalg.norm(places[:, a] - places[:, b], axis=-1)
        np.testing.assert_allclose(lengths, lengths[0], rtol=1e-6)


def test_the_figure_faces_forward_and_leans_where_it_is_told():
    rest = posture_at_rest(3, np.array([[0.2, 0.2, 0.3], [-0.2, 0.2, 0.3]]), 0.0)
    rest.lean[1, 0], rest.lean[2, 1] = 0.3, 0.3
    straight, forward, left = landmarks(rest)
    assert straight[lm.SHOULDERS[0], 0] > 0 > straight[lm.SHOULDERS[1], 0]
    assert straight[lm.NOSE, 2] > straight[lm.EARS[0], 2]
    assert forward[lm.NOSE, 2] > straight[lm.NOSE, 2] + 0.1
    assert left[lm.NOSE, 0] > straight[lm.NOSE, 0] + 0.1
    np.testing.assert_allclose(straight[lm.WRISTS[0]], [0.2, 0.2, 0.3], atol=1e-9)
    np.testing.assert_allclose(landmarks(rest, 1.1), 1.1 * landmarks(rest))


def seen_waving(rate=30.0):
    """The left wrist goes up and down once a second, seen by a perfect camera."""
    t = np.arange(0, 12, 1 / rate)
    body = posture_at_rest(len(t), np.array([[0.2, 0.3, 0.3], [-0.2, 0.2, 0.3]]), 0.0)
    body.hands[:, 0, 1] += 0.1 * np.sin(2 * np.pi * t)
    world = landmarks(body)
    hands = world[:, [[15, 17, 19], [16, 18, 20]], :2].mean(axis=2)
    zeros, everywhere = np.zeros(len(t)), np.ones(len(t), bool)
    return Seen(t, world, np.ones((len(t), 33)), zeros, hands, everywhere)


def test_a_perfect_camera_shows_the_motion_at_its_time():
    motion, video = frames(seen_waving(), 600)
    t = np.arange(600) / FPS
    true = 0.5 + 0.5 * np.cos(2 * np.pi * t)
    late = (t > 6) & (t < 11.9)
    column = 3 * JOINTS.index(lm.WRISTS[0]) + 1
    np.testing.assert_allclose(motion[late, column], true[late], atol=0.06)
    np.testing.assert_allclose(video[late, 3], true[late], atol=0.1)


@pytest.mark.parametrize("late", [0.0, 0.1])
def test_frames_that_come_late_are_held_and_never_told_before_their_time(late):
    seen = seen_waving(15.0)
    exact, held = (frames(seen, 600, x)[0].astype(float) for x in (None, late))
    there = np.flatnonzero(held.any(axis=1) & (np.arange(600) > 100))
    assert len(there) > 480
    for k in there[::7]:
        age = next(a for a in range(12) if np.array_equal(held[k], exact[k - a]))
        assert round((late + 1 / FPS) * FPS) <= age <= 0.2 * FPS


def test_zeros_mean_that_nobody_is_seen():
    seen = seen_waving()
    away = (seen.t > 4) & (seen.t < 8)
    motion, video = frames(seen._replace(there=~away), 600)
    assert not motion[210:390].any() and motion[20:190].any(axis=1).all()
    np.testing.assert_array_equal(video[210:390], [[0, 0, 0.5, 0.5, 0, 0.5, 0.5]] * 180)
