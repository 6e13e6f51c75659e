"""From takes to a model that runs; views, windows and errors on the way."""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.cli import main  # noqa: E402
from rt_engine.inference import read_card  # noqa: E402
from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.pose_correction import command, evaluate, metrics, seen, train  # noqa: E402
from rt_engine.models.pose_correction.batches import Pool, targets, through_front  # noqa: E402
from rt_engine.models.pose_correction.mapnet import WINDOW  # noqa: E402
from rt_engine.models.pose_correction.material import Material, to_and_fro  # noqa: E402
from rt_engine.models.pose_correction.prior import fitted  # noqa: E402
from rt_engine.models.training import Schedule, read_log  # noqa: E402
from rt_engine.violin.pose_front import NARROW, SIGNALS, SIZE  # noqa: E402
from tests.models.pose_correction.players import player, store  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train
SMALL = partial(train.Recipe, rows=4, steps=60, windows=2, pool=3, stretch=120, valid=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    steps_take(monkeypatch, 1.0)


def takes(count=3, first=0):
    return [player(f"p{k}", first + k, 8.0) for k in range(count)]


def recipe(net="stream_100", minutes=0.2):
    plan = Schedule(minutes=minutes, rate=5e-3, average=0.9, evaluate=1e9)
    return SMALL(net, schedule=plan)


@pytest.mark.parametrize("net", ["mapnet_late", "lstm_pose_audio"])
def test_the_loss_falls(tmp_path, net):
    found = train.train(Material(takes(), []), Material(takes(1, 9), []), tmp_path, recipe(net))
    losses = [line["loss"] for line in read_log(tmp_path) if "loss" in line]
    assert np.isfinite(losses).all() and losses[-1] < 0.9 * losses[0]
    assert not found.training


def test_the_streaming_network_learns_more_than_its_filter_knows():
    material, plan = Material(takes(), []), recipe()
    torch.manual_seed(0)
    net = train.made("stream_100")
    train.fit(net, material)
    lesson = train.StreamLesson(net, material, plan)
    batch = lesson.pool.draw(plan.rows, plan.steps)
    lesson.pool.draw = lambda *_: batch  # ever the same: it starts as a good filter elsewhere
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = lesson()["loss"]
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_the_command_trains_and_exports_a_model_that_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "Recipe", SMALL)
    folder = store(tmp_path / "takes", 2)
    cmu = tmp_path / "pose" / "cmu"
    cmu.mkdir(parents=True)
    rng = np.random.default_rng(0)
    poses = {f"{part}{k}": np.cumsum(0.01 * rng.standard_normal((600, 117)), axis=0)
             for part in ("train", "test") for k in range(3)}  # fmt: skip
    np.savez(cmu / "cmu_expmap_120hz.npz", **poses)
    told = ["train", "violin-pose", "--data", str(tmp_path), "--takes", str(folder)]
    told += ["--work", str(tmp_path / "work"), "--minutes", "0.04", "--output", str(tmp_path)]
    assert main(told) == 0
    card = read_card(tmp_path / "pose_correction.json")
    assert card.latency == 0.1 and {m.what for m in card.metrics} == {"MPJPE", "MPJAE"}
    session = Session(tmp_path / "pose_correction.json")
    found = session.step({"front": np.ones(SIZE, np.float32)})["pose"]
    assert found.shape == (39,) and np.isfinite(found).all()


@pytest.mark.parametrize("takes", ["default", "empty", "filled"])
def test_a_broken_making_of_takes_is_gone_on_with(tmp_path, monkeypatch, takes):
    made = []
    monkeypatch.setattr(command, "make", lambda data, folder, hours: made.append(folder))
    folder = tmp_path / "takes"
    if takes == "empty":
        (folder / "train").mkdir(parents=True)
        (folder / "train" / ".half.npz").touch()
    else:
        store(folder, 1)
    monkeypatch.setattr(command, "load", lambda *_: 1 / 0)
    named = [] if takes == "default" else ["--takes", str(folder)]
    with pytest.raises(ZeroDivisionError):
        main(["train", "violin-pose", "--data", "x", "--work", str(tmp_path), *named])
    assert made == ([] if takes == "filled" else [folder])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(["--net", "mapnet"], "'mapnet' is unknown"), (["--minutes", "0"], "above 0")],
)
def test_a_choice_that_is_none_is_one_line(tmp_path, capsys, wrong, said):
    assert main(["train", "violin-pose", "--data", str(tmp_path), *wrong]) != 0
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_the_papers_view_is_of_the_left_toe_at_its_rate_with_its_noise():
    take = player("p", 0, 60.0)
    for stride in (1, 2, 3):
        view = seen.at_strides(take.joints, stride, np.random.default_rng(1))
        assert not view.true[:, 12].any()
        assert (view.there[::stride] == 1).all() and view.there.sum() == 13 * len(view.x[::stride])
        kept = (view.there[:, 0] > 0) & (view.exchanged == 0)
        assert (view.x - view.true)[kept].std() == pytest.approx(0.3, rel=0.03)


