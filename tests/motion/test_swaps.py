"""Left and right are put back where a detector exchanged them, and nowhere else."""

import numpy as np
import pytest

from rt_engine.motion.swaps import Swaps

FPS = 30
ARMS = [(13, 14), (15, 16), (17, 18), (19, 20), (21, 22)]
LEGS = [(25, 26), (27, 28), (29, 30), (31, 32)]
TRUNK = [(11, 12), (23, 24)]


def body(t, speed=1.0):
    """Landmarks (33, 3) of someone who walks on the spot and swings the arms."""
    swing = 0.25 * np.sin(2 * np.pi * speed * t)
    world = np.zeros((33, 3))
    for left, y, x in ((11, 0.5, 0.18), (13, 0.25, 0.25), (15, 0.05, 0.3), (23, 0, 0.1)):
        world[left] = x, y, 0
    for left in (17, 19, 21):
        world[left] = 0.32, -0.05, 0
    for left, y in ((25, -0.4), (27, -0.8), (29, -0.84), (31, -0.86)):
        world[left] = 0.12, y, 0
    world[12:33:2] = world[11:33:2] * [-1, 1, 1]
    world[13:23:2, 1] += swing
    world[14:23:2, 1] -= swing
    world[25:33:2, 2] += swing
    world[26:33:2, 2] -= swing
    return world


def exchange(world, pairs):
    world = world.copy()
    for left, right in pairs:
        world[[left, right]] = world[[right, left]]
    return world


def follow(frames):
    """What comes out for (t, world) pairs."""
    swaps = Swaps()
    return [world[swaps.step(t, world)] for t, world in frames]


@pytest.mark.parametrize("pairs", [ARMS, LEGS, ARMS + LEGS, ARMS + LEGS + TRUNK, LEGS[1:]])
@pytest.mark.parametrize("length", [1, 5, 40])
def test_an_inversion_is_undone_from_its_first_picture_to_its_last(pairs, length):
    rng = np.random.default_rng(3)
    times = np.arange(90) / FPS
    clean = [body(t) + rng.normal(size=(33, 3)) * [0.005, 0.005, 0.03] for t in times]
    wrong = [exchange(w, pairs) if 30 <= k < 30 + length else w for k, w in enumerate(clean)]
    for found, world in zip(follow(zip(times, wrong, strict=True)), clean, strict=True):
        np.testing.assert_array_equal(found, world)


def test_hands_that_cross_and_clap_are_left_alone():
    rng = np.random.default_rng(4)
    times = np.arange(300) / FPS
    for k, hz in enumerate((0.5, 1, 2, 3)):
        frames = []
        for t in times:
            world = body(t) + rng.normal(size=(33, 3)) * [0.005, 0.005, 0.03]
            reach = (0.35 if k % 2 else 0.15) * np.cos(2 * np.pi * hz * t)
            world[15:23:2, 0], world[16:23:2, 0] = reach, -reach  # crosses at zero
            frames.append((t, world))
        for found, (_, world) in zip(follow(frames), frames, strict=True):
            np.testing.assert_array_equal(found, world)


def test_poisson_exchanges_of_single_joints_are_found():
    rng = np.random.default_rng(5)
    times = np.arange(600) / FPS
    frames, clean, wrong = [], [], 0
    for t in times:
        world = body(t) + rng.normal(size=(33, 3)) * [0.005, 0.005, 0.02]
        pairs = LEGS[1:] if t and rng.random() < 0.1 else []
        wrong += bool(pairs)
        clean.append(world)
        frames.append((t, exchange(world, pairs)))
    missed = sum(
        not np.array_equal(found, world) for found, world in zip(follow(frames), clean, strict=True)
    )
    assert wrong > 30
    assert missed <= 1


def test_after_two_seconds_the_detector_is_believed():
    times = np.arange(150) / FPS
    frames = [(t, body(t) if t < 1 else exchange(body(t), ARMS)) for t in times]
    found = follow(frames)
    np.testing.assert_array_equal(found[60], body(times[60]))
    np.testing.assert_array_equal(found[-1], frames[-1][1])


def test_a_wrong_start_is_corrected_even_if_the_detector_wavers():
    rng = np.random.default_rng(6)
    times = np.arange(300) / FPS
    frames = [
        (t, exchange(body(t), ARMS) if t < 0.5 or rng.random() < 0.05 else body(t)) for t in times
    ]
    found = follow(frames)
    for t, world in zip(times[120:], found[120:], strict=True):
        np.testing.assert_array_equal(world, body(t))


def test_after_a_gap_nothing_is_assumed():
    swaps = Swaps()
    swaps.step(0.0, body(0))
    swaps.step(0.03, body(0))
    assert (swaps.step(1.0, exchange(body(0), ARMS)) == np.arange(33)).all()
    assert not swaps.swapped.any()


def test_the_first_picture_is_taken_as_it_is():
    assert (Swaps().step(0.0, body(0)) == np.arange(33)).all()
