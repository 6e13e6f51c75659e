"""One place in the bar from a belief over many: the followed tempo is left only for a clear one."""

import numpy as np
import pytest

from rt_engine.rhythm import BarSpace, ForwardFilter
from rt_engine.rhythm.decode import LOYALTY, decode

SPACE = BarSpace(100.0, (60.0, 200.0), (4,))
SLOW, FAST = 80.0, 40.0  # frames a beat


def belief(share):
    """A filter that believes in the fast tempo with a probability of `share`, else in the slow."""
    filter_ = ForwardFilter(SPACE, np.zeros(SPACE.size, int), SPACE.tempo_prior(115.0, 0.5))
    fast, slow = (SPACE.around(period, 0.3, None) for period in (FAST, SLOW))
    filter_.set_belief(share * fast + (1 - share) * slow)
    return filter_


@pytest.mark.parametrize(("share", "period"), [(0.7, FAST), (0.2, SLOW)])
def test_the_likelier_tempo_is_taken_where_none_is_followed(share, period):
    estimate = decode(belief(share))
    assert estimate.period == pytest.approx(period, rel=0.02)
    assert estimate.phase == pytest.approx(0.3, abs=0.02)
    assert estimate.mass == pytest.approx(max(share, 1 - share), rel=0.1)
    assert estimate.rows.sum() == pytest.approx(1.0)


def test_a_followed_tempo_is_kept_while_the_other_is_not_much_likelier():
    share = 0.9 * LOYALTY / (1 + LOYALTY)
    assert decode(belief(share), kept=SLOW).period == pytest.approx(SLOW, rel=0.02)
    assert decode(belief(0.97), kept=SLOW).period == pytest.approx(FAST, rel=0.02)


def test_small_changes_of_tempo_are_followed_at_once():
    assert decode(belief(0.7), kept=1.05 * FAST).period == pytest.approx(FAST, rel=0.02)
