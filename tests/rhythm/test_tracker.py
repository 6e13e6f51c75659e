import itertools

import numpy as np
import pytest

from rt_engine.rhythm import ActivationObservation, Settings, Tracker

from .conftest import FPS, RATE, grid, render, rock, track


@pytest.mark.parametrize("bpm", [105, 120, 138])
def test_beats_of_drums_lie_within_20_ms(bpm):
    beats = grid(bpm, 16)
    run = track(render(rock(beats), 16))
    errors = run.errors(beats, since=5)
    assert len(errors) == ((beats > 5) & (beats < beats[-1] - 0.1)).sum()
    assert np.abs(errors).max() < 0.02
    assert run.steps[-1].bpm == pytest.approx(bpm, rel=0.01)


@pytest.mark.parametrize("bpm", [60, 80, 100, 125, 150, 175, 200])
def test_a_metronome_is_found_in_a_range_of_an_octave_around_it(bpm):
    beats = grid(bpm, 15)
    clicks = render([(beat, "click") for beat in beats], 15)
    run = track(clicks, bpm=(bpm / 1.4, bpm * 1.4))
    assert np.abs(run.errors(beats, since=6)).max() < 0.02
    assert run.steps[-1].bpm == pytest.approx(bpm, rel=0.015)


@pytest.mark.parametrize("bpm", [90, 120, 150])
def test_a_metronome_is_found_in_the_whole_range(bpm):
    beats = grid(bpm, 15)
    run = track(render([(beat, "click") for beat in beats], 15))
    assert run.steps[-1].bpm == pytest.approx(bpm, rel=0.015)


def test_beats_are_decided_ahead_by_the_lead_once_and_in_order(rock_120):
    run = track(rock_120[1], lead=0.15)
    ahead = [beat.due - step.t for step in run.steps for beat in step.beats]
    assert min(ahead[10:]) > 0.13
    assert max(ahead) <= 0.15
    assert [beat.index for beat in run.decisions] == list(range(len(run.decisions)))
    assert np.diff(run.dues).min() > 0.3


def test_the_bar_is_counted_and_the_kick_is_odd(rock_120):
    beats, sound = rock_120
    late = [beat for beat in track(sound).decisions if 6 < beat.due < 19]
    for beat in late:
        assert beat.position % 2 == (1 + np.abs(beats - beat.due).argmin()) % 2
        assert beat.meter == 4
    for one, two in itertools.pairwise(late):
        assert two.position == one.position % 4 + 1


@pytest.mark.parametrize(("before", "after"), [(110, 122), (120, 106)])
def test_a_new_tempo_is_followed_within_four_beats(before, after):
    first = grid(before, 12)
    beats = np.concatenate([first, grid(after, 22, first[-1] + 60 / after)])
    run = track(render(rock(beats), 22))
    errors = run.errors(beats, since=first[-1] + 4.5 * 60 / after)
    assert np.abs(errors).max() < 0.06
    assert run.steps[-1].bpm == pytest.approx(after, rel=0.015)


def test_a_slow_accelerando_is_followed_all_the_way():
    beats = 0.5 + np.cumsum(60 / np.linspace(95, 135, 50))
    run = track(render(rock(beats), beats[-1] + 0.5))
    assert np.abs(run.errors(beats)).max() < 0.05
    assert np.abs(np.diff(run.dues[-30:], 2)).max() < 0.06  # no jump


def test_corrections_glide():
    beats = grid(120, 12)
    beats[12:] += 0.04
    run = track(render(rock(beats), 12))
    periods = np.diff(run.dues[run.dues > 5])
    assert periods.min() > 0.85 * 0.5
    assert periods.max() < 1.15 * 0.5
    assert np.abs(run.errors(beats, since=9)).max() < 0.02


def test_a_large_shift_is_jumped_and_never_faster_than_the_gap():
    beats = grid(120, 24)
    beats = np.concatenate([beats[:20], beats[20:] + 0.2])
    run = track(render(rock(beats), 24))
    assert np.diff(run.dues).min() >= 0.15
    assert np.abs(run.errors(beats, since=20)).max() < 0.03


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_without_rhythm_there_is_no_beat_and_low_confidence(kind):
    t = np.arange(12 * RATE) / RATE
    sound = {
        "silence": np.zeros(len(t)),
        "noise": np.random.default_rng(2).standard_normal(len(t)),
        "tone": np.sin(2 * np.pi * 330 * t),
    }[kind].astype(np.float32)
    run = track(sound)
    assert not run.decisions
    assert max(step.confidence for step in run.steps) < 0.25
    assert not any(step.playing for step in run.steps)


