"""What the live drummer promises: on the grid, with the body, and an end to every groove."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.controls import Settings
from rt_engine.drums.patterns import CLOSED, CRASH, KICK, SNARE
from tests.drums.stage import PLAIN, Beat, Stage, steady, timed

ACCENTED = (KICK, SNARE, 4, 5, 6, CRASH)  # what answers an accent


def off_grid(stage, beats, parts=4):
    """Distance in s of every stroke to the nearest of the sixteenths between the beats."""
    times = [b.t for b in beats] + [beats[-1].t + beats[-1].period]
    grid = np.interp(np.arange(len(beats) * parts + 1) / parts, np.arange(len(times)), times)
    return np.array([np.abs(grid - s.t).min() for s in stage.strokes])


def test_the_groove_marks_every_beat_on_time():
    beats = steady(bars=4)
    stage = Stage().run(beats)
    assert off_grid(stage, beats).max() < 1e-9
    assert set(np.round([b.t for b in beats[:-1]], 6)) <= set(stage.times())
    assert list(stage.times(SNARE)[:4]) == [10.5, 11.5, 12.5, 13.5]
    assert {10.0, 11.0, 12.0, 13.0} <= set(stage.times(KICK))


def test_every_stroke_leaves_before_it_is_due_but_not_long_before():
    stage = Stage().run(steady(bars=4))
    ahead = np.array([s.t for s in stage.strokes]) - stage.told
    assert ahead.min() > 0.05
    assert ahead.max() <= PLAIN.ahead + 1e-9


def test_a_bar_is_announced_on_the_last_beat_before_it_as_it_is_played():
    beats = steady(bars=4)
    stage = Stage().run(beats, until=18.5)
    assert [b.t for b in stage.bars] == [10, 12, 14, 16, 18]
    assert [b.index for b in stage.bars] == list(range(5))
    assert np.all(np.array([b.t for b in stage.bars]) - stage.told_bars >= 0.3)
    for bar in stage.bars[:4]:
        played = {(round((s.t - bar.t) / 0.125), s.drum)
                  for s in stage.between(bar.t, bar.t + 2)}  # fmt: skip
        assert played == set(map(tuple, np.argwhere(bar.bar.hits).tolist()))


@pytest.mark.parametrize(("meter", "steps"), [(3, 12), (4, 16), (6, 12), (5, 20), (7, 14), (2, 8)])
def test_bars_of_every_metre_have_their_own_length(meter, steps):
    beats = steady(bars=5, meter=meter)
    stage = Stage().run(beats)
    assert {len(b.bar) for b in stage.bars} == {steps}
    assert np.allclose(np.diff([b.t for b in stage.bars]), meter * 0.5)
    assert off_grid(stage, beats, steps // meter).max() < 1e-9
    downbeats = [b.t for b in beats if b.position == 1]
    assert set(np.round(downbeats, 6)) <= set(stage.times(KICK))


def test_where_the_place_in_the_bar_is_unknown_bars_of_four_are_counted():
    beats = [b._replace(position=0, meter=0) for b in steady(bars=3)]
    stage = Stage().run(beats)
    assert [b.t for b in stage.bars] == [10, 12, 14, 16]
    assert off_grid(stage, beats).max() < 1e-9


@pytest.mark.parametrize("last", [60, 90, 180])
def test_a_changing_tempo_is_followed_without_doubles_and_gaps(last):
    bpm = np.linspace(120, last, 40)
    beats = timed(10 + np.concatenate([[0], np.cumsum(60 / bpm)]))
    stage = Stage(replace(PLAIN, density=1)).run(beats)
    change = np.abs(np.diff([b.period for b in beats])).max()
    assert off_grid(stage, beats).max() < 0.8 * change  # what is out before the next is told
    times, shortest = stage.times(), 60 / max(120, last) / 4
    assert np.diff(times).min() > 0.8 * shortest
    assert np.diff(times).max() < 1.2 * 60 / min(120, last) / 4


@pytest.mark.parametrize("jump", [-0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.7, 1.2])
def test_a_tracker_that_jumps_leaves_no_double_stroke_and_no_hole(jump):
    beats = steady(bars=3) + [b._replace(t=b.t + jump) for b in steady(bars=3, start=16)]
    stage = Stage(replace(PLAIN, density=1)).run(beats)
    for drum in range(9):
        assert (np.diff(stage.times(drum)) > 0.04).all()
    assert np.diff(stage.times()).max() < 0.5 if jump > 0.4 else 0.4
    after = [s.t for s in stage.strokes if s.t > 16 + jump + 1]
    assert np.abs((np.array(after) - jump) / 0.125 % 1 - 0.5).min() > 0.49


def test_a_downbeat_that_comes_early_begins_a_new_bar_there():
    beats = steady(bars=2) + steady(bars=3, start=14)[2:]
    beats = [*beats[:8], Beat(14, 1, 4, 0.5), *steady(bars=3, start=14.5)]
    stage = Stage().run(beats)
    assert 14.5 in [round(b.t, 6) for b in stage.bars]
    assert 14.5 in stage.times(KICK)
    assert off_grid(stage, beats).max() < 1e-9


def test_beats_that_are_missing_are_filled_in():
    beats = [b for b in steady(bars=4) if b.t not in (12.5, 13.0, 15.0)]
    stage = Stage().run(beats)
    assert {12.5, 13.0, 15.0} <= set(stage.times())


def test_beats_that_are_told_late_are_not_struck_twice():
    stage = Stage().run(steady(bars=4), lead=-0.01)
    for drum in range(9):
        assert (np.diff(stage.times(drum)) > 0.1).all()


def test_what_comes_far_too_late_is_left_out_and_counted():
    stage = Stage().run(steady(bars=4)[:9], until=13)
    before = len(stage.strokes)
    stage._keep(stage.drummer.tempo(True, 16.0), 16.0)  # nothing was heard for three seconds
    assert stage.drummer.dropped > 10
    late = [16.0 - s.t for s in stage.strokes[before:]]
    assert max(late) <= 0.06


def test_without_a_ticking_tracker_all_that_is_known_leaves_with_the_beats():
    beats = steady(bars=3)
    stage = Stage(ticks=False).run(beats, playing=None)
    assert {b.t for b in beats} <= set(stage.times())


# Accents.


def test_an_accent_is_answered_on_the_next_sixteenth():
    stage = Stage().run(steady(bars=3), accents=[(12.68, 0.9), (13.67, 0.78)], delay=0.04)
    plain = Stage().run(steady(bars=3))
    struck, before = ({(round(s.t, 6), s.drum) for s in x.between(12, 14)} for x in (stage, plain))
    more = sorted(struck - before)
    assert more == [(12.75, KICK), (12.75, CRASH), (13.75, SNARE)]
    answered = [told for s, told in zip(stage.strokes, stage.told, strict=True)
                if s.t == 12.75 and s.drum == CRASH]  # fmt: skip
    assert answered == [pytest.approx(12.72)]


def test_an_accent_that_the_groove_strikes_anyway_is_not_struck_again():
    beats = steady(bars=3)
    stage = Stage().run(beats, accents=[(12.5, 0.9), (13.02, 0.9)], delay=0.04)
    plain = Stage().run(beats)
    assert [s for s in stage.strokes if s.t < 13.9] == [s for s in plain.strokes if s.t < 13.9]


def test_what_the_body_does_every_bar_is_struck_with_it_from_the_next_bar_on():
    beats = steady(bars=6)
    accents = [(t.t + 0.375, 0.9) for t in beats if t.position == 2]
    stage = Stage().run(beats, accents=accents, delay=0.08)
    assert {14.875, 16.875, 18.875} <= set(stage.times())  # told by two bars
    gone = Stage().run(steady(bars=8), accents=accents[:2], delay=0.08)
    assert 24.875 not in gone.times()


def test_follow_says_which_accents_count():
    beats, accents = steady(bars=2), [(10.7, 0.3), (11.2, 0.8)]
    heard = {
        follow: Stage(replace(PLAIN, follow=follow)).run(beats, accents=accents, delay=0.02)
        for follow in (0, 0.4, 0.7, 0.9)
    }
    answers = {f: [t for t in (10.75, 11.25) if len(s.between(t, t + 0.1, *ACCENTED))]
               for f, s in heard.items()}  # fmt: skip
    assert answers == {0: [], 0.4: [], 0.7: [11.25], 0.9: [10.75, 11.25]}


def answered(follow, accents, until=14.0):
    """Accents that are struck on the next sixteenth, over what the groove strikes by itself."""
    beats, settings = steady(bars=9), replace(PLAIN, follow=follow)
    stage = Stage(settings).run(beats, accents=accents, delay=0.04)
    heard, plain = ({(round(s.t, 6), s.drum) for s in x.strokes if s.t < until}
                    for x in (stage, Stage(settings).run(beats)))  # fmt: skip
    return len({t for t, _ in heard - plain})


def test_the_usual_follow_answers_accents_of_half_the_strength_half_a_beat_apart():
    between = [10.315, 10.565, 10.815, 11.065]  # the groove strikes drums on eighths at most
    usual = Settings().follow
    assert answered(usual, [(t, 0.5) for t in between]) == 4
    assert answered(usual, [(t, 0.48) for t in between]) == 0
    close = [10.315, 10.565, 10.69, 10.815]  # the third is only a sixteenth after the second
    assert answered(usual, [(t, 0.6) for t in close], until=12) == 3
    assert answered(1, [(t, 0.6) for t in close], until=12) == 4


def test_more_follow_never_answers_less():
    rng = np.random.default_rng(5)
    accents = [(t, s) for t, s in zip(np.arange(10.1, 13.6, 0.17), rng.random(30), strict=False)]
    counts = [answered(f, accents) for f in np.linspace(0, 1, 11)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] > counts[7] > counts[4]


def test_free_accents_strike_at_once_and_without_beats():
    stage = Stage(replace(PLAIN, mode="free"))
    stage.run(steady(bars=2), accents=[(10.03, 0.9), (10.61, 0.3)], delay=0.04)
    assert [s.t for s in stage.strokes] == pytest.approx([10.07, 10.07, 10.65])
    assert stage.bars == []


def test_many_accents_in_a_beat_call_for_a_fill():
    stage = Stage().run(steady(bars=4), accents=[(12.1 + k / 8, 0.9) for k in range(4)])
    toms = [s for s in stage.between(12.6, 14) if s.drum in (4, 5, 6)]
    assert len(toms) >= 4
    assert 14.0 in stage.times(CRASH)


# Controls.


def notes(settings, bars=16, **more):
    stage = Stage(settings, **more)
    return stage.run(steady(bars=bars), accents=[(11.3, 0.9), (13.3, 0.8)]).strokes


def test_density_thins_out_and_fills_up():
    counts = [len(notes(replace(PLAIN, density=d))) for d in (0, 0.25, 0.5, 0.75, 1)]
    assert counts == sorted(counts)
    assert len(set(counts)) == 5
    assert counts[0] >= 16


def test_intensity_is_loudness():
    loud = [np.mean([s.velocity for s in notes(replace(PLAIN, intensity=i))]) for i in (0, 0.5, 1)]
    assert loud[0] < 0.7 * loud[1]
    assert loud[2] > 1.2 * loud[1]


@pytest.mark.parametrize("swing", [0, 0.5, 1])
def test_swing_delays_every_second_sixteenth(swing):
    strokes = notes(replace(PLAIN, density=1, swing=swing))
    late = [(s.t - 10) % 0.25 - 0.125 for s in strokes if 0.1 < (s.t - 10) % 0.25 < 0.2]
    assert late == pytest.approx([swing * 0.125 / 3] * len(late), abs=1e-7)
    assert len(late) > 50


def test_humanise_is_the_distance_from_the_grid_and_the_unevenness():
    spread = []
    for humanise in (0, 0.5, 1):
        strokes = notes(replace(PLAIN, humanise=humanise))
        off = [(s.t + 0.0625) % 0.125 - 0.0625 for s in strokes]
        hats = [s.velocity for s in strokes if s.drum == CLOSED and (s.t + 0.06) % 0.5 < 0.12]
        spread.append((np.std(off), np.std(hats)))
    assert spread[0] == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-6))
    assert spread[1][0] == pytest.approx(spread[2][0] / 2, rel=0.2)
    assert 0.003 < spread[2][0] < 0.008
    assert 0 < spread[1][1] < spread[2][1]


def test_variation_is_how_often_the_bar_changes():
    different = []
    for variation in (0, 0.5, 1):
        stage = Stage(replace(PLAIN, variation=variation)).run(steady(bars=24))
        bars = [b.bar.hits.tobytes() for b in stage.bars[1:]]
        different.append(sum(a != b for a, b in pairwise(bars)))
    assert different[0] == 0
    assert 0 < different[1] < different[2]


def test_a_fill_every_four_bars_ends_in_a_crash():
    stage = Stage(replace(PLAIN, fill_every=4)).run(steady(bars=12))
    assert [b.index for b in stage.bars if b.source == "fill"] == [3, 7, 11]
    assert list(stage.times(CRASH)) == [18.0, 26.0]


def test_a_fill_now_begins_with_the_next_step():
    calls = {12.6: lambda d: d.fill()}
    stage = Stage().run(steady(bars=4), calls=calls)
    toms = [s.t for s in stage.strokes if s.drum in (4, 5, 6)]
    assert min(toms) < 13.3
    assert max(toms) < 14
    assert list(stage.times(CRASH)) == [14.0]


@pytest.mark.parametrize(("feel", "kicks"), [("half", 8), ("normal", 16), ("double", 32)])
def test_half_and_double_time(feel, kicks):
    stage = Stage(replace(PLAIN, feel=feel)).run(steady(bars=9), until=28)
    on_beats = {round(s.t, 4) for s in stage.between(10, 26, KICK, SNARE)}
    assert len(on_beats) == 2 * kicks
    assert {len(b.bar) for b in stage.bars} == {16}


def test_mutes_silence_a_drum_wherever_it_would_sound():
    muted = replace(PLAIN, mute=(CRASH, SNARE), fill_every=2)
    drums = {s.drum for s in notes(muted)}
    assert drums.isdisjoint({CRASH, SNARE})
    assert KICK in drums


def test_lock_repeats_the_bar_whatever_the_body_does():
    stage = Stage(replace(PLAIN, lock=True, variation=1, fill_every=2))
    stage.run(steady(bars=8), accents=[(12.2 + k * 1.7, 0.9) for k in range(7)])
    assert len({b.bar.hits.tobytes() for b in stage.bars}) == 1
    assert {b.source for b in stage.bars[1:]} == {"lock"}


def test_the_body_moves_the_loudness():
    quiet = Stage().run(steady(bars=12), moving=lambda t: 1.0 if t < 20 else 0.2)
    before = np.mean([s.velocity for s in quiet.between(16, 20)])
    after = np.mean([s.velocity for s in quiet.between(24, 28)])
    assert after < 0.9 * before


# Beginning and end.


def last_stroke(stage):
    t = max(s.t for s in stage.strokes)
    return t, {s.drum for s in stage.strokes if s.t > t - 0.01}


def test_when_the_tracker_stops_the_groove_thins_out_and_ends_on_a_downbeat():
    stage = Stage().run(steady(bars=4), until=26, playing=lambda t: t < 17.8)
    t, drums = last_stroke(stage)
    assert (t, drums) == (20.0, {KICK, CRASH})
    counts = [len(stage.between(a, a + 2)) for a in (14, 18)]
    assert 0 < counts[1] < counts[0]
    assert stage.drummer.state == "idle"


def test_when_nobody_moves_for_some_seconds_it_ends_too():
    stage = Stage().run(steady(bars=10), moving=lambda t: 0.5 if t < 14 else 0.01)
    t, drums = last_stroke(stage)
    assert drums == {KICK, CRASH}
    assert t == 22.0  # four seconds of stillness, the rest of the bar, and a bar


def test_it_begins_again_with_a_new_person():
    stage = Stage().run(steady(bars=16), moving=lambda t: 0.5 if not 14 < t < 30.2 else 0.01)
    assert len(stage.between(24, 30)) == 0
    assert stage.times()[stage.times() > 24][0] == 32.0
    assert len(stage.between(34, 36)) > 6


def test_somebody_who_is_back_before_the_end_lets_it_go_on():
    stage = Stage().run(steady(bars=8), playing=lambda t: not 14.1 < t < 14.9)
    assert len(stage.between(18, 24)) > 16
    assert CRASH not in {s.drum for s in stage.strokes}


def test_where_beats_just_cease_it_ends_as_well():
    stage = Stage().run(steady(bars=4), until=30)
    t, drums = last_stroke(stage)
    assert drums == {KICK, CRASH}
    assert 18 < t <= 26
    assert t % 2 == 0


def test_a_count_in_comes_before_the_groove():
    stage = Stage(replace(PLAIN, count=1)).run(steady(bars=4))
    first = stage.between(10, 12)
    assert [s.t for s in first] == [10, 10.5, 11, 11.5]
    assert {s.drum for s in first} == {CLOSED}
    assert KICK in {s.drum for s in stage.between(12, 12.5)}
    assert stage.bars[0].t == 12


def test_a_count_in_by_hand():
    stage = Stage().run(steady(bars=4), calls={12.6: lambda d: d.count_in()})
    assert {s.drum for s in stage.between(14, 16)} == {CLOSED}
    assert KICK in {s.drum for s in stage.between(16, 17)}


def test_stop_ends_on_the_downbeat_and_start_begins_on_one():
    calls = {12.6: lambda d: d.stop(), 16.7: lambda d: d.start()}
    stage = Stage().run(steady(bars=6), calls=calls)
    assert {s.drum for s in stage.between(14, 14.5)} == {KICK, CRASH}
    assert stage.between(14.5, 18) == []
    assert len(stage.between(18, 20)) > 6


@pytest.mark.parametrize("at", np.arange(12, 14, 0.13))
def test_panic_silences_within_what_has_left_already(at):
    stage = Stage(replace(PLAIN, density=1)).run(
        steady(bars=6), calls={float(at): lambda d: d.panic()}
    )
    assert max(s.t for s in stage.strokes) <= at + PLAIN.ahead + 1e-9


def test_every_note_ends_soon():
    stage = Stage(replace(PLAIN, density=1, feel="double", fill_every=3)).run(steady(bars=8))
    lengths = np.array([s.length for s in stage.strokes])
    assert lengths.min() >= 0.03
    assert lengths.max() <= 0.1


def test_a_closed_hi_hat_ends_an_open_one():
    both = empty()
    both.hits[::2, 3], both.hits[1::2, 2] = True, True
    both.hits[4, 2] = True
    both.velocities[both.hits] = 0.7
    stage = Stage(expects=True)
    for downbeat in (12, 14):
        stage.drummer.written(downbeat, both)
    stage.run(steady(bars=3, bpm=120), until=16)
    opened, closed = stage.between(12, 16, 3), stage.between(12, 16, 2)
    assert len(opened) == 14  # not where both are written
    for stroke in opened:
        assert min(c.t for c in closed if c.t > stroke.t) >= stroke.t + stroke.length - 1e-9


# Bars that somebody writes.


def bar_of(*steps):
    bar = empty()
    bar.hits[list(steps), 8] = True
    bar.velocities[bar.hits] = 0.8
    return bar


def test_written_bars_are_played_where_they_belong():
    stage = Stage(replace(PLAIN, variation=1), expects=True)
    for k in range(4):
        stage.drummer.written(10.0 + 2 * k, bar_of(0, k + 1))
    stage.run(steady(bars=4), until=17.1)
    assert [b.source for b in stage.bars[:4]] == ["model"] * 4
    rides = stage.times(8)
    assert [t for t in rides if (t - 10) % 2] == [10.125, 12.25, 14.375, 16.5]
    assert stage.drummer.late == 0


def test_where_no_bar_is_written_in_time_a_pattern_goes_on():
    stage = Stage(expects=True)
    calls = {
        13.9: lambda d: d.written(12.0, bar_of(0)),
        14.6: lambda d: d.written(16, bar_of(0, 7)),
    }
    stage.run(steady(bars=4), calls=calls)
    assert [b.source for b in stage.bars[:4]] == ["pattern", "pattern", "pattern", "model"]
    assert stage.drummer.late == 3  # those at 12, 14 and 18 s
    assert len(stage.between(14, 16, SNARE)) == 2


def test_a_missing_bar_that_becomes_a_fill_is_missing_all_the_same():
    stage = Stage(replace(PLAIN, fill_every=2), expects=True).run(steady(bars=6))
    assert [b.source for b in stage.bars[:4]] == ["pattern", "fill"] * 2
    assert stage.drummer.late == len(stage.bars) - 1


def test_offsets_that_are_written_are_played_as_far_as_humanise_lets_them():
    late = bar_of(4)
    late.offsets[4, 8] = 0.4
    off = []
    for humanise in (0, 0.5):
        stage = Stage(replace(PLAIN, humanise=humanise), expects=True)
        stage.drummer.written(10, late)
        stage.run(steady(bars=2))
        off.append(stage.between(10, 12, 8)[0].t - 10.5)
    assert off[0] == pytest.approx(0, abs=1e-9)
    assert off[1] == pytest.approx(0.025, abs=0.0061)


class Broken:
    def __init__(self, after):
        self.left, self.memory = after, []

    def reset(self):
        self.memory.clear()

    def step(self, position, rhythm, strength, density, intensity, temperature, rng):
        if self.left == 0:
            raise RuntimeError("out of sticks")
        self.left -= 1
        return Bar(*(array[:1] for array in _arrays(bar_of(0))))

    def played(self, step):
        self.memory.append(step)


def _arrays(bar):
    return bar.hits, bar.velocities, bar.offsets


def test_steps_are_written_one_by_one_and_told_what_was_played():
    writer = Broken(after=-1)
    stage = Stage(replace(PLAIN, mute=(KICK,)), steps=writer).run(steady(bars=3), until=16)
    assert len(stage.strokes) == len(writer.memory) >= 48
    assert {s.drum for s in stage.strokes} == {8}


def test_a_step_writer_that_fails_is_replaced_by_patterns():
    stage = Stage(steps=Broken(after=20)).run(steady(bars=4))
    assert len(stage.between(10, 18, 8)) == 20
    assert "out of sticks" in stage.drummer.failure
    assert len(stage.between(14, 16, SNARE)) == 2


# Always the same.


@pytest.mark.parametrize("settings", [replace(PLAIN, humanise=1, variation=1, fill_every=3)])
def test_the_same_evening_again_is_the_same_to_the_last_stroke(settings):
    accents = [(10.3 + 0.37 * k, (k * 7 % 10) / 10) for k in range(30)]
    first, second = (Stage(settings).run(steady(bars=8), accents=accents) for _ in range(2))
    assert first.strokes == second.strokes
    assert len(first.strokes) > 60
    assert Stage(settings, seed=1).run(steady(bars=8), accents=accents).strokes != first.strokes
