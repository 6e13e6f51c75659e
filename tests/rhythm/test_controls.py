from dataclasses import replace

import numpy as np
import pytest

from rt_engine.rhythm import Settings, Tracker

from .conftest import FPS, RATE, grid, render, rock, track

SILENCE = np.zeros(20 * RATE, np.float32)


def call(name, *values):
    return lambda tracker: getattr(tracker, name)(*values)


@pytest.mark.parametrize("bpm", [75, 118, 160])
def test_four_taps_set_tempo_and_phase_in_silence(bpm):
    beats = grid(bpm, 20, start=2.0)
    taps = [(beat, call("tap", beat)) for beat in beats[:4]]
    run = track(SILENCE, events=taps, hold=True)
    errors = run.errors(beats, since=beats[3] + 0.1)
    assert len(errors) > 15
    assert np.abs(errors).max() < 0.02
    assert run.steps[-1].bpm == pytest.approx(bpm, rel=0.02)


def test_two_taps_are_enough_and_one_changes_nothing(rock_120):
    beats = grid(100, 20, start=2.0)
    two = track(SILENCE, events=[(b, call("tap", b)) for b in beats[:2]], hold=True)
    assert np.abs(two.errors(beats, since=4, until=8)).max() < 0.03
    one = track(rock_120[1], events=[(9.7, call("tap", 9.7))])
    assert one.steps == track(rock_120[1]).steps


def test_uneven_taps_are_averaged_and_a_late_tap_begins_a_new_series():
    beats = grid(110, 20, start=6.0)
    shaky = beats[:6] + np.array([0.02, -0.02, 0.015, -0.015, 0.02, -0.01])
    taps = [(t, call("tap", t)) for t in [1.0, 1.4, *shaky]]
    run = track(SILENCE, events=taps, hold=True)
    assert np.abs(run.errors(beats, since=9.5, until=14)).max() < 0.06
    assert run.steps[-1].bpm == pytest.approx(110, rel=0.03)


def test_taps_move_a_tracker_from_the_offbeat():
    beats = grid(120, 20)
    run = track(render([(beat, "click") for beat in beats], 20))
    offbeat = beats + 0.25
    taps = [(t, call("tap", t)) for t in offbeat[16:20]]
    tapped = track(render([(beat, "click") for beat in beats], 20), events=taps)
    assert np.abs(run.errors(beats, since=10)).max() < 0.02
    assert np.abs(tapped.errors(offbeat, since=10.4, until=12)).max() < 0.05


def test_a_tap_out_of_range_is_no_tempo():
    run = track(SILENCE, events=[(t, call("tap", t)) for t in (1.0, 1.1, 1.2)], hold=True)
    assert not run.decisions


def test_half_and_double(rock_120):
    beats, sound = rock_120
    run = track(sound, events=[(10.1, call("half"))])
    assert run.at(10.5).bpm == pytest.approx(60, rel=0.02)
    assert run.at(16).bpm == pytest.approx(60, rel=0.02)
    after = run.dues[run.dues > 11.2]
    np.testing.assert_allclose(np.diff(after), 1.0, atol=0.05)
    kicks = beats[::2]
    assert max(np.abs(kicks - due).min() for due in after if due < 19) < 0.04


def test_double_gives_the_eighths():
    beats = grid(90, 20)
    clicks = render([(beat, "click") for beat in beats], 20)
    run = track(clicks, events=[(10.1, call("double"))])
    assert run.at(10).bpm == pytest.approx(90, rel=0.02)
    assert run.at(10.5).bpm == pytest.approx(180, rel=0.02)
    assert run.at(18).bpm == pytest.approx(180, rel=0.02)
    assert np.abs(run.errors(grid(180, 20), since=10.5)).max() < 0.04


def test_half_and_double_out_of_range_change_nothing(rock_120):
    tracker = Tracker(FPS, settings=Settings(bpm=(100, 150)))
    track(rock_120[1], tracker)
    before = tracker.predict(1)
    assert not tracker.half()
    assert not tracker.double()
    assert tracker.predict(1) == before


@pytest.mark.parametrize("seconds", [0.03, -0.03])
def test_a_nudge_moves_the_beats_and_stays(rock_120, seconds):
    run = track(rock_120[1], events=[(10.1, call("nudge", seconds))])
    plain = track(rock_120[1])
    before, after = run.dues < 10.1, run.dues > 11
    np.testing.assert_array_equal(run.dues[before], plain.dues[before])
    np.testing.assert_allclose(run.dues[after] - plain.dues[after], seconds, atol=0.003)


@pytest.mark.parametrize("beat", [17, 18, 19, 20])
def test_this_is_one_counts_from_there(rock_120, beat):
    beats, sound = rock_120
    at = beats[beat] + 0.1
    run = track(sound, events=[(at, call("this_is_one", at))], coast=1.0)
    after = [d for d in run.decisions if at + 0.1 < d.due < at + 3]
    assert len(after) >= 5
    for decision in after:
        assert decision.position == (np.abs(beats - decision.due).argmin() - beat) % 4 + 1


def test_hold_keeps_the_tempo_whatever_is_heard():
    beats = grid(120, 10)
    other = grid(133, 20, start=10.2)
    events = rock(beats) + rock(other)
    held = track(render(events, 20), events=[(9.0, hold(True))])
    assert np.abs(held.errors(grid(120, 20), since=6)).max() < 0.03
    released = track(render(events, 20), events=[(9.0, hold(True)), (12.0, hold(False))])
    assert np.abs(released.errors(other, since=17)).max() < 0.03


def hold(value):
    return lambda tracker: tracker.configure(replace(tracker.settings, hold=value))


def test_a_new_range_takes_effect_and_keeps_the_beat_inside_it(rock_120):
    beats, sound = rock_120

    def narrow(tracker):
        tracker.configure(replace(tracker.settings, bpm=(90, 150), meters=(3, 4)))

    run = track(sound, events=[(10.1, narrow)])
    assert np.abs(run.errors(beats)).max() < 0.03
    assert np.diff(run.dues[run.dues > 6]).max() < 0.55

    def slow(tracker):
        tracker.configure(replace(tracker.settings, bpm=(50, 80)))

    assert track(sound, events=[(10.1, slow)]).steps[-1].bpm == pytest.approx(60, rel=0.02)


def test_actions_before_the_first_frame_do_no_harm(rock_120):
    tracker = Tracker(FPS)
    tracker.tap(0.1)
    tracker.tap(0.6)
    tracker.nudge(0.0)
    tracker.this_is_one(0.3)
    tracker.half()
    tracker.double()
    assert len(track(rock_120[1], tracker).dues) > 20


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -3.0])
def test_a_nudge_that_is_none_changes_nothing(seconds):
    tracker = Tracker(100.0)
    before = tracker.predict(2)
    with pytest.raises(ValueError, match="needed is -2 to 2"):
        tracker.nudge(seconds)
    assert tracker.predict(2) == before
