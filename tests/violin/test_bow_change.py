import pytest

from rt_engine.violin.bowing import bow_change, dipped
from rt_engine.violin.ears import Moment


def moments(levels, periodic=0.9, start=0.0):
    """Moments of these levels and this periodicity, a hundred a second."""
    return [Moment(start + k / 100, 440.0, periodic, level, 0.0, 900.0)
            for k, level in enumerate(levels)]  # fmt: skip


LONG = [-20.0] * 10


def test_a_level_that_dips_and_comes_back_is_a_turn():
    turn = bow_change(moments([*LONG, -28, -34]), moments([-34, -28, *LONG]))
    assert (turn.value, turn.reliability > 0.95) == (1, True)


def test_a_finger_that_falls_is_a_slur():
    slur = bow_change(moments([*LONG, -20, -21]), moments([-21, -20, *LONG]))
    assert (slur.value, slur.reliability > 0.95) == (0, True)


def test_a_lost_period_makes_a_turn_of_a_shallow_dip():
    before, after = [*LONG, -24, -26], [-26, -24, *LONG]
    assert bow_change(moments(before), moments(after)).value == 0
    assert bow_change(moments(before, 0.4), moments(after, 0.4)).value == 1


def test_a_swell_that_came_long_before_is_no_turn():
    rising = [-30, -28, -25, -22, -21, -20, -20, -20, -20, -20]
    before, after = moments([-20, -20, *rising]), moments(LONG)
    assert bow_change(before, after).value == 0
    assert dipped(before, after)


def test_a_start_out_of_silence_is_a_turn():
    before, after = moments([-70.0] * 12), moments(LONG)
    assert bow_change(before, after).value == 1
    assert dipped(before, after)


@pytest.mark.parametrize("sides", [([], LONG), (LONG, [])])
def test_without_one_side_nothing_is_known(sides):
    before, after = (moments(levels) for levels in sides)
    assert bow_change(before, after).reliability == 0
    assert not dipped(before, after)
