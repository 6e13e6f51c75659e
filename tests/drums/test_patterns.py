"""Patterns, fills and controls on single bars."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.body import BodyRhythm, Presence
from rt_engine.drums.choice import announced
from rt_engine.drums.controls import Settings, shaped, stretched
from rt_engine.drums.fills import count_in, crashed, filled
from rt_engine.drums.metre import on_beats, steps_a_beat, steps_of
from rt_engine.drums.patterns import CLOSED, CRASH, KICK, OPEN, SNARE, PatternWriter

BEATS = on_beats(16, 4).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def pattern(rhythm=BEATS, past=None, temperature=0.0, seed=0):
    return PatternWriter().write(rhythm, past, temperature, rng(seed))


def sound(bar):
    """Hits, velocities and offsets agree with each other, as a Bar promises."""
    assert bar.hits.dtype == bool
    assert (bar.velocities[bar.hits] > 0).all()
    assert (bar.velocities[~bar.hits] == 0).all()
    assert (bar.offsets[~bar.hits] == 0).all()
    assert bar.velocities.max(initial=0) <= 1
    assert np.abs(bar.offsets).max(initial=0) <= 0.5
    return bar


rhythms = st.lists(st.floats(0, 1, width=32), min_size=16, max_size=16)


@given(rhythms, st.floats(0, 1), st.integers(0, 99))
def test_a_pattern_strikes_wherever_the_body_does(rhythm, temperature, seed):
    given_rhythm = np.array(rhythm, np.float32)
    bar = sound(pattern(given_rhythm, temperature=temperature, seed=seed))
    assert bar.rhythm[given_rhythm > 0].all()
    other = np.flatnonzero((given_rhythm == 0) & (bar.rhythm > 0))
    assert (other % 2 == 0).all()
    assert not bar.hits[other][:, [KICK, SNARE]].any()


def test_strokes_keep_their_drums_from_bar_to_bar_unless_it_is_hot():
    rhythm = np.ones(16, np.float32)
    past = pattern(rhythm, temperature=1.0, seed=1)
    same = pattern(rhythm, past, temperature=0.0, seed=2)
    hot = pattern(rhythm, past, temperature=1.0, seed=2)
    assert (same.hits == past.hits).all()
    assert (hot.hits != past.hits).any()


def test_a_step_is_struck_where_the_body_strikes_and_as_loud_as_intensity_says():
    writer = PatternWriter()
    loud = [writer.step(4, 1, 1, 0.5, i, 0.0, rng()).velocities.max() for i in (0.2, 0.5)]
    assert loud[0] == pytest.approx(0.4 * loud[1])
    assert not writer.step(5, 0, 0, 1, 0.5, 0.0, rng()).hits.any()
    assert writer.step(6, 0, 0, 1.0, 0.5, 0.0, rng()).hits[0, CLOSED]


@pytest.mark.parametrize("meter", [2, 3, 4, 5, 6, 7, 9, 12])
def test_every_metre_has_beats_a_fill_and_a_count_in(meter):
    per_beat, steps = steps_a_beat(meter), steps_of(meter)
    assert steps == meter * per_beat
    rhythm = on_beats(steps, per_beat).astype(np.float32)
    bar = sound(PatternWriter(per_beat).write(rhythm, None, 0.5, rng()))
    assert bar.hits[0, KICK]
    assert bar.hits[:, SNARE].any()
    assert bar.rhythm[::per_beat].all()
    assert count_in(steps, per_beat).hits.sum() == meter
    fill = sound(filled(bar, steps // 2, per_beat, rng()))
    assert (fill.hits[: steps // 2] == bar.hits[: steps // 2]).all()
    assert fill.hits[steps // 2 :, 4:7].any()


def test_a_crash_takes_the_place_of_the_hi_hat():
    bar = crashed(pattern())
    assert bar.hits[0, [KICK, CRASH]].all()
    assert not bar.hits[0, CLOSED]
    sound(bar)


def random_bar(seed=0, share=0.3):
    r = rng(seed)
    hits = r.random((16, 9)) < share
    velocities = np.where(hits, r.uniform(0.1, 1, (16, 9)), 0).astype(np.float32)
    offsets = np.where(hits, r.uniform(-0.5, 0.5, (16, 9)), 0).astype(np.float32)
    return Bar(hits, velocities, offsets)


@given(st.integers(0, 999), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_shaped_bar_is_sound_and_has_one_hi_hat_at_a_time(seed, density, loud, swing, keep):
    settings = Settings(density=density, intensity=loud, swing=swing, humanise=1)
    bar = sound(shaped(random_bar(seed), 4, settings, keep))
    assert not (bar.hits[:, OPEN] & bar.hits[:, CLOSED]).any()


def test_in_the_middle_the_controls_leave_a_bar_as_it_is():
    bar = random_bar()
    bar.hits[:, OPEN] &= ~bar.hits[:, CLOSED]
    bar.velocities[~bar.hits] = 0
    same = shaped(bar, 4, Settings(humanise=1))
    assert (same.hits == bar.hits).all()
    assert same.velocities[bar.hits] == pytest.approx(bar.velocities[bar.hits])
    assert same.offsets[bar.hits] == pytest.approx(bar.offsets[bar.hits])


def test_thinning_keeps_the_downbeat_and_leaves_silence_silent():
    thin = shaped(pattern(), 4, Settings(density=0))
    assert np.argwhere(thin.hits).tolist() == [[0, KICK]]
    assert not shaped(empty(), 4, Settings(density=0), 0.1).hits.any()


def test_half_time_is_two_bars_and_double_time_one():
    bar = random_bar()
    first, second = stretched(bar, "half")
    assert (first.hits[::2] == bar.hits[:8]).all()
    assert (second.hits[::2] == bar.hits[8:]).all()
    assert not first.hits[1::2].any()
    (double,) = stretched(bar, "double")
    assert len(double) == 32
    whole = sound(announced(double, 16))
    assert (whole.hits[:8] == bar.hits[::2] | bar.hits[1::2]).all()
    assert stretched(bar, "normal") == [bar]


def test_the_rhythm_of_the_body_is_the_beats_and_what_it_did_lately():
    body = BodyRhythm()
    body.accent(6, 16, 0.9)
    body.bar()
    assert np.flatnonzero(body.rhythm(16, 4, 0.7)).tolist() == [0, 4, 6, 8, 12]
    assert np.flatnonzero(body.rhythm(16, 4, 0.0)).tolist() == [0, 4, 8, 12]
    assert len(body.rhythm(12, 4, 0.7)) == 12
    for _ in range(4):
        body.bar()
    assert np.flatnonzero(body.rhythm(16, 4, 0.7)).tolist() == [0, 4, 8, 12]


def test_presence_is_never_held_against_what_is_not_wired():
    assert Presence().there(1e9, 4)
    body = Presence()
    body.motion(10.0, 0.0, still=0.05)
    assert body.there(13.9, 4)
    assert not body.there(14.1, 4)
    body.motion(14.2, 0.3, still=0.05)
    assert body.there(15, 4)
    body.playing = False
    assert not body.there(15, 4)


def test_the_controls_do_not_change_the_bar_itself():
    bar = random_bar()
    before = [array.copy() for array in (bar.hits, bar.velocities, bar.offsets)]
    shaped(bar, 4, replace(Settings(), density=0.9, mute=(0, 1)), 0.5)
    filled(bar, 8, 4, rng())
    crashed(bar)
    for old, new in zip(before, (bar.hits, bar.velocities, bar.offsets), strict=True):
        assert (old == new).all()
