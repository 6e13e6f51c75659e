"""Simulated motion: its beats are where it says, and what a detector makes of it."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from rt_engine.models.motion_rhythm import cmu, material, picture
from rt_engine.models.motion_rhythm.conductors import conduct, path
from rt_engine.models.motion_rhythm.dances import MOVEMENTS, aimless, dance, wave
from rt_engine.models.motion_rhythm.figure import EDGES, JOINTS, PAIRS, REST
from rt_engine.models.motion_rhythm.tempo import FASTEST, SLOWEST, grid, phase, smooth
from rt_engine.motion.dance import FPS, SIZE

pytestmark = pytest.mark.train
SHARED = Path(__file__).parents[4] / "shared" / "data"
T = np.arange(0, 20, 1 / 60)


def swing(seconds=8.0, period=0.8, rate=60):
    """A body whose arms stop dead every `period` s, at 0.3 s first."""
    t = np.arange(0, seconds, 1 / rate)
    turns = (t - 0.3) / period
    moved = np.repeat(REST[None], len(t), axis=0)
    moved[:, 5:11, 1] += 0.3 * (np.cos(np.pi * turns))[:, None]
    return t, moved


@pytest.mark.parametrize("seed", range(5))
def test_beats_rise_in_tempi_that_people_move_to(seed):
    beats = grid(np.random.default_rng(seed), 20.0)
    bpm = 60 / np.diff(beats)
    assert beats[0] < 0 and beats[-1] > 20
    assert (bpm > 0.75 * SLOWEST).all() and (bpm < 1.35 * FASTEST).all()


def test_phase_is_whole_on_the_beats_and_never_turns_back():
    beats = grid(np.random.default_rng(3), 20.0)
    np.testing.assert_allclose(phase(beats, beats), np.arange(len(beats)), atol=1e-9)
    assert (np.diff(phase(T, beats)) > 0).all()


def test_a_curve_without_corners_stays_between_its_points():
    rng = np.random.default_rng(1)
    x, y = np.cumsum(rng.uniform(0.1, 1, 30)), np.cumsum(rng.uniform(0.0, 1, 30))
    at = np.linspace(x[0], x[-1], 3000)
    found = smooth(at, x, y)
    np.testing.assert_allclose(smooth(x, x, y), y, atol=1e-12)
    assert (np.diff(found) >= -1e-12).all()
    bends = [np.abs(np.diff(np.diff(y) / np.diff(at))).max() for y in (found, np.interp(at, x, y))]
    assert bends[0] < 0.2 * bends[1]  # no corner


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_a_wave_turns_on_the_beat(rate):
    beats = np.arange(-3, 23, 0.6)
    for seed in range(4):
        value = wave(beats, beats, np.random.default_rng(seed), rate)
        np.testing.assert_allclose(np.abs(value), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", MOVEMENTS)
def test_every_movement_moves_and_stays_near_the_body(name):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        moved = MOVEMENTS[name][0](T, np.arange(-3, 23, 0.55), rng)
        assert moved.shape == (len(T), JOINTS, 3)
        assert np.isfinite(moved).all() and 0.0 < np.ptp(moved, axis=0).max() < 3.0
        assert np.abs(np.diff(moved, axis=0)).max() * 60 < 25.0  # m/s


def test_a_conductor_is_slowest_or_lowest_about_the_beats():
    """Against the same hand at half beats, over many persons."""
    beats = np.arange(-3, 23, 0.7)
    on, off = beats[6:-8], beats[6:-8] + 0.35
    low = 0
    for seed in range(40):
        way = path(T, beats, np.random.default_rng(seed))
        height = [np.interp(x, T, way[:, 1]).mean() for x in (on, off)]
        low += height[0] < height[1]
    assert low >= 36


def test_without_a_beat_nothing_repeats():
    def strongest(places):
        speed = np.abs(np.diff(places[:, 9], axis=0)).sum(axis=1)
        speed = speed - speed.mean()
        found = np.correlate(speed, speed, "full")[len(speed) - 1 :]
        return found[18:72].max() / max(found[0], 1e-12)

    beats = np.arange(-3, 23, 0.6)
    danced = [strongest(conduct(T, beats, np.random.default_rng(k))) for k in range(15)]
    aimed = [strongest(aimless(T, np.random.default_rng(k))) for k in range(15)]
    assert np.median(danced) > np.median(aimed) + 0.2


def test_kinematic_beats_are_where_a_body_stops():
    _, moved = swing()
    beats = cmu.kinematic_beats(moved, 60)
    true = 0.3 + 0.8 * np.arange(len(beats))
    np.testing.assert_allclose(beats, true, atol=0.03)
    assert len(beats) >= 9


def test_a_retimed_take_stops_on_the_beats_it_is_given():
    _, moved = swing()
    take = cmu.Take("swing", moved, cmu.kinematic_beats(moved, 60))
    beats = grid(np.random.default_rng(11), 20.0)
    places = cmu.retimed(take, T, beats, np.random.default_rng(0))
    speed = np.linalg.norm(np.diff(places[:, 5:11], axis=0), axis=-1).mean(axis=1) * 60
    inside = beats[(beats > 0.1) & (beats < 19.9)]
    at = np.interp(inside, T[:-1] + 1 / 120, speed)
    assert at.mean() < 0.2 * speed.mean()
    assert len(places) == len(T) and np.isfinite(places).all()


def test_the_skeleton_joins_what_belongs_together():
    assert len(EDGES) == 18 and len({frozenset(edge) for edge in EDGES}) == 18
    assert REST.shape == (JOINTS, 3)
    for left, right in PAIRS:
        np.testing.assert_allclose(REST[left] * [-1, 1, 1], REST[right])


def test_a_detector_keeps_the_motion_and_adds_its_faults():
    rng = np.random.default_rng(4)
    places = dance(T, np.arange(-3, 23, 0.5), rng)
    seen = picture.detected(places, T, np.random.default_rng(5), "body")
    assert seen.places.shape == (len(T), JOINTS, 2) and (np.diff(seen.t) >= 0).all()
    assert seen.confidence.min() >= 0.0 and seen.confidence.max() <= 1.0
    upper = picture.detected(places, T, np.random.default_rng(5), "upper")
    assert not upper.confidence[:, 13:].any()
    alone = picture.one_wrist(seen, np.random.default_rng(1))
    assert set(np.flatnonzero(alone.confidence.any(axis=0))) == {10}


@pytest.mark.parametrize("kind", [k for k in material.KINDS if k != "retimed"])
def test_an_excerpt_is_drawn_by_its_name_alone(kind):
    first = material.made(kind, "a", [], 0)
    again, other = material.made(kind, "a", [], 0), material.made(kind, "b", [], 0)
    np.testing.assert_array_equal(first.frames, again.frames)
    assert not np.array_equal(first.frames, other.frames)
    assert first.frames.shape == (material.FRAMES, SIZE)
    assert np.isfinite(first.frames).all() and first.frames.any()
    assert (len(first.beats) == 0) == (kind == "aimless")
    joints = first.frames.reshape(-1, JOINTS, 5)[..., 4].any(axis=0)
    assert kind != "wrist" or set(np.flatnonzero(joints)) <= {10}
    assert FPS * material.SECONDS == material.FRAMES


def test_excerpts_come_back_from_their_file(tmp_path):
    made = [material.made(k, f"x {k}", [], 1) for k in ("dance", "aimless", "wrist")]
    material.save(made, tmp_path / "part.npz")
    for told, found in zip(made, material.load(tmp_path / "part.npz"), strict=True):
        assert (told.name, told.kind) == (found.name, found.kind)
        np.testing.assert_array_equal(told.frames, found.frames)
        np.testing.assert_array_equal(told.beats, found.beats)


@pytest.mark.shared
def test_takes_of_cmu_are_people_and_no_take_is_in_two_parts():
    file = SHARED / cmu.FILE
    if not file.exists():
        pytest.skip(f"needs ../shared/data/{cmu.FILE}")
    takes = cmu.read(file)
    parts = cmu.splits(takes)
    names = [take.name for part in parts.values() for take in part]
    assert len(names) == len(set(names)) == len(takes) > 80
    for take in takes[::10]:
        body = np.median(take.places, axis=0)
        assert body[0, 1] > body[5, 1] > body[11, 1] > body[13, 1] > body[15, 1]
        upper = np.linalg.norm(take.places[:, 5] - take.places[:, 7], axis=1)
        np.testing.assert_allclose(upper, 0.27, atol=0.01)
    walker = next(take for take in takes if "walking" in take.name)
    assert walker.places[:, 9, 1].mean() < walker.places[:, 5, 1].mean()  # arms hang


def test_a_missing_set_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data"):
        cmu.read(tmp_path / "nothing.npz")