def test_a_webcam_sees_uneven_times_without_c7():
    take = player("p", 0, 20.0)
    view = seen.webcam(take.joints, np.random.default_rng(2))
    assert not view.there[:, 0].any() and 0.2 < view.there[:, 1:].mean() < 1.0
    assert np.abs(view.age).max() <= 0.0101 and np.unique(view.age).size > 50
    assert not view.x[view.there == 0].any()
    np.testing.assert_allclose(view.true[:, [7, 8]].mean(axis=1), 0, atol=1e-6)


def test_targets_and_front_speak_of_the_same_moment():
    view = seen.Seen(
        x := player("p", 1, 6.0).joints, np.ones(x.shape[:2], np.float32),
        np.zeros(len(x), np.float32), x, np.zeros(len(x), np.float32),
    )  # fmt: skip
    _, means = through_front([view], 5, None)
    true = targets([view], means, 5)
    np.testing.assert_allclose((true + means)[0, 5:], x.reshape(len(x), -1)[:-5], atol=1e-5)


def test_batches_are_cut_from_whole_stretches():
    prior = fitted([take.joints for take in takes()])
    pool = Pool(Material(takes(), []), 5, prior, np.random.default_rng(0), rows=3, steps=120)
    batch = pool.draw(8, 50)
    assert batch.front.shape == (8, 50, SIZE) and batch.true.shape == (8, 50, 39)
    assert batch.sound.shape == (8, 50, 35) and set(np.unique(batch.heard)) <= {0.0, 1.0}


def test_a_stretch_beyond_the_end_goes_back():
    assert to_and_fro(4, 2, 8).tolist() == [2, 3, 2, 1, 0, 1, 2, 3]


def test_a_way_that_knows_the_truth_has_no_error_and_a_still_one_has():
    tried = evaluate.cases(takes(), 3)
    told, each, _ = evaluate.scores(
        lambda them: [evaluate.cut(c.view.true, c.starts) for c in them], tried
    )
    assert told == {"MPJPE": 0.0, "MPJAE": 0.0} and len(each) == 3 * 6

    def still(them):
        means = [case.view.true.mean(axis=0) for case in them]
        return [np.tile(mean, (len(tried[0].starts), WINDOW, 1, 1)) for mean in means]

    assert evaluate.scores(still, tried)[0]["MPJPE"] > 10


def test_errors_are_those_of_the_formulas():
    rng = np.random.default_rng(0)
    true, found = rng.normal(size=(2, 4, 9, 13, 3))
    away = np.sqrt(((true - found) ** 2).sum(-1))
    assert metrics.mpjpe(found, true) == pytest.approx(1000 * away.mean())
    moved = true + np.arange(9)[:, None, None]  # a steady drift has no acceleration
    assert metrics.mpjae(moved, true) == pytest.approx(0.0, abs=1e-9)
    t = np.arange(20)[:, None, None] / 50
    cubed = np.concatenate([t**3, 0 * t, 0 * t], axis=2)
    assert metrics.jerk(cubed, 50.0) == pytest.approx(6.0)


def test_a_streaming_network_is_scored_at_the_moment_it_speaks_of(monkeypatch):
    net = train.made("stream_100")
    case = evaluate.cases(takes(1), 1)[0]
    true = case.view.true
    clear = case._replace(view=case.view._replace(x=true, there=np.ones(true.shape[:2])))
    with torch.no_grad():
        net.fit_prior(fitted([take.joints for take in takes()]))
        wanted = torch.eye(SIGNALS + 1)[NARROW].repeat_interleave(2 * 13)
        net.choose.bias.copy_(50 * wanted)
    found = evaluate.run(net, [clear], 5)[0]
    assert metrics.mpjpe(found[10:-10], true[10:-10]) < 5.0
    assert metrics.mpjpe(found[15:-10], true[10:-15]) > 5.0


def test_takes_side_by_side_are_each_as_if_alone():
    net = train.made("stream_100").eval()
    net.fit_prior(fitted([take.joints for take in takes()]))
    tried = evaluate.cases([player("a", 1, 4.0), player("b", 2, 6.0)], 2)
    together = evaluate.run(net, tried, 5)
    for found, case in zip(together, tried, strict=True):
        np.testing.assert_allclose(found, evaluate.run(net, [case], 5)[0], atol=1e-5)
