"""Phrases at downbeats: told soon after, told again a bar later, and never off the beat."""

import numpy as np
import pytest

from rt_engine.rhythm.phrases import AFTER, PhraseFollower

FPS = 50


def listen(follower, probability, downbeats, seconds):
    """(time told, boundary) of a stream; `probability`: function of time."""
    told, waiting = [], list(downbeats)
    for k in range(int(seconds * FPS)):
        t = k / FPS
        while waiting and waiting[0] <= t + 0.1:  # downbeats are decided ahead
            follower.downbeat(waiting.pop(0))
        told += [(t, boundary) for boundary in follower.step(probability(t), t)]
    return told


def near(places, height=0.9, floor=0.05):
    """A network that is sure within half a second after each place."""
    return lambda t: height if any(0 <= t - place < 0.5 for place in places) else floor


DOWNBEATS = np.arange(1.0, 61.0, 2.0)
PHRASES = DOWNBEATS[4::4]


def test_clear_boundaries_are_told_half_a_second_after_their_downbeat():
    told = listen(PhraseFollower(), near(PHRASES), DOWNBEATS, 60)
    at_once = [(t, b) for t, b in told if not b.confirmed]
    assert [b.t for _, b in at_once] == PHRASES.tolist()
    assert all(t - b.t == pytest.approx(AFTER, abs=0.03) for t, b in at_once)
    assert [b.index for _, b in at_once] == list(range(len(PHRASES)))


def test_each_is_confirmed_a_bar_later_under_the_same_index():
    told = listen(PhraseFollower(), near(PHRASES), DOWNBEATS, 60)
    later = [(t, b) for t, b in told if b.confirmed]
    assert [b.t for _, b in later] == PHRASES[: len(later)].tolist()
    assert len(later) >= len(PHRASES) - 1
    assert all(t - b.t == pytest.approx(2.0 + AFTER, abs=0.03) for t, b in later)
    assert [b.index for _, b in later] == list(range(len(later)))


def test_a_weak_hint_counts_where_a_phrase_may_end_and_not_elsewhere():
    ends = DOWNBEATS[8]  # eight bars after the first boundary that is clear
    hints = near([ends, DOWNBEATS[2]], height=0.4)
    told = listen(
        PhraseFollower(), lambda t: max(hints(t), near(DOWNBEATS[:1])(t)), DOWNBEATS[:12], 24
    )
    places = {b.t for _, b in told}
    assert ends in places
    assert DOWNBEATS[2] not in places


def test_without_downbeats_or_without_a_hint_nothing_is_told():
    assert not listen(PhraseFollower(), near(PHRASES), [], 60)
    assert not listen(PhraseFollower(), lambda t: 0.02, DOWNBEATS, 60)


def test_a_reset_starts_anew():
    follower = PhraseFollower()
    first = listen(follower, near(PHRASES), DOWNBEATS, 40)
    follower.reset()
    assert listen(follower, near(PHRASES), DOWNBEATS, 40) == first