def test_confidence_is_high_with_drums_and_low_before(rock_120):
    beats, sound = rock_120
    noise = np.random.default_rng(3).standard_normal(5 * RATE).astype(np.float32)
    run = track(np.concatenate([0.05 * noise, sound]))
    assert run.at(4.5).confidence < 0.25
    assert run.at(20).confidence > 0.8
    assert all(0 <= step.confidence <= 1 for step in run.steps)
    assert np.abs(run.errors(beats + 5, since=11)).max() < 0.02


def test_30_db_less_changes_nothing(rock_120):
    loud, quiet = track(rock_120[1]), track(rock_120[1] * np.float32(10**-1.5))
    assert len(loud.dues) == len(quiet.dues)
    np.testing.assert_allclose(loud.dues, quiet.dues, atol=1e-3)


@pytest.mark.parametrize("floor", [0.0, 3e-5])
def test_a_break_is_coasted_with_falling_confidence_and_then_ends(floor):
    beats = grid(120, 12)
    hiss = floor * np.random.default_rng(5).standard_normal(30 * RATE)
    sound = hiss.astype(np.float32)
    sound[: 12 * RATE] = render(rock(beats), 12)
    run = track(sound, coast=3.0)
    onward = grid(120, 30)
    assert np.abs(run.errors(onward, since=6, until=15)).max() < 0.03
    assert (run.dues > 12).sum() >= 6
    assert run.at(14).confidence < run.at(11).confidence
    assert run.at(17).confidence < run.at(14).confidence
    assert run.dues[-1] < 27
    assert not run.steps[-1].playing


def test_music_after_a_break_is_on_the_beat_at_once():
    beats = grid(120, 24)
    heard = [event for event in rock(beats) if not 11.9 < event[0] < 15.9]
    run = track(render(heard, 24))
    assert np.abs(run.errors(beats)).max() < 0.03
    assert np.diff(run.dues[run.dues > 6]).max() < 0.6


@pytest.mark.parametrize("hole", [0.3, 1.0, 1.9])
def test_a_hole_in_the_stream_keeps_the_lock(rock_120, hole):
    rows, tracker = rows_of(rock_120[1]), Tracker(FPS)
    dues = []
    for t, row in rows:
        if not 10 < t < 10 + hole:
            dues += [beat.due for beat in tracker.step(row, t).beats]
    late = np.array([due for due in dues if 10 + hole < due < 19.4])
    assert len(late) > 12
    assert np.abs((late - 0.5 + 0.25) % 0.5 - 0.25).max() < 0.03


@pytest.mark.parametrize("jump", [2.5, -3.0])
def test_a_long_hole_or_a_step_back_starts_anew(rock_120, jump):
    rows, tracker = rows_of(rock_120[1]), Tracker(FPS)
    for t, row in rows[:1000]:
        tracker.step(row, t)
    assert tracker.playing
    step = tracker.step(rows[0][1], rows[999][0] + jump)
    assert not step.playing
    assert step.confidence < 0.3


def rows_of(sound):
    from rt_engine.signal.onset import OnsetStrength

    onset = OnsetStrength(RATE, hop=220)
    rows = onset.process(sound)
    return [(float(t), row) for t, row in zip(onset.times / RATE, rows, strict=True)]


def test_the_same_input_gives_the_same_bits(rock_120):
    first, second = track(rock_120[1]), track(rock_120[1])
    assert first.steps == second.steps
    tracker = first.tracker
    tracker.reset()
    assert track(rock_120[1], tracker).steps == first.steps


def test_predictions_go_on_from_the_coming_beat(rock_120):
    run = track(rock_120[1])
    ahead = run.tracker.predict(5)
    assert ahead[0] == run.steps[-1].next
    np.testing.assert_allclose(np.diff([beat.due for beat in ahead]), 0.5, atol=0.01)
    assert [b.position for b in ahead] == [(ahead[0].position - 1 + k) % 4 + 1 for k in range(5)]


