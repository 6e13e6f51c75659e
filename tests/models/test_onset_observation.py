import hashlib
import json
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import logsumexp

from rt_engine.models.onset_observation import __main__ as command
from rt_engine.models.onset_observation import calibrate, material
from rt_engine.models.onset_observation.evaluate import listen, score
from rt_engine.models.onset_observation.export import card, weights_text, write
from rt_engine.models.onset_observation.fit import (
    AHEAD,
    BAR,
    READINGS,
    RIDGE,
    TRUE,
    WARM,
    Heard,
    fit,
    gather,
    loss,
    minimise,
)
from rt_engine.models.onset_observation.material import RATE, Candidate, Excerpt, clicks, draw
from rt_engine.models.onset_observation.scores import Score, excerpt
from rt_engine.rhythm import OnsetObservation
from rt_engine.rhythm.observation import FITTED, load_weights

CARD = Path(__file__).parents[2] / "exported_models" / "onset_observation.json"


def test_the_card_is_that_of_the_numbers_in_use():
    named = json.loads(CARD.read_text(encoding="utf-8"))
    assert named["sha256"] == hashlib.sha256(FITTED.read_bytes()).hexdigest()
    fitted = json.loads(FITTED.read_text(encoding="utf-8"))
    weights = OnsetObservation(100.0).weights
    assert np.array_equal(weights[:, :5], fitted["weights"])
    assert np.array_equal(weights[:, 5], fitted["bias"])


def test_the_card_names_licences_and_beats_the_baseline():
    named = json.loads(CARD.read_text(encoding="utf-8"))
    assert all(row["licence"] and row["fitted_on"] and row["held_out"] for row in named["data"])
    archive = next(row for row in named["data"] if row["set"].startswith("midi-archive"))
    assert "unclear" in archive["licence"]
    figures = {name: table["all"] for name, table in named["held_out"].items()}
    baseline = figures["baseline: 115 BPM, whatever is heard"]
    assert all(figures["weights"][name] > baseline[name] + 40 for name in ("F", "CMLt"))


def test_a_file_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text('{"weights": [[1, 2], [3, 4]], "bias": [0, 0]}')
    with pytest.raises(ValueError, match=r"\(2, 3\), not \(7, 6\)"):
        load_weights(path)


@pytest.fixture
def tiny():
    """4.1 s of random onset strength at 20 frames a second, beats of 100 BPM; one window of 2 s."""
    rng = np.random.default_rng(3)
    times = np.arange(82) / 20
    beats = np.column_stack([np.arange(0.1, 5, 0.6), np.arange(9) % 4 + 1])
    return Heard("tiny", "none", rng.exponential(1.0, (82, 5)).astype(np.float32), times, beats)


def label_of(place):
    """Label of a place counted in beats from a downbeat, by the words of `OnsetObservation`."""
    beat, phase = divmod(place, 1.0)
    spots = {0.0: int(beat) % 4, 0.5: 4, 0.25: 5, 0.75: 5}
    return next((label for at, label in spots.items() if at <= phase < at + 1 / 16), 6)


def slow_score(piece, reading, theta):
    """Score of a reading over the window, frame by frame."""
    ratio, ahead = reading
    bpm = 100.0 * ratio
    if not 60 <= bpm <= 200:
        return -np.inf
    observation = OnsetObservation(20.0)
    total = -0.5 * (np.log2(bpm / 115) / 0.5) ** 2
    for row, t in zip(piece.rows, piece.times, strict=True):
        heard = observation.hear(row)
        if WARM <= t < WARM + 2.0:
            label = label_of((t + AHEAD - 0.1) / 0.6 * ratio + ahead)
            total += theta.reshape(7, 6)[label] @ heard
    return total


def test_the_likelihood_is_that_of_every_reading_counted_by_hand(tiny):
    windows = gather([tiny], 2.0)
    assert windows.sums.shape == (1, len(READINGS), 7, 6)
    theta = 0.1 * np.random.default_rng(0).standard_normal(42)
    scores = [slow_score(tiny, reading, theta) for reading in READINGS]
    true = logsumexp(scores[:TRUE])
    expected = logsumexp(scores) - true - BAR * (scores[0] - true) + RIDGE / 2 * theta @ theta
    got = loss(theta, windows.sums.reshape(1, -1, 42), windows.prior)
    assert got.value == pytest.approx(expected, rel=1e-9)


@pytest.fixture
def problem():
    """Sums (12 windows, 9 readings, 5) and priors, one reading forbidden."""
    rng = np.random.default_rng(1)
    prior = rng.standard_normal((12, 9))
    prior[:, 7] = -np.inf
    return rng.standard_normal((12, 9, 5)), prior


def test_the_gradient_is_that_of_the_likelihood_and_the_curvature_bounds_it(problem):
    theta = np.random.default_rng(2).standard_normal(5)
    here = loss(theta, *problem)
    assert here.gradient == pytest.approx(
        approx_fprime(theta, lambda x: loss(x, *problem).value, 1e-7), abs=1e-5
    )
    hessian = approx_fprime(theta, lambda x: loss(x, *problem).gradient, 1e-6)
    assert np.linalg.eigvalsh(here.curvature - hessian).min() > -1e-5
    assert np.abs(here.curvature - hessian).max() > 1e-3


