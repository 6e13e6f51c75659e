"""The networks: what they begin with, streaming against the whole, training and export."""

import argparse

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.drums.writing import MODELS, HitsWriter, StepWriter  # noqa: E402
from rt_engine.inference import read_card  # noqa: E402
from rt_engine.models.drums import command, counts, generate, lessons, rhythms  # noqa: E402
from rt_engine.models.drums.data import vocabulary, windows  # noqa: E402
from rt_engine.models.drums.evaluate import frequencies, likelihood, scores  # noqa: E402
from rt_engine.models.drums.hits import HitsNet, kind_of  # noqa: E402
from rt_engine.models.drums.publish import publish_drums  # noqa: E402
from rt_engine.models.drums.train import PARTS, Recipe, train  # noqa: E402
from rt_engine.models.training import read_log  # noqa: E402
from tests.models.drums.grooves import grooves  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train
TAKES = grooves(0, 12)
WORDS = vocabulary(TAKES)
BARS = windows(TAKES)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def nets():
    """With weights that say something, as no network begins with."""
    torch.manual_seed(1)
    found = {
        name: part.build(counts.counted(BARS, WORDS), WORDS).eval() for name, part in PARTS.items()
    }
    for net in found.values():
        for parameter in net.parameters():
            parameter.data += 0.02 * torch.randn(parameter.shape)
    return found


def test_counting_knows_how_often_words_follow_each_other():
    """Against a count by hand: half a bar after a kick there is always one, a beat after none."""
    found = counts.counted(BARS, WORDS)
    names = WORDS.names
    kick, snare = (names.index(f"{drum}+closed hi-hat") for drum in ("kick", "snare"))
    half, beat = (found.lags[list(counts.LAGS).index(lag)] for lag in (8, 4))
    assert half[kick, kick] > 0 > half[kick, snare]
    assert beat[kick, snare] > 0 > beat[kick, kick]
    assert not found.lags[:, len(WORDS)].any()
    np.testing.assert_allclose(np.exp(found.places).sum(axis=-1), 1, rtol=1e-5)
    exactly = found.places[:, 3]
    assert exactly[:, names.index("rest")].max() < exactly[:, kick].max() - 2
    struck = BARS.hits[..., 1]
    mean = BARS.velocities[..., 1][struck].mean()
    np.testing.assert_allclose(found.velocities[4, 1], mean, atol=0.02)


def test_the_decoder_word_by_word_says_what_it_says_of_the_whole(nets):
    net = nets["hits"]
    words = torch.from_numpy(WORDS.of(BARS.hits[:3]))
    rhythm = torch.from_numpy(rhythms.seen(BARS, np.random.default_rng(0))[:3])
    with torch.no_grad():
        whole = net(rhythm, words)
        context, kinds = net.encoder(rhythm), kind_of(rhythm)
        state, word = net.initial_state(3), torch.full((3, 1), len(WORDS))
        for place in range(32):
            where = torch.full((3, 1), place)
            logits, state = net.decode(word, where, kinds[:, place : place + 1], context, state)
            torch.testing.assert_close(logits[:, 0], whole[:, place], atol=1e-5, rtol=0)
            word = words[:, place : place + 1]


def test_a_word_depends_on_those_before_it_and_on_the_whole_rhythm_and_on_nothing_later(nets):
    net = nets["hits"]
    words = torch.from_numpy(WORDS.of(BARS.hits[:1]))
    rhythm = torch.from_numpy(rhythms.exact(BARS)[:1])
    other, later = words.clone(), rhythm.clone()
    other[0, 20] = (other[0, 20] + 1) % len(WORDS)
    later[0, 31, 0] = 1 - later[0, 31, 0]
    with torch.no_grad():
        plain, changed, told = net(rhythm, words), net(rhythm, other), net(later, words)
    differs = (plain - changed).abs().amax(dim=-1)[0] > 1e-6
    assert not differs[:21].any() and differs[21:].all()
    assert ((plain - told).abs().amax(dim=-1)[0] > 1e-7).all()