def test_phase_and_position_are_those_of_the_last_beat(rock_120):
    run = track(rock_120[1])
    decisions = run.decisions
    for step in run.steps[900:1500:7]:
        last = max((b for b in decisions if b.due <= step.t), key=lambda beat: beat.due)
        assert step.position == last.position
        since = (step.t - last.due) / 0.5
        assert step.phase == pytest.approx(since, abs=0.05) or since > 0.95


def test_a_waltz_is_three_where_both_meters_may_be():
    beats = grid(140, 30)
    hits = [(beat, "kick" if k % 3 == 0 else "snare") for k, beat in enumerate(beats)]
    run = track(render(hits, 30), meters=(3, 4))
    last = [beat for beat in run.decisions if 24 < beat.due < 29]
    assert {beat.meter for beat in last} == {3}
    for beat in last:
        assert beat.position == np.abs(beats - beat.due).argmin() % 3 + 1


@pytest.mark.parametrize("dims", [1, 2])
def test_learned_activations_are_followed(dims):
    observation = ActivationObservation(100.0, dims)
    tracker = Tracker(100.0, observation, Settings())
    decisions = []
    for frame in range(2000):
        row = np.full(dims, 0.02)
        if frame % 48 == 10:
            downbeat = dims == 2 and frame // 48 % 4 == 2
            row[int(downbeat)] = 0.8
        decisions += tracker.step(row, frame / 100).beats
    late = [beat for beat in decisions if 8 < beat.due < 19.5]
    assert len(late) >= 23
    for beat in late:
        number = round((beat.due - 0.1) / 0.48)
        assert abs(beat.due - 0.1 - 0.48 * number) < 0.02
        if dims == 2:
            assert (beat.position == 1) == (number % 4 == 2)


def activations(beats, seconds, fps=50, weak=()):
    """What a network says of beats (time, place in the bar): 50 frames a second, never zero."""
    rows = np.full((int(seconds * fps), 2), 0.02)
    for number, (beat, place) in enumerate(beats):
        frame = round(beat * fps)
        for after, height in enumerate((0.7, 0.4)):
            if frame + after < len(rows):
                rows[frame + after, int(place == 1)] = height * (0.2 if number in weak else 1.0)
    return rows


def told(rows, fps=50, **settings):
    tracker = Tracker(fps, ActivationObservation(fps), Settings(**settings))
    return [beat for k, row in enumerate(rows) for beat in tracker.step(row, k / fps).beats]


@pytest.mark.parametrize("bpm", [62, 97, 140, 190])
@pytest.mark.parametrize("meter", [2, 3, 4])
def test_fifty_frames_a_second_are_enough_for_any_tempo_and_meter(bpm, meter):
    times = grid(bpm, 30)
    beats = [(t, k % meter + 1) for k, t in enumerate(times)]
    late = [b for b in told(activations(beats, 30), bpm=(55, 215), meters=(2, 3, 4)) if b.due > 10]
    assert len(late) >= 0.9 * 20 * bpm / 60 - 1
    for beat in late:
        nearest = np.abs(times - beat.due).argmin()
        assert abs(times[nearest] - beat.due) < 0.03 or beat.due > times[-1]
        assert (beat.position, beat.meter) == (nearest % meter + 1, meter) or beat.due > times[-1]


def test_a_few_weak_beats_do_not_change_the_level_of_the_metre():
    times = grid(120, 40)
    weak = range(41, 57, 2)  # for eight seconds every other beat is hardly heard
    rows = activations([(t, k % 4 + 1) for k, t in enumerate(times)], 40, weak=weak)
    late = [beat for beat in told(rows, meters=(2, 3, 4)) if 10 < beat.due < 39]
    assert np.diff([beat.due for beat in late]).max() < 0.6
    assert all(beat.bpm == pytest.approx(120, rel=0.05) for beat in late)


def test_a_wrong_activation_is_explained():
    with pytest.raises(ValueError, match=r"\(5,\) is needed"):
        Tracker(100.0).step(np.zeros(3), 0.0)
    with pytest.raises(ValueError, match=r"1 \(beat\) or 2"):
        ActivationObservation(100.0, 3)