def test_the_fit_ends_where_scipy_ends(problem):
    oracle = minimize(lambda x: loss(x, *problem).value, np.zeros(5), method="BFGS")
    assert minimise(*problem) == pytest.approx(oracle.x, abs=1e-3)


def test_logistic_regression_agrees_with_scipy():
    rng = np.random.default_rng(4)
    features = np.column_stack([rng.standard_normal((200, 2)), np.ones(200)])
    truth = (features @ [1.0, -2.0, 0.5] + rng.logistic(size=200) > 0).astype(float)

    def negative(theta):
        scores = features @ theta
        return np.logaddexp(0, scores).sum() - truth @ scores + 5e-4 * theta @ theta

    oracle = minimize(negative, np.zeros(3), method="BFGS").x
    assert calibrate.logistic(features, truth) == pytest.approx(oracle, abs=1e-3)


def test_pieces_of_a_group_are_all_fitted_on_or_all_held_out(monkeypatch, tmp_path):
    files = [Candidate("groove", f"drummer {k % 8}", tmp_path / str(k), None) for k in range(80)]
    monkeypatch.setitem(material.CANDIDATES, "groove", lambda _: list(files))

    def make(candidate, held_out, *_):
        return Excerpt(candidate.path.name, "groove", candidate.group, held_out, None, None)

    monkeypatch.setattr(material, "make", make)
    few, many = (list(draw("groove", tmp_path, tmp_path, tmp_path, n, 0)) for n in (12, 30))
    sides = {piece.group: piece.held_out for piece in many}
    assert all(piece.held_out == sides[piece.group] for piece in (*many, *few))
    assert sorted(sides.values()) == [False] * 6 + [True] * 2
    assert len(many) == 30


@pytest.fixture
def song(tmp_path):
    """Sixteen quarters on the drum channel, 120 BPM and from the ninth on 90 BPM."""
    track = mido.MidiTrack([mido.Message("program_change", program=33, channel=1)])
    for k in range(16):
        if k == 8:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90)))
        track.append(mido.Message("note_on", channel=9, note=36, velocity=100))
        track.append(mido.Message("note_on", channel=9, note=36, velocity=0, time=480))
    path = tmp_path / "song.mid"
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)
    return path


def hits(midi):
    now, times = 0.0, []
    for message in midi:
        now += message.time
        if message.type == "note_on" and message.velocity:
            times.append(now)
    return times


def test_beats_of_a_file_are_where_mido_plays_them(song):
    score_ = Score(song)
    assert score_.times(np.arange(16.0)) == pytest.approx(hits(mido.MidiFile(song)))
    assert score_.drums() == pytest.approx(np.arange(16))


def test_an_excerpt_plays_the_same_from_its_start_on(song):
    part = excerpt(Score(song), start=1.9, seconds=3.0, drum_gain=0.5)
    inside = [t - 1.9 for t in hits(mido.MidiFile(song)) if 1.9 <= t < 4.9]
    assert hits(part) == pytest.approx(inside, abs=1e-4)
    assert part.length == pytest.approx(3.0)
    assert part.tracks[0][0].program == 33
    assert {m.velocity for m in part if m.type == "note_on"} == {50, 0}


def test_what_is_no_midi_file_is_refused(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(b"not music")
    with pytest.raises(ValueError, match=r"song\.mid"):
        Score(path)


def test_true_beats_score_100_and_silence_0():
    piece = listen(clicks(1, seconds=12.0), RATE)
    assert score(lambda p: p.beats[:, 0], [piece]) == {"F": 100.0, "CMLt": 100.0}
    assert score(lambda p: np.empty(0), [piece]) == {"F": 0.0, "CMLt": 0.0}


def test_the_whole_way_on_clicks(tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate, "NOISES", 2)
    pieces = [clicks(k, seconds=16.0) for k in (1, 2, 3, 4)]
    assert [piece.held_out for piece in pieces] == [False, False, False, True]
    weights, figures = command.run(pieces, chosen=(2.0, 2.0))
    again = fit(gather([listen(piece, RATE) for piece in pieces[:3]], 2.0))
    assert np.array_equal(weights, (2.0 * again).round(4))
    assert figures["held_out"]["weights"]["all"]["F"] > 90
    text = weights_text(weights)
    files = tmp_path / "weights.json", tmp_path / "cards" / "card.json"
    write(text, card(text, pieces, "command", figures), *files)
    assert np.array_equal(load_weights(files[0]), weights)
    assert json.loads(files[1].read_text())["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_window_and_sharpness_are_those_of_the_best_score():
    heard = [listen(clicks(k, seconds=10.0), RATE) for k in (1, 2)]
    seconds, sharpness, tried = command.choose(heard, windows=(2.0,), sharpness=(0.01, 2.0))
    assert len(tried) == 2
    best = max(tried, key=lambda row: row["F"] + row["CMLt"])
    assert (seconds, sharpness) == (best["window"], best["sharpness"])


def test_clicks_are_as_far_apart_as_their_tempo_says():
    for k in range(8):
        piece = clicks(k)
        loud = np.abs(piece.sound) > 0.05
        starts = [b for a, b in pairwise(np.flatnonzero(loud)) if b - a > RATE // 20]
        expected = piece.beats[1:, 0] * RATE
        assert np.array(starts) == pytest.approx(expected, abs=0.012 * RATE)