def test_the_live_network_learns_nothing_from_the_future(nets):
    net = nets["live"]
    feed = lessons.live_feed(BARS, *(np.full(BARS.hits.shape[:2], 0.5, np.float32),) * 4)
    inputs = {name: torch.from_numpy(x) for name, x in feed._asdict().items()}
    with torch.no_grad():
        whole, _ = net(inputs, net.initial_state(len(BARS.hits)))
        state, row = net.initial_state(len(BARS.hits)), []
        for step in range(32):
            one = {name: x[:, step : step + 1] for name, x in inputs.items()}
            found, state = net(one, state)
            row.append(found["words"])
    torch.testing.assert_close(torch.cat(row, dim=1), whole["words"], atol=1e-5, rtol=0)


def test_the_touch_of_the_bar_before_is_seen_only_where_it_is_told(nets):
    louder = lessons.rows(BARS, np.arange(4))
    loud = type(BARS)(louder.hits, louder.velocities * np.float32(0.5), louder.offsets)
    for known in (False, True):
        one, two = (generate.touched(nets["touch"], bars, known)[0] for bars in (louder, loud))
        assert np.allclose(one, two) != known


@pytest.mark.parametrize("name", PARTS)
def test_every_network_learns(name, tmp_path, monkeypatch):
    steps_take(monkeypatch, 1.0)
    net = train(
        name, TAKES, grooves(12, 15), WORDS, tmp_path, Recipe(minutes=0.6 / PARTS[name].share)
    )
    losses = [line["loss"] for line in read_log(tmp_path) if "loss" in line]
    assert losses[-1] < 0.95 * losses[0]
    assert not net.training


def test_knowing_more_is_likelier_than_frequencies(nets):
    plain = frequencies(WORDS, BARS.hits, BARS.hits)
    fresh = HitsNet(counts.counted(BARS, WORDS)).eval()
    assert likelihood({"hits": fresh}, WORDS, BARS) < 0.5 * plain


def test_what_is_published_is_what_the_writers_read(nets, tmp_path):
    found = scores(nets, WORDS, BARS, BARS, samples=12)
    cards = publish_drums(nets, WORDS, tmp_path, TAKES, found, "a command")
    assert [card.name for card in cards] == [*MODELS, "drums_live"]
    hits = HitsWriter([tmp_path / f"{name}.json" for name in MODELS])
    live = StepWriter(tmp_path / "drums_live.onnx")
    assert hits.words.masks == live.words.masks == WORDS.masks
    rng = np.random.default_rng(0)
    assert len(hits.write(np.ones(16), None, 1.0, rng)) == 16
    assert live.step(0, 1, 1, 0.5, 0.5, 1.0, rng).hits.any()
    card = read_card(tmp_path / "drums_hits.json")
    assert card.training == "a command" and card.data[0].licence == "CC BY 4.0"
    assert {"NDB of 50", "NLL of a word"} <= {figure.what for figure in card.metrics}


def test_the_exported_live_network_strikes_as_the_network_does(nets, tmp_path):
    """Word for word at temperature 0, over two bars."""
    publish_drums(nets, WORDS, tmp_path, TAKES, {})
    live = StepWriter(tmp_path / "drums_live.json")
    net, rng = nets["live"], np.random.default_rng(0)
    state, previous = net.initial_state(), torch.zeros(1, 1, 27)
    for k in range(32):
        struck = k % 3 == 0
        step = live.step(k, float(struck), 0.7, 0.6, 0.4, 0.0, rng)
        now = torch.zeros(1, 1, 20)
        now[..., k % 16] = 1
        now[..., 16:] = torch.tensor([struck, 0.7 * struck, 0.6, 0.4])
        with torch.no_grad():
            found, state = net({"previous": previous, "now": now}, state)
        logits = found["words"][0, 0].numpy().copy()
        logits[~WORDS.hits.any(axis=1) & struck] = -np.inf
        hits = WORDS.hits[logits.argmax()]
        np.testing.assert_array_equal(step.hits[0], hits)
        velocities = np.where(hits, found["velocities"][0, 0].numpy(), 0)
        np.testing.assert_allclose(step.velocities[0], velocities, atol=1e-5)
        parts = (step.hits, step.velocities, step.offsets)
        previous = torch.from_numpy(np.concatenate(parts, axis=1, dtype=np.float32))[None]


def test_no_minutes_are_refused():
    with pytest.raises(ValueError, match="--minutes 0: needed is a number above 0"):
        command.run(argparse.Namespace(minutes=0))
