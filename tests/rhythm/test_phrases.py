"""Phrases at beats: told soon after, told again a bar later, and never off the beat."""

import numpy as np
import pytest

from rt_engine.rhythm.phrases import AFTER, BEATS, PhraseFollower, endings

FPS = 50
BEAT = 0.5  # s


def listen(follower, probability, beats, seconds, offset=0):
    """(time told, boundary) of a stream; `probability`: function of time; 4/4, `offset` beats."""
    told, waiting = [], list(enumerate(beats))
    for k in range(int(seconds * FPS)):
        t = k / FPS
        while waiting and waiting[0][1] <= t + 0.1:  # beats are decided ahead
            number, beat = waiting.pop(0)
            follower.beat(beat, (number + offset) % 4 + 1, 4)
        told += [(t, boundary) for boundary in follower.step(probability(t), t)]
    return told


def near(places, height=0.9, floor=0.05):
    """A network that is sure within half a second after each place."""
    return lambda t: height if any(0 <= t - place < 0.5 for place in places) else floor


GRID = np.arange(1.0, 61.0, BEAT)
PHRASES = GRID[16::16]


def test_clear_boundaries_are_told_half_a_second_after_their_beat():
    told = listen(PhraseFollower(), near(PHRASES), GRID, 60)
    at_once = [(t, b) for t, b in told if not b.confirmed]
    assert [b.t for _, b in at_once] == PHRASES.tolist()
    assert all(t - b.t == pytest.approx(AFTER, abs=0.03) for t, b in at_once)
    assert [b.index for _, b in at_once] == list(range(len(PHRASES)))


def test_each_is_confirmed_a_bar_later_under_the_same_index():
    told = listen(PhraseFollower(), near(PHRASES), GRID, 60)
    later = [(t, b) for t, b in told if b.confirmed]
    assert [b.t for _, b in later] == PHRASES[: len(later)].tolist()
    assert len(later) >= len(PHRASES) - 1
    assert all(t - b.t == pytest.approx(4 * BEAT + AFTER, abs=0.03) for t, b in later)
    assert [b.index for _, b in later] == list(range(len(later)))


def test_bars_that_are_counted_from_their_middle_do_not_move_a_phrase():
    told = listen(PhraseFollower(), near(PHRASES), GRID, 60, offset=2)
    assert {b.t for _, b in told} == {*PHRASES.tolist()}


def test_a_weak_hint_counts_where_a_phrase_may_end_and_not_elsewhere():
    ends, elsewhere = GRID[32], GRID[9]  # eight bars after a boundary that is clear; in a bar
    hints = near([ends, elsewhere], height=0.4)
    told = listen(
        PhraseFollower(), lambda t: max(hints(t), near(GRID[:1])(t)), GRID[:48], 24
    )  # fmt: skip
    places = {b.t for _, b in told}
    assert ends in places
    assert elsewhere not in places


def test_boundaries_are_seconds_apart_however_often_the_network_is_sure():
    told = listen(PhraseFollower(), lambda t: 0.95, GRID, 60)
    times = [b.t for _, b in told if not b.confirmed]
    assert len(times) > 3 and np.diff(times).min() >= 3.0


def test_without_beats_or_without_a_hint_nothing_is_told():
    assert not listen(PhraseFollower(), near(PHRASES), [], 60)
    assert not listen(PhraseFollower(), lambda t: 0.02, GRID, 60)


def test_after_a_long_gap_no_phrase_runs_on():
    follower = PhraseFollower()
    listen(follower, near(PHRASES), GRID, 60)
    fresh = PhraseFollower()
    later = [listen(one, near(PHRASES + 100), GRID + 100, 160) for one in (follower, fresh)]
    assert [b.t for _, b in later[0]] == [b.t for _, b in later[1]]


@pytest.mark.parametrize(("meter", "bars"), [(3, 4), (4, 8), (2, 8)])
def test_phrases_end_after_whole_bars_of_any_meter(meter, bars):
    found = endings(meter)
    assert found.shape == (BEATS,)
    assert found[meter * bars - 1] > 20 * found[meter * bars]


def test_beats_whose_bar_is_unknown_count_as_beats_of_four():
    follower = PhraseFollower()
    for beat in GRID:
        follower.beat(beat, 0, 0)
    probability = near(PHRASES)
    told = [b for k in range(60 * FPS) for b in follower.step(probability(k / FPS), k / FPS)]
    assert {b.t for b in told} <= {*PHRASES.tolist()} and len(told) > 3


def test_a_reset_starts_anew():
    follower = PhraseFollower()
    first = listen(follower, near(PHRASES), GRID, 40)
    follower.reset()
    assert listen(follower, near(PHRASES), GRID, 40) == first
