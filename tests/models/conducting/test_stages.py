import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.conducting.adversarial import (  # noqa: E402
    METHODS,
    Contest,
    Duel,
    contend,
    penalty,
    perform,
)
from rt_engine.models.conducting.contrastive import (  # noqa: E402
    Contrast,
    Pairing,
    accuracy,
    learn_sync,
    negative,
)
from rt_engine.models.conducting.evaluate import six, steady  # noqa: E402
from rt_engine.models.conducting.m2s import Discriminator, M2SGan, M2SNet  # noqa: E402
from rt_engine.models.training import Schedule, read_log  # noqa: E402
from tests.models.conducting.rigs import swinging, take  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train
BANDS = 16
SHORT = Contest(minutes=0.0, seconds=6, rows=2, critic=2)


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def takes():
    return [take(seed=k, bands=BANDS, bpm=80 + 20 * k) for k in range(3)]


def test_shapes_are_those_of_the_paper():
    with torch.no_grad():
        net, gan = M2SNet(BANDS).eval(), M2SGan(BANDS).eval()
        mel, motion = torch.rand(2, 540, BANDS), torch.rand(2, 180, 13, 2)
        assert net(mel, motion).shape == (2, 180, 1)
        assert net.music(mel).shape == net.motion(motion).shape == (2, 180, 64)
        made = gan(mel, torch.randn(2, 6, 8))
        assert made.shape == (2, 180, 13, 2) and 0 < float(made.min()) < float(made.max()) < 1
        assert Discriminator()(motion).shape == (2,)
    with pytest.raises(ValueError, match="multiple of 8"):
        M2SNet(30)


def test_negatives_lie_where_their_kind_says(takes):
    rng = np.random.default_rng(0)
    for start in (0, 150, 350):
        for _ in range(20):
            other, _ = negative("easy", takes, 1, start, 4, rng)
            assert other != 1
            same, place = negative("hard", takes, 1, start, 4, rng)
            assert same == 1 and abs(place - start) >= 300
            same, place = negative("super-hard", takes, 1, start, 4, rng)
            assert same == 1 and 15 <= abs(place - start) <= 150
            assert 0 <= place <= 24 * 30 - 120


def test_negatives_that_cannot_be_are_told(takes):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two takes"):
        negative("easy", takes[:1], 0, 0, 4, rng)
    with pytest.raises(ValueError, match="too short for hard"):
        negative("hard", takes, 0, 100, 20, rng)


def test_accuracy_counts_positive_pairs_first():
    logits = torch.tensor([3.0, -3.0, -3.0, -3.0]).reshape(4, 1, 1)
    assert float(accuracy(logits)) == 0.75


def test_the_first_stage_begins_with_easy_negatives_and_learns(takes, tmp_path, monkeypatch):
    pairing = Pairing(M2SNet(BANDS), takes, Contrast(bands=BANDS, seconds=4, rows=2))
    pairing.progress = lambda: 0.1
    assert pairing.kind == "easy"
    pairing.progress = lambda: 0.3
    assert pairing.kind == "hard"
    steps_take(monkeypatch, 1.0)
    contrast = Contrast(bands=BANDS, seconds=4, rows=2, schedule=Schedule(minutes=0.04))
    net = learn_sync(takes, takes, tmp_path, contrast)
    losses = [line["loss"] for line in read_log(tmp_path) if "loss" in line]
    assert np.isfinite(losses).all() and not net.training


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_and_is_kept(name, takes, tmp_path):
    net = M2SNet(BANDS)
    duel = Duel(name, takes, net, SHORT)
    before = {n: x.clone() for n, x in duel.method.state_dict().items()}
    losses = duel.step()
    assert all(np.isfinite(value) for value in losses.values())
    changed = {n for n, x in duel.method.state_dict().items() if not torch.equal(x, before[n])}
    assert changed
    assert not any(n.startswith("net.music.") for n in changed)  # transferred and frozen
    trained = contend(name, takes, net, SHORT, tmp_path)
    again = contend(name, takes, net, SHORT, tmp_path)
    rng = [torch.Generator().manual_seed(0) for _ in range(2)]
    one, two = (perform(t.method, takes[0], g) for t, g in zip((trained, again), rng, strict=True))
    assert one.shape == (720, 13, 2) and np.array_equal(one, two)


def test_the_encoder_of_the_sync_loss_is_not_changed(takes):
    net = M2SNet(BANDS)
    before = {n: x.clone() for n, x in net.motion.state_dict().items()}
    duel = Duel("m2s-gan", takes, net, SHORT)
    duel.step()
    assert all(torch.equal(x, before[n]) for n, x in net.motion.state_dict().items())


def test_a_method_that_regresses_comes_nearer(takes):
    duel = Duel("lstm", takes, M2SNet(BANDS), Contest(seconds=6, rows=3, critic=0))
    losses = [duel.step()["loss"] for _ in range(80)]
    assert losses[-1] < 0.7 * losses[0]


def test_the_penalty_is_nothing_where_the_slope_is_one():
    class Slope(torch.nn.Module):
        def __init__(self, slope):
            super().__init__()
            self.slope = slope

        def forward(self, motion):
            return self.slope * motion.flatten(1)[:, 0]

    motion = torch.rand(3, 60, 13, 2)
    assert float(penalty(Slope(1.0), motion)) == pytest.approx(0.0, abs=1e-6)
    assert float(penalty(Slope(3.0), motion)) == pytest.approx(4.0, abs=1e-4)


def test_the_six_measures_of_the_truth_itself():
    real = [swinging(seed=k) for k in range(2)]
    scores = six(real, real, M2SNet(BANDS).eval().motion, Discriminator().eval())
    assert scores == pytest.approx(
        {"MSE": 0, "SE": 0, "W-dis": 0, "RDE": 0, "SCE": 0, "SDP": 100}, abs=1e-6
    )
    still = [np.broadcast_to(x.mean(axis=0), x.shape) for x in real]
    assert six(real, still, M2SNet(BANDS).eval().motion, Discriminator().eval())["SDP"] < 1e-3


def test_frozen_and_jittering_motion_is_not_steady():
    real = [swinging(bpm=b, seed=b) for b in (60, 80, 100, 120, 140)]
    rng = np.random.default_rng(0)
    shaking = [real[2] + 0.01 * rng.standard_normal(real[2].shape)]
    still = [np.tile(real[2][:1], (len(real[2]), 1, 1))]
    assert steady(real[1:4], real)[0] == 1.0
    assert steady(shaking, real)[0] == steady(still, real)[0] == 0.0
