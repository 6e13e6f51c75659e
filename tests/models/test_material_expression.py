"""Dynamics and articulation: the labels say what the notes do."""

import numpy as np
import pytest

from rt_engine.models.rhythm.material import expression, scores, takes
from rt_engine.models.rhythm.material.render import RATE

SECONDS = 40.0


@pytest.fixture(scope="module", params=range(4))
def line(request):
    rng = np.random.default_rng(request.param)
    times = np.cumsum(rng.choice((0.25, 0.5, 0.5, 1.0), 70))
    times = times[times < 38]
    pitches = 60 + rng.integers(0, 14, len(times))
    notes = np.column_stack([times, times + 0.2, pitches, np.full(len(times), 64)])
    beats = np.column_stack([np.arange(0.25, 40, 0.5), np.arange(80) % 4 + 1])
    score = scores.Score((scores.Part(notes),), beats)
    return expression.expressive(score, SECONDS, "train", rng)


def test_note_lengths_are_those_of_their_class(line):
    notes = line.score.parts[0].notes
    starts, ends = notes[:, scores.START], notes[:, scores.END]
    labels = line.articulation[np.floor(starts * 50).astype(int) + 1]
    room = np.diff(starts)
    ratio = (ends - starts)[:-1] / room
    repeated = np.diff(notes[:, scores.PITCH]) == 0
    flows = (ratio >= 1.0) | (repeated & (ratio > 0.9))
    apart = room < 0.7  # after longer notes the line may rest
    for label, fits in ((0, flows), (1, (ratio > 0.69) & (ratio < 0.91)), (2, ratio < 0.51)):
        own = (labels[:-1] == label) & apart
        assert fits[own].all()
    assert len(set(labels.tolist()) & {0, 1, 2}) >= 2


def test_louder_labels_have_faster_hammers(line):
    notes = line.score.parts[0].notes
    labels = line.dynamics[np.ceil(notes[:, scores.START] * 50).astype(int) + 1]
    inside = labels >= 0
    velocity = notes[inside, scores.VELOCITY]
    expected = np.interp(labels[inside], (0, 5), expression.VELOCITIES)
    assert (np.abs(velocity - expected) < 9 + 10).mean() > 0.93  # but at a sudden change
    assert np.corrcoef(labels[inside], velocity)[0, 1] > 0.9
    assert set(line.dynamics.tolist()) <= {-1, 0, 1, 2, 3, 4, 5}


def test_nothing_is_claimed_before_the_music(line):
    first = line.score.parts[0].notes[0, scores.START]
    silent = np.arange(2000) / 50 < first
    assert (line.dynamics[silent] == -1).all() and (line.articulation[silent] == -1).all()
    assert line.dynamics.shape == line.articulation.shape == (2000,)


def test_the_line_is_one_voice():
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 20, 200))
    notes = np.column_stack([starts, starts + 1, rng.integers(40, 90, 200), starts * 0 + 80])
    alone = expression.single_line(notes)
    assert np.diff(alone[:, scores.START]).min() > 0.04
    chord = np.array([[1.0, 2, 60, 80], [1.01, 2, 72, 80], [1.02, 2, 67, 80]])
    assert expression.single_line(chord)[:, scores.PITCH].tolist() == [72]


def test_soft_passages_are_darker():
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(4 * RATE)
    levels = np.array([[0.0, 0.0], [1.95, 0.0], [2.05, 5.0], [4.0, 5.0]])
    heard = expression.brightened(sound, levels)

    def brightness(part):
        power = np.abs(np.fft.rfft(part)) ** 2
        frequency = np.fft.rfftfreq(len(part), 1 / RATE)
        return power[frequency > 3000].sum() / power.sum()

    soft, loud = brightness(heard[: int(1.8 * RATE)]), brightness(heard[int(2.2 * RATE) :])
    assert soft < 0.6 * loud


def test_held_out_instruments_are_never_in_training():
    rng = np.random.default_rng(2)
    trained = {expression.instrument("train", rng) for _ in range(500)}
    tested = {expression.instrument("test", rng) for _ in range(500)}
    held = set(expression.HELD_OUT["test"] + expression.HELD_OUT["valid"])
    assert not trained & held
    assert tested & held


def test_kinds_are_drawn_in_their_shares():
    assert sum(takes.KINDS.values()) == pytest.approx(1.0)
