import numpy as np
import pytest

from rt_engine.violin.posture import Figures, PostureWatch, figures
from tests.violin.bowing import world

SEEN = np.full(33, 0.9, np.float32)


def moved(**shifts):
    """The player's landmarks, some of them higher by so many metres."""
    points = world(0.4)
    for name, up in shifts.items():
        points[int(name.removeprefix("p")), 1] += up
    return points


def hold(watch, points, start, seconds, visibility=SEEN):
    found = []
    for k in range(round(seconds * 30)):
        posture = watch.step(start + k / 30, points, visibility)
        found += [posture] if posture else []
    return found


def test_figures_are_degrees_and_centimetres():
    values, sure = figures(moved(p11=0.04, p14=0.05, p7=0.02), SEEN)
    assert values.shoulders == pytest.approx(np.degrees(np.arctan2(0.04, 0.4)), abs=0.01)
    assert values.head == pytest.approx(-np.degrees(np.arctan2(0.02, 0.16)), abs=0.01)
    assert values.elbow == pytest.approx(-10, abs=0.01)
    assert values.hand == pytest.approx(-4, abs=0.01)
    assert sure == Figures(*[pytest.approx(0.9)] * 4)


def test_nothing_is_told_before_the_good_posture_is_known():
    for posture in hold(PostureWatch(), moved(), 0, 5):
        assert not posture.calibrated
        assert posture.elbow.reliability == 0


def test_deviations_are_from_the_good_posture():
    watch = PostureWatch()
    hold(watch, moved(), 0, 1)
    watch.calibrate(1.0)
    assert watch.calibrating
    assert hold(watch, moved(), 1.0, 2.6)[-1].calibrated
    last = hold(watch, moved(p15=-0.06, p14=0.03), 3.6, 4)[-1]
    assert last.hand.value == pytest.approx(-6, abs=0.01)
    assert last.elbow.value == pytest.approx(3, abs=0.01)
    assert (last.shoulders.value, last.head.value) == (pytest.approx(0), pytest.approx(0))
    assert last.hand.reliability == pytest.approx(0.9)


def test_what_is_hidden_is_not_told():
    watch = PostureWatch(figures(moved(), SEEN)[0])
    hidden = SEEN.copy()
    hidden[15] = 0.1
    last = hold(watch, moved(), 0, 4, hidden)[-1]
    assert (last.hand.reliability, last.elbow.reliability) == (0.0, pytest.approx(0.9))


def test_a_short_start_moves_no_figure():
    watch = PostureWatch(figures(moved(), SEEN)[0])
    hold(watch, moved(), 0, 3)
    (posture, *_) = hold(watch, moved(p15=0.3), 3.0, 0.6)[-1:]
    assert posture.hand.value == pytest.approx(0, abs=0.01)


def test_a_gap_while_the_good_posture_is_taken_loses_nothing():
    watch = PostureWatch(good := figures(moved(p15=-0.06), SEEN)[0])
    watch.calibrate(0.0)
    hold(watch, moved(), 0, 1)
    watch.reset()
    assert (watch.good, watch.calibrating) == (good, True)
    hold(watch, moved(), 9, 1.9)
    assert (watch.good, watch.calibrating) == (good, True)
    assert hold(watch, moved(), 10.9, 1)[-1].calibrated
    assert watch.good == figures(moved(), SEEN)[0] and not watch.calibrating
