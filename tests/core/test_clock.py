from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from rt_engine.core import SECOND, LiveClock, SampleClock, VirtualClock

BLOCK, RATE = 512, 48_000


def arrivals(ppm: float, jitter: float, seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True end times of blocks and late, jittered readings of them, in ns."""
    count = round(seconds * RATE / BLOCK)
    period = BLOCK / (RATE * (1 + ppm * 1e-6)) * SECOND
    ends = 1e12 + np.arange(1, count + 1) * period
    late = np.random.default_rng(seed).exponential(jitter * SECOND, count)
    return ends, ends + late


@pytest.mark.parametrize("ppm", [-100.0, -20.0, 0.0, 35.0, 100.0])
def test_drift_is_learned_and_jitter_taken_out(ppm: float) -> None:
    jitter = 0.0005
    ends, read = arrivals(ppm, jitter, 60, seed=round(ppm) + 200)
    clock = SampleClock(RATE)
    starts, drifts = [], []
    for t in read:
        starts.append(clock.update(round(t), BLOCK))
        drifts.append(clock.drift)
    after = round(30 * RATE / BLOCK)
    assert abs(np.median(drifts[after:]) - ppm) < 3
    assert np.max(np.abs(np.array(drifts[after:]) - ppm)) < 25
    error = np.array(starts) - (ends - BLOCK / RATE * SECOND)
    late = error[after:] - np.mean(read - ends)
    assert np.abs(late.mean()) < 0.1 * jitter * SECOND
    assert late.std() < 0.15 * (read - ends).std()


def test_times_are_smooth_from_the_first_second_on() -> None:
    _, read = arrivals(50, 0.0005, 5, seed=3)
    clock = SampleClock(RATE)
    starts = np.array([clock.update(round(t), BLOCK) for t in read])
    steps = np.diff(starts)[round(RATE / BLOCK) :]
    assert np.abs(steps - BLOCK / RATE * SECOND).max() < 0.0004 * SECOND
    assert (np.diff(starts) > 0).all()


def test_one_late_reading_hardly_moves_time() -> None:
    ends, _ = arrivals(0, 0, 20, seed=0)
    ends[1500] += 0.1 * SECOND
    clock = SampleClock(RATE)
    starts = np.array([clock.update(round(t), BLOCK) for t in ends])
    truth = 1e12 + np.arange(len(ends)) * BLOCK / RATE * SECOND
    assert np.abs(starts - truth)[1500:].max() < 0.002 * SECOND


def test_a_jump_starts_anew_at_once() -> None:
    ends, _ = arrivals(0, 0, 10, seed=0)
    ends[500:] += 3 * SECOND
    clock = SampleClock(RATE)
    starts = np.array([clock.update(round(t), BLOCK) for t in ends])
    true = ends - BLOCK / RATE * SECOND
    assert np.abs(starts - true).max() < 0.0001 * SECOND


def test_a_slip_keeps_the_rate_and_sets_the_phase() -> None:
    ends, read = arrivals(80, 0.0002, 40, seed=4)
    moved = slice(round(30 * RATE / BLOCK), None)
    ends[moved] += 0.02 * SECOND
    read[moved] += 0.02 * SECOND
    clock, errors, drifts = SampleClock(RATE), [], []
    for i, t in enumerate(read):
        if i == moved.start:
            clock.slip()
        errors.append(clock.update(round(t), BLOCK) - (ends[i] - BLOCK / RATE * SECOND))
        drifts.append(clock.drift)
    assert np.abs(np.array(drifts[moved]) - 80).max() < 60
    assert np.abs(errors[moved]).max() < 0.0015 * SECOND


def test_wrong_rates_are_refused() -> None:
    for rate, bandwidth in ((0, 0.1), (48000, 0)):
        with pytest.raises(ValueError, match="positive"):
            SampleClock(rate, bandwidth)


def test_virtual_time_moves_when_told_and_never_back() -> None:
    clock = VirtualClock(5)
    assert clock.wait_until(100) and clock.now() == 100
    assert clock.wait_until(50) and clock.now() == 100


def test_live_clock_waits_to_the_moment_and_not_for_the_past() -> None:
    clock = LiveClock()
    due = clock.now() + SECOND // 20
    assert clock.wait_until(due)
    assert clock.now() >= due
    begin = clock.now()
    assert clock.wait_until(begin - SECOND)
    assert clock.now() - begin < SECOND


def test_stop_wakes_every_sleeper() -> None:
    clock = LiveClock()
    answers: list[bool] = []
    sleepers = [
        threading.Thread(target=lambda: answers.append(clock.wait_until(clock.now() + 60 * SECOND)))
        for _ in range(4)
    ]
    for sleeper in sleepers:
        sleeper.start()
    time.sleep(0.05)
    clock.stop()
    for sleeper in sleepers:
        sleeper.join(5)
    assert answers == [False] * 4
    assert not clock.wait_until(clock.now() + 60 * SECOND)
