"""Motion of musicians: losses and measures against their definitions, networks, training."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from rt_engine.models.export import check, export
from rt_engine.models.musician_motion import baselines, inverse, losses, metrics
from rt_engine.models.musician_motion.evaluate import (
    clips,
    live_motion,
    offline_motion,
    played,
    scores,
)
from rt_engine.models.musician_motion.material import (
    HEARD,
    INDEX,
    PEAK,
    RATE,
    alternating,
    prepared,
    stroke,
)
from rt_engine.models.musician_motion.network import INPUTS, OUTPUTS, LiveMusician
from rt_engine.models.musician_motion.publish import publish_musician
from rt_engine.models.musician_motion.references import COMPONENTS, FRAMES, METHODS, Musician
from rt_engine.models.musician_motion.train import ROWS, Recipe, clip_of, recipe_of, targets, train
from rt_engine.models.musician_motion.varied import varied
from rt_engine.models.training import count_parameters
from rt_engine.violin.avatar_player import COLUMNS
from tests.models.musician_motion.takes import take

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pieces():
    return [prepared(take(seed, 10.0)) for seed in range(3)]


def clip(rng, shape=(2, 7, 6)):
    return tuple(torch.from_numpy(rng.normal(size=shape)) for _ in range(2))


def test_time_wise_loss_is_that_of_all_pairs_of_frames():
    made, real = clip(np.random.default_rng(0))
    e = (made - real).numpy()
    pairs = (e[:, :, None] - e[:, None]) ** 2  # (batch, T, T, 3N)
    assert float(losses.timewise(made, real)) == pytest.approx(pairs.sum((1, 2, 3)).mean() / 49)


def test_space_wise_loss_is_that_of_all_pairs_of_coordinates():
    made, real = clip(np.random.default_rng(1))
    e = (made - real).numpy()
    pairs = (e[..., :, None] - e[..., None, :]) ** 2  # (batch, T, 3N, 3N)
    assert float(losses.spacewise(made, real)) == pytest.approx(pairs.sum((1, 2, 3)).mean() / 36)


def test_a_constant_error_costs_no_time_wise_loss_and_an_equal_one_no_space_wise_loss():
    _, real = clip(np.random.default_rng(2))
    assert float(losses.timewise(real + real[:, :1], real)) == pytest.approx(0, abs=1e-12)
    assert float(losses.spacewise(real + real[..., :1], real)) == pytest.approx(0, abs=1e-12)
    assert float(losses.compound(real + 1.0, real)) == pytest.approx(1.0)  # MSE alone


def test_even_losses_are_means_and_see_an_error_that_is_everywhere():
    made, real = clip(np.random.default_rng(6))
    e = (made - real).numpy()
    parts = e.var(axis=1).mean(), e.var(axis=2).mean(), (e**2).mean()
    assert float(losses.even(made, real)) == pytest.approx(4 * parts[0] + 4 * parts[1] + parts[2])
    twice = torch.cat((made, made), dim=1), torch.cat((real, real), dim=1)
    assert float(losses.even(*twice)) == pytest.approx(float(losses.even(made, real)))
    assert float(losses.even(real + 0.5, real)) == pytest.approx(0.25)


def test_components_count_by_how_far_they_move():
    one = {name: torch.tensor(3.0) for name in losses.DISTANCES}
    assert float(losses.weighted(one)) == pytest.approx(1 + 1 + 3)


def test_sub_networks_have_the_parameters_of_table_vii():
    counts = {name: count_parameters(Musician(m)) for name, m in METHODS.items()}
    assert counts["snsl"] == counts["sncl"] and counts["cnsl"] == counts["full"]
    blocks = count_parameters(Musician(METHODS["full"]).listen)
    assert 2 * blocks == 1_079_905 - 612_865


def test_frechet_distance_is_that_of_two_normal_distributions():
    rng = np.random.default_rng(3)
    a = [rng.normal((0, 0), (1, 2), (4000, 2)) for _ in range(3)]
    b = [rng.normal((1, 0), (2, 2), (4000, 2)) for _ in range(3)]
    assert metrics.frechet(a, b) == pytest.approx(1 + 1, abs=0.1)  # |m|^2 + (2 - 1)^2
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_units_are_those_of_the_real_motion_and_leave_out_what_stands():
    rng = np.random.default_rng(5)
    real = [np.column_stack([rng.normal(5, 2, 4000), np.ones(4000)])]
    units = metrics.standard(real)
    (made,) = units.of([np.array([[7.0, 3.0], [3.0, 3.0]])])
    np.testing.assert_allclose(made, [[1.0], [-1.0]], atol=0.1)


def test_diversity_is_the_mean_distance_of_clips():
    assert metrics.diversity([np.zeros((5, 2)), np.full((5, 2), 3.0)]) == pytest.approx(18**0.5)
    with pytest.raises(ValueError, match="1 clips: diversity needs 2"):
        metrics.diversity([np.zeros((5, 2))])


def test_turns_are_seen_where_a_hand_goes_back():
    t = np.arange(200) / 25
    velocity = np.cos(np.pi * t)  # turns at 0.5, 1.5, ... s
    found = metrics.reversals(velocity, t, 0.2)
    np.testing.assert_allclose(found, np.arange(0.5, 8.0), atol=1e-6)
    assert metrics.f_measure(found + 0.04, np.arange(0.5, 8.0), 0.05) == 1.0
    assert metrics.f_measure(found + 0.06, np.arange(0.5, 8.0), 0.05) == 0.0
    assert metrics.f_measure(found[::2], found, 0.05) == pytest.approx(2 / 3)
    assert len(metrics.reversals(0.01 * velocity, t, 0.2)) == 0


def test_correlations_do_not_depend_on_the_direction_and_are_none_for_a_statue():
    rng = np.random.default_rng(4)
    v = rng.normal(size=300)
    assert metrics.with_bow(v, -2 * v) == pytest.approx(1.0)
    assert metrics.with_bow(v, np.zeros(300)) == 0.0
    t = np.arange(300) / 25
    turns = np.arange(1.0, 11.0)
    square = np.where((t // 1.0) % 2, 1.0, -1.0)
    assert metrics.at_turns(square, t, turns) > 0.5
    assert metrics.at_turns(square, t, turns + 0.5) < 0.1


def test_joints_between_are_found_from_the_ends(pieces):
    body = inverse.fit(pieces)
    real = pieces[0].moves.reshape(-1, len(INDEX), 3)
    made = body.complete(real[:, inverse.ENDS].reshape(len(real), -1)).reshape(real.shape)
    np.testing.assert_allclose(made[:, inverse.ENDS], real[:, inverse.ENDS], atol=0.02)
    elbow = INDEX["RMEL"]
    error = np.linalg.norm(made[:, elbow] - real[:, elbow], axis=1).std()
    assert error < 0.4 * real[:, elbow].std()
    places = made + body.mean
    for a, b in (("RSHO", "RMEL"), ("RMEL", "RMWR"), ("LMEL", "LMWR")):
        lengths = np.linalg.norm(places[:, INDEX[a]] - places[:, INDEX[b]], axis=1)
        assert np.ptp(lengths) < 1e-6
    for foot in ("RTOE", "LTOE"):
        assert np.abs(made[:, INDEX[foot]]).max() == 0


def test_a_take_is_told_without_its_body_and_with_its_bow(pieces):
    given = take(0, 10.0)
    piece = pieces[0]
    assert piece.moves.mean(axis=0) == pytest.approx(0.0, abs=1e-6)
    larger = given.joints * np.float32(1.2) + np.float32((0.5, 0.0, -0.3))
    twin = prepared(type(given)(**{**vars(given), "joints": larger}))
    np.testing.assert_allclose(twin.moves, piece.moves, atol=1e-5)
    true = np.diff(piece.place)
    assert abs(np.corrcoef(np.diff(stroke(given.joints)), true)[0, 1]) > 0.7
    right, left, torso = targets(piece)
    assert right.shape == (len(piece), 4) and left.shape == torso.shape == (len(piece), 3)
    for turn in piece.turns:
        assert right[round(turn * RATE), 1] == 1
    assert 0 < right[:, 1].mean() < 0.35


def test_the_told_direction_is_the_true_one_in_training_and_the_heard_one_afterwards(pieces):
    heard = np.zeros((60, HEARD), np.float32)
    heard[[10, 40], PEAK] = 1
    signs = alternating(heard)
    assert (signs[:10] == 1).all() and (signs[10:40] == -1).all() and (signs[40:] == 1).all()
    piece, start = pieces[0], 37
    rows = slice(start, start + ROWS)
    told, _ = clip_of(piece, start)
    way, played = np.diff(piece.place[rows]), piece.sounding[rows]
    clear = (np.abs(way) > 0.002) & (played[1:] > 0) & (played[:-1] > 0)  # not through the air
    assert clear.sum() > 200 and (told[1:, HEARD] * way)[clear].min() > 0
    backwards = replace(piece, direction=-piece.direction, place=-piece.place)
    np.testing.assert_array_equal(
        clip_of(backwards, start, heard_turns=True)[0], clip_of(piece, start, heard_turns=True)[0]
    )
    np.testing.assert_array_equal(
        clip_of(piece, start, heard_turns=True)[0][:, HEARD], alternating(piece.heard[rows])
    )


def test_clips_hear_the_sound_of_their_motion(pieces):
    for start in (0, 37):
        heard, moves = clip_of(pieces[0], start)
        assert heard.shape == (ROWS, HEARD + 1) and moves.shape == (FRAMES, 3 * len(INDEX))
        np.testing.assert_array_equal(heard[:, :HEARD], pieces[0].heard[start : start + ROWS])


def test_clips_of_the_live_training_sound_otherwise_but_turn_at_the_same_rows():
    rng = np.random.default_rng(7)
    heard = np.abs(rng.normal(1.0, 0.2, (400, HEARD))).astype(np.float32)
    heard[:, PEAK] = 0.0
    heard[::10, PEAK] = 1.0
    spread = np.full(HEARD, 2.0)
    made = [varied(heard, spread, rng) for _ in range(200)]
    peaks = np.stack([x[:, PEAK] for x in made])
    assert 0.05 < 1 - peaks[:, ::10].mean() < 0.2  # missed
    assert 0.001 < peaks[:, 1::10].mean() < 0.01  # made up
    colours = np.stack([x[:, 1:21].mean(axis=0) - heard[:, 1:21].mean(axis=0) for x in made])
    np.testing.assert_allclose(colours[:, 1:].std(axis=0), 0.6 * 2.0, rtol=0.25)
    louder = np.array([20 * np.log10(x[0, -1] / heard[0, -1]) for x in made])
    np.testing.assert_allclose(colours[:, 0], 128**0.5 * louder, atol=0.1)
    np.testing.assert_array_equal(made[0][:, 21:33], heard[:, 21:33])  # the notes are the same


def test_measures_know_the_truth_from_a_statue_and_from_another_piece(pieces):
    chosen = clips(pieces[:2])
    truth = scores(chosen, lambda clip: clip.real)
    still = scores(chosen, baselines.still)
    other = scores(chosen, baselines.another(chosen, clips(pieces[2:])))
    assert truth["FDg"] == pytest.approx(0, abs=1e-4) and truth["bow"] > 70
    assert still["FDg"] > 20 and still["EDg"] == still["bow"] == still["turns"] == 0
    assert other["bow"] < 0.6 * truth["bow"] and other["change"] < 0.5 * truth["change"]
    assert truth["bones"] < 1e-3 and truth["feet"] == 0


def test_the_live_network_streams_as_it_sees_all_at_once(tmp_path):
    torch.manual_seed(0)
    net = LiveMusician()
    assert count_parameters(net) < 2_000_000 and OUTPUTS["motion"] == len(COLUMNS)
    assert export(net.eval(), tmp_path / "net.onnx") < 1e-5
    heard = torch.randn(1, 50, INPUTS["heard"])
    whole, _ = net({"heard": heard}, net.initial_state())
    state, parts = net.initial_state(), []
    for block in heard.split((1, 7, 30, 12), dim=1):
        made, state = net({"heard": block}, state)
        parts.append(made["motion"])
    torch.testing.assert_close(torch.cat(parts, dim=1), whole["motion"], atol=1e-6, rtol=0)
    right = whole["motion"][..., :4]
    assert (right[..., (0, 1, 3)] >= 0).all() and (right[..., (1, 3)] <= 1).all()
    assert check(net, tmp_path / "net.onnx", frames=20, seed=1) < 1e-5


@pytest.mark.parametrize("name", ["live", "snsl", "full"])
def test_a_little_training_lowers_the_loss_and_goes_on_where_it_stopped(name, pieces, tmp_path):
    recipe = replace(recipe_of(name, 0.02), clips=2)
    net = train(pieces[:2], pieces[2:], tmp_path, recipe)
    log = (tmp_path / "log.csv").read_text().splitlines()
    assert len(log) >= 3 and (tmp_path / "best.pt").exists()
    again = train(pieces[:2], pieces[2:], tmp_path, recipe, resume=True)
    for a, b in zip(net.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    chosen = clips(pieces[2:])
    body = inverse.fit(pieces[:2])
    make = live_motion(net) if name == "live" else offline_motion(net, body)
    motion = make(chosen[0])
    assert motion.shape == (FRAMES, 3 * len(INDEX)) and np.isfinite(motion).all()
    assert METHODS["full"].columns().keys() == COMPONENTS.keys()


def test_an_unknown_network_is_named_with_those_that_there_are(pieces, tmp_path):
    with pytest.raises(ValueError, match=r"'gan' is unknown; there are live, snsl, sncl, cnsl, fu"):
        train(pieces, pieces, tmp_path, Recipe("gan"))


def test_the_avatar_of_a_take_plays_and_its_card_says_what_it_is(pieces, tmp_path):
    torch.manual_seed(1)
    net = LiveMusician().eval()
    joints = np.stack([x for x, _ in zip(played(net, pieces[0]), range(60), strict=False)])
    assert joints.shape == (60, len(INDEX), 3) and np.isfinite(joints).all()
    card = publish_musician(net, tmp_path, pieces, {"test takes": {"FDg": 1.234, "bow": 50.0}})
    assert card.front_end == {"is": "violin.Features"} and card.rate == RATE
    assert {m.what: (m.value, m.unit) for m in card.metrics} == {
        "FDg": (1.23, ""),
        "bow": (50.0, "%"),
    }
    assert any("simulation" in limit for limit in card.limits)
