"""Where a take stands: no take and no clock is needed to know it."""

from __future__ import annotations

from typing import Any

import pytest

from rt_engine.web.playhead import Playhead


@pytest.fixture
def head() -> Playhead:
    return Playhead(lambda: 10.0)


def test_time_moves_it_only_while_it_plays(head: Playhead) -> None:
    head.advance(0.1)
    assert head.position == 0
    head.play()
    head.set_speed(2)
    head.advance(0.25)
    assert head.position == 0.5


def test_at_the_end_it_stays_and_begins_again(head: Playhead) -> None:
    head.seek(9.9)
    head.play()
    head.advance(0.2)
    assert (head.position, head.playing) == (10.0, False)
    head.play()
    assert head.position == 0.0


def test_in_a_loop_it_jumps_back(head: Playhead) -> None:
    head.set_loop([4, 2])
    head.seek(3.9)
    head.play()
    head.jumped = False
    head.advance(0.2)
    assert head.loop == (2.0, 4.0) and head.position == 2.0 and head.jumped


def test_a_long_pause_of_the_machine_is_no_leap(head: Playhead) -> None:
    head.play()
    head.advance(60.0)
    assert head.position == 0.5


@pytest.mark.parametrize("value", [None, "x", float("nan"), float("inf"), 10**400, [1]])
def test_what_is_no_number_moves_nothing(head: Playhead, value: Any) -> None:
    for call in (head.seek, head.set_speed):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            call(value)
    assert (head.position, head.speed) == (0.0, 1.0)
