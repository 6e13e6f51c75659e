from dataclasses import replace

import numpy as np
import pytest

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.harmony import CHORDS
from rt_engine.accompaniment.writer import Wish, Writer
from rt_engine.cli import main
from rt_engine.drums.bar import empty
from tests.models.accompaniment.songs import archive
from tests.models.synthetic import steps_take

torch = pytest.importorskip("torch")

from rt_engine.models.accompaniment import command  # noqa: E402
from rt_engine.models.accompaniment.batches import (  # noqa: E402
    IGNORED,
    Sampler,
    batch_of,
    window_of,
    windows,
)
from rt_engine.models.accompaniment.data import collect, read_takes  # noqa: E402
from rt_engine.models.accompaniment.evaluate import frequencies, likelihood  # noqa: E402
from rt_engine.models.accompaniment.network import AccompanimentNet, Size  # noqa: E402
from rt_engine.models.accompaniment.train import Recipe, train  # noqa: E402
from rt_engine.models.card import EARLIER  # noqa: E402
from rt_engine.models.training import Schedule, read_log  # noqa: E402

pytestmark = pytest.mark.train
NAMES = {"all", "piano", "bass", "chord", "position", "pitch", "velocity", "duration"}
TINY = Size(width=48, heads=2, hidden=32, encoder=1, decoder=1, memory=64, bars=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    steps_take(monkeypatch, 1.0)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    collect(archive(folder / "data"), folder)
    return folder


@pytest.fixture
def takes(work):
    return read_takes(work / "takes.pickle", "train")


def recipe(**changes):
    plan = Schedule(minutes=0.1, rate=5e-3, evaluate=1e9)
    return Recipe(**{"schedule": plan, "size": TINY, "rows": 2, **changes})


def test_a_window_is_bars_of_tokens_with_their_places(takes):
    window = window_of(takes[0], 2, shift=1)
    starts = np.flatnonzero(window.token < tk.TEMPO.first)
    assert (window.token[starts] == tk.BAR.first + tk.INSTRUMENTS.index(takes[0].instrument)).all()
    assert (window.time[starts] == 16 * np.arange(len(starts))).all()
    assert (window.bar == window.time // 16).all()
    assert len(window.drums) == len(starts)
    notes = [n.pitch + 1 for n in takes[0].bars[2].notes]
    body = window.token[tk.HEAD : np.flatnonzero(window.token == tk.END)[0] + 1].tolist()
    assert [n.pitch for n in tk.decode(body)] == notes


def test_the_target_is_the_next_token_where_it_is_not_given(takes):
    window = window_of(takes[0], 0)
    batch = batch_of([window, window_of(takes[0], 12)])
    known = batch.target[0] != IGNORED
    after = torch.from_numpy(window.token[1:])
    assert torch.equal(batch.target[0][known], after[known])
    given = {tk.group_of(int(t)).name for t in after[~known]}
    assert given == {"bar", "tempo", "density"}
    length = len(window_of(takes[0], 12).token) - 1
    assert (batch.target[1, length:] == IGNORED).all()


def test_draws_keep_the_range_and_repeat_with_their_seed(takes):
    one, two = (Sampler(takes, 3, home=False) for _ in range(2))
    keys = set()
    for _ in range(6):
        a, b = one.draw(), two.draw()
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
        bass = a.token[:, 0] == tk.BAR.first + 2
        tokens = a.token[bass]
        pitches = tokens[(tokens >= tk.PITCH.first) & (tokens < tk.VELOCITY.first)]
        low, high = tk.RANGES["bass"]
        assert all(low <= p - tk.PITCH.first + tk.LOWEST <= high for p in pitches.tolist())
        keys |= set(a.token[:, 3].tolist())
    assert len(keys) > 8


def test_in_one_key_every_song_has_the_chords_of_that_key(takes):
    sampler = Sampler(takes, 3, home=True)
    chords = {t for _ in range(5) for t in sampler.draw().token[:, 3].tolist()}
    assert {str(CHORDS[c - tk.CHORD.first]) for c in chords} <= {"Am", "F", "C", "G"}


def test_scores_see_every_bar_once(takes):
    rows = [w for group in windows(takes, 10_000) for w in group]
    assert sum(len(w.drums) for w in rows) == sum(len(t.bars) for t in takes)


def test_training_lowers_the_loss(takes, work, tmp_path):
    plan = Schedule(minutes=0.6, rate=1e-2, evaluate=1e9, average=0.8)
    net = train(takes, takes[:4], tmp_path, recipe(schedule=plan))
    losses = [line["loss"] for line in read_log(tmp_path) if "loss" in line]
    assert losses[-1] < 0.7 * losses[0]
    found = likelihood(net, takes[:4])
    assert set(found) == NAMES
    assert found["all"] < 0.7 * np.log(tk.SIZE)


def test_the_frequencies_of_tokens_are_a_baseline_that_hears_nothing(takes):
    base = frequencies(takes, takes[:4], draws=3)
    assert set(base) == NAMES
    assert 0.5 < base["all"] < np.log(tk.SIZE)


def test_a_training_is_gone_on_with(takes, tmp_path):
    train(takes, takes[:1], tmp_path, recipe())
    longer = replace(recipe(), schedule=Schedule(minutes=0.2, evaluate=1e9))
    train(takes, takes[:1], tmp_path, longer, resume=True)
    assert max(line["minutes"] for line in read_log(tmp_path)) > 0.15


def test_likelihood_is_that_of_the_tokens(takes):
    net = AccompanimentNet(TINY).eval()
    net.decoder.embed.weight.data.zero_()
    assert likelihood(net, takes[:2])["all"] == pytest.approx(np.log(tk.SIZE), rel=1e-4)


def test_the_command_goes_from_songs_to_a_writer(work, tmp_path, monkeypatch):
    monkeypatch.setattr(
        command, "Recipe", lambda memory, home, seed: Recipe(memory, home, seed, TINY, rows=2)
    )
    monkeypatch.setattr(command, "frequencies", lambda *_: {"all": 9.0})
    out = tmp_path / "out"
    argv = ["train", "accompaniment", "--data", "x", "--work", str(work), "--minutes", "0.1",
            "--output", str(out)]  # fmt: skip
    assert main([*argv, "--no-memory"]) == 0
    assert not out.exists()
    assert main(argv) == 0
    writer = Writer([out / "accompaniment_drums.json", out / "accompaniment_notes.json"])
    card = writer.decoder.card
    assert card.training.startswith("rt-engine train accompaniment --minutes 0.1")
    ways = {metric.on for metric in card.metrics}
    assert {"test NLL, with memory", "test NLL, without memory"} <= ways
    assert str(tmp_path) not in (out / "accompaniment_notes.json").read_text()
    assert main([*argv, "--start", str(work / "memory_0" / "best.pt")]) == 0
    begun = Writer([out / "accompaniment_drums.json", out / "accompaniment_notes.json"])
    assert "--start best.pt (of an earlier training)" in begun.decoder.card.training
    assert begun.decoder.card.limits == [*card.limits, EARLIER]
    rng = np.random.default_rng(0)
    for _ in range(3):
        assert all(n.start + n.duration <= 4 for n in writer.write(empty(), Wish(), rng))


def test_no_minutes_is_an_error_in_words(capsys, work):
    argv = ["train", "accompaniment", "--data", "x", "--work", str(work), "--minutes", "0"]
    assert main(argv) != 0
    assert "--minutes 0" in capsys.readouterr().err
