from __future__ import annotations

import threading

import numpy as np
import pytest

from rt_engine.core import SECOND
from rt_engine.core.meter import Meter


def test_percentiles_are_right_within_the_width_of_a_cell() -> None:
    rng = np.random.default_rng(5)
    work = rng.lognormal(np.log(50_000), 1.0, 20_000).astype(np.int64)
    meter = Meter()
    for start in range(0, len(work), 1000):
        meter.samples.extend((0, int(w), 10 * int(w)) for w in work[start : start + 1000])
        meter.fold()
    stats = meter.stats(SECOND)
    assert stats.count == len(work)
    for spread, factor in ((stats.work, 1), (stats.age, 10)):
        assert spread.p50 == pytest.approx(np.median(work) * factor * 1e-9, rel=0.03)
        assert spread.p99 == pytest.approx(np.percentile(work, 99) * factor * 1e-9, rel=0.04)
        assert spread.max == pytest.approx(work.max() * factor * 1e-9)


def test_rate_and_load_are_those_since_the_look_before() -> None:
    meter = Meter()
    meter.stats(10 * SECOND)
    meter.samples.extend([(0, SECOND // 100, 0)] * 50)
    stats = meter.stats(12 * SECOND)
    assert stats.rate == pytest.approx(25) and stats.load == pytest.approx(0.25)
    assert meter.stats(14 * SECOND).rate == 0
    assert meter.stats(14 * SECOND).count == 50


def test_looking_often_does_not_make_the_rate_jump() -> None:
    meter = Meter()
    assert meter.stats(10 * SECOND).rate == 0
    for tenth in range(1, 31):
        meter.samples.extend([(0, 0, 0)] * 10)
        stats = meter.stats(10 * SECOND + tenth * SECOND // 10)
        assert stats.rate == (pytest.approx(100) if tenth >= 10 else 0)


def test_due_times_in_the_future_count_as_no_age() -> None:
    meter = Meter()
    meter.samples.append((0, 1000, -3 * SECOND))
    assert meter.stats(SECOND).age.max == 0


def test_several_threads_may_look_while_one_writes(frantic: None) -> None:
    meter, failed = Meter(), []
    ended = threading.Event()

    def look() -> None:
        try:
            while not ended.is_set():
                meter.stats(SECOND)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60_000):
        meter.samples.append((0, 1, 1))
    ended.set()
    for thread in threads:
        thread.join()
    assert failed == [] and meter.stats(SECOND).count == 60_000
