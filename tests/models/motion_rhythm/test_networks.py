"""The causal network is one, the paper's networks are the paper's, and decoding finds beats."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.export import export  # noqa: E402
from rt_engine.models.motion_rhythm import evaluate, references  # noqa: E402
from rt_engine.models.motion_rhythm.decode import decode  # noqa: E402
from rt_engine.models.motion_rhythm.material import Excerpt  # noqa: E402
from rt_engine.models.motion_rhythm.network import DELAY, Deployed, MotionNet, Summary  # noqa: E402
from rt_engine.models.training import count_parameters  # noqa: E402
from rt_engine.motion.dance import FPS, JOINTS, SIZE  # noqa: E402
from rt_engine.rhythm import BarSpace, BodyObservation  # noqa: E402
from rt_engine.rhythm.body import BPM, PRIOR  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(1)


def frames(count, batch=1):
    x = torch.rand(batch, count, JOINTS, 5) - 0.3
    x[..., 4] = (torch.rand(batch, count, JOINTS) > 0.2).float()
    return (x * (x[..., 4:] > 0)).flatten(2)


def test_any_cut_of_the_stream_gives_what_the_whole_gives():
    net = Deployed(MotionNet())
    x = frames(150)
    with torch.no_grad():
        whole, _ = net({"dance": x}, net.initial_state())
        state, rows, at = net.initial_state(), [], 0
        for part in (1, 1, 37, 2, 109):
            found, state = net({"dance": x[:, at : at + part]}, state)
            rows.append(found["beat"])
            at += part
    assert torch.allclose(torch.cat(rows, dim=1), whole["beat"], atol=1e-5)


def test_the_future_changes_nothing_and_the_input_everything():
    net = MotionNet().eval()
    x = frames(90)
    other = x.clone()
    other[:, 60:] = frames(30)
    with torch.no_grad():
        one, two = net.logits(x), net.logits(other)
    assert torch.allclose(one[:, :60], two[:, :60], atol=1e-5)
    assert (one[:, 60:] - two[:, 60:]).abs().max() > 1e-3


def test_it_is_exported_as_it_is_and_small(tmp_path):
    net = MotionNet()
    assert export(Deployed(net), tmp_path / "net.onnx") < 1e-5
    assert count_parameters(net) < 2_000_000


def test_the_summary_of_one_wrist_is_that_of_the_wrist():
    """Wherever it is listed, pooled rates are its own: speed and vertical velocity."""
    x = torch.zeros(1, Summary.CONTEXT + 5, JOINTS, 5)
    x[..., 10, 2], x[..., 10, 3], x[..., 10, 4] = 3.0, -4.0, 1.0
    summed = Summary()(x.flatten(2))[0, -1]
    assert summed.shape == (Summary.SIZE,)
    every = summed[5 * Summary.RATES : 6 * Summary.RATES]
    assert every[1] == pytest.approx(5.0, rel=0.02)
    assert every[2] == pytest.approx(-4.0, rel=0.02)


@pytest.mark.parametrize("name", references.ABLATIONS)
def test_the_networks_to_compare_with_see_the_whole(name):
    net = references.ABLATIONS[name]().eval()
    x = frames(160, 2)
    other = x.clone()
    other[:, 100:104] += 0.5
    with torch.no_grad():
        one, two = net.logits(x), net.logits(other)
    assert one.shape == (2, 160) and torch.isfinite(one).all()
    apart = (one - two).abs().amax(dim=0)
    assert apart[90:100].max() > 1e-6  # before the change
    if "_tf" in name:
        assert (apart > 0).float().mean() > 0.95  # attention reaches everything


def test_a_joint_takes_from_its_neighbours_alone():
    near = references.adjacency()
    torch.testing.assert_close(near.sum(dim=1), torch.ones(JOINTS))
    assert set(near[9].nonzero().flatten().tolist()) == {7}  # a wrist from its elbow
    assert near[7, 9] == near[7, 5] == 0.5


def test_attention_is_the_formula_of_the_paper():
    """softmax((Q K' + S + R) / sqrt(d)) V, by loops over queries, keys and heads."""
    layer = references.Attention(relative=True)
    count, width = 7, references.WIDTH // references.HEADS
    x, similar = torch.randn(1, count, references.WIDTH), torch.randn(1, 1, count, count)
    with torch.no_grad():
        found = layer(x, similar)[0]
        q, k, v = (part.unflatten(1, (references.HEADS, -1)) for part in
                   layer.project(x[0]).chunk(3, dim=-1))  # fmt: skip
        rows = torch.zeros(count, references.HEADS, width)
        for head, i in itertools.product(range(references.HEADS), range(count)):
            scores = torch.stack([
                q[i, head] @ (k[j, head] + layer.distance[j - i + references.REACH])
                + similar[0, 0, i, j] for j in range(count)
            ])  # fmt: skip
            rows[i, head] = torch.softmax(scores / width**0.5, dim=0) @ v[:, head]
        expected = layer.join(rows.flatten(1))
    assert torch.allclose(found, expected, atol=1e-5)


def test_likeness_is_the_softmax_of_minus_squared_distances():
    x = torch.randn(1, 6, 4)
    apart = torch.cdist(x, x).square()[0]
    torch.testing.assert_close(
        references.likeness(x)[0, 0], torch.softmax(-apart, dim=1), atol=1e-5, rtol=1e-4
    )


def pulses(beats, seconds=20.0, low=0.02, high=0.7):
    values = np.full(int(seconds * FPS), low)
    at = np.rint(np.asarray(beats) * FPS).astype(int)
    values[at[at < len(values)]] = high
    return values


@pytest.mark.parametrize("bpm", [66, 74, 100, 128, 161, 175])
def test_decoding_finds_a_steady_beat(bpm):
    beats = np.arange(0.4, 20, 60 / bpm)
    for said in (decode(pulses(beats)), evaluate.track(pulses(beats), delay=0)):
        scores = evaluate.score(beats, said)
        assert scores["F"] > 95 and scores["CMLt"] > 90


def test_decoding_is_viterbi_over_all_states():
    """Against the textbook's algorithm on the dense matrix of the hidden Markov model."""
    values = np.random.default_rng(2).uniform(0.01, 0.6, 120)
    observation = BodyObservation(FPS)
    space = BarSpace(FPS, BPM, (1,), observation.change)
    first, last = space.first[0], space.last[0]
    ways = np.full((space.size, space.size), -np.inf)
    ways[np.arange(space.size - 1), np.arange(1, space.size)] = 0.0
    ways[last] = -np.inf
    wear = np.log(space.endurance(*PRIOR))
    ways[np.ix_(last, first)] = np.log(np.maximum(space.transition, 1e-300)) + wear[:, None]
    labels = observation.labels(space)
    score, back = np.log(space.spread(space.tempo_prior(*PRIOR))), []
    for value in values:
        every = score[:, None] + ways
        back.append(every.argmax(axis=0))
        score = every.max(axis=0) + np.log(observation.likelihood([value]))[labels]
    state, path = int(score.argmax()), []
    for came in back[::-1]:
        path.append(state)
        state = int(came[state])
    starts = np.flatnonzero(np.isin(path[::-1], first))
    np.testing.assert_allclose(decode(values), (starts + 0.5) / FPS)


def test_the_baselines_see_what_they_say():
    frames_ = np.zeros((600, JOINTS, 5), np.float16)
    beats = np.arange(0.5, 20, 0.6)
    t = np.arange(600) / FPS
    frames_[:, 9, 2] = 2 * np.abs(np.sin(np.pi * (t - 0.5) / 0.6))
    frames_[:, 9, 4] = 1
    excerpt = Excerpt("x", "dance", frames_.reshape(600, SIZE), beats)
    assert np.median(np.diff(evaluate.offsets(excerpt))) == pytest.approx(0.6, abs=0.02)
    assert np.diff(evaluate.steady(excerpt)) == pytest.approx(0.5)
    assert evaluate.score(beats, beats)["CMLc"] == 100
    assert evaluate.score(beats, beats + 0.3)["CMLc"] == 0
    assert evaluate.score(beats, beats[:0])["F"] == 0


def test_delay_is_taken_off():
    beats = np.arange(0.4, 20, 0.5)
    late = np.concatenate([np.full(DELAY, 0.02), pulses(beats)])[:600]
    assert evaluate.score(beats, evaluate.track(late))["F"] > 95
