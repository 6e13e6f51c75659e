"""From excerpts to a model that runs, and recordings of real people as excerpts."""

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.cli import main  # noqa: E402
from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.card import EARLIER  # noqa: E402
from rt_engine.models.motion_rhythm import command, material, recordings, train  # noqa: E402
from rt_engine.models.motion_rhythm.network import DELAY  # noqa: E402
from rt_engine.models.training import Schedule, StoppedError, Trainer, read_log  # noqa: E402
from rt_engine.models.weights import begin_with_parts  # noqa: E402
from rt_engine.motion.dance import FPS, JOINTS, SIZE  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    steps_take(monkeypatch, 1.0)


def bobbing(name, period=0.6):
    """An excerpt of one wrist that turns sharply on every beat."""
    beats = np.arange(0.4, material.SECONDS, period)
    t = (np.arange(material.FRAMES) - 0.5) / FPS
    turns = np.interp(t, beats, np.arange(len(beats)))
    values = np.zeros((material.FRAMES, JOINTS, 5), np.float16)
    values[:, 10, 3] = np.where(turns % 1 < 0.5, 2.0, -2.0)
    values[:, 10, 4] = 1.0
    return material.Excerpt(name, "wrist", values.reshape(-1, SIZE), beats)


@pytest.fixture
def work(tmp_path):
    made = [bobbing(f"{k}", 0.45 + 0.05 * k) for k in range(6)]
    for part in material.PARTS:
        material.save(made, tmp_path / f"{part}.npz")
    return tmp_path


def recipe(net="causal", minutes=0.15, **changes):
    plan = Schedule(minutes=minutes, rate=5e-3, average=0.9, evaluate=1e9)
    return train.Recipe(net, schedule=plan, **{"frames": 160, "rows": 4, "valid": 2, **changes})


@pytest.mark.parametrize("net", ["causal", "tcn", "stgcn_tf_ssm_rel"])
def test_the_loss_falls(work, net):
    minutes = 0.7 if net == "stgcn_tf_ssm_rel" else 1.0
    found = train.train(work, work / net, recipe(net, minutes))
    losses = [line["loss"] for line in read_log(work / net) if "loss" in line]
    assert np.isfinite(losses).all() and losses[-1] < 0.8 * losses[0]
    assert not found.training


def test_a_training_that_was_stopped_goes_on_where_it_was(work, monkeypatch):
    whole = train.train(work, work / "whole", recipe())
    usual = Trainer._update

    def stopping(self):
        usual(self)
        if self.steps == 4:
            self._stop()

    monkeypatch.setattr(Trainer, "_update", stopping)
    with pytest.raises(StoppedError):
        train.train(work, work / "cut", recipe())
    monkeypatch.setattr(Trainer, "_update", usual)
    resumed = train.train(work, work / "cut", recipe(), resume=True)
    for one, two in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def test_labels_follow_the_speed_and_the_delay():
    excerpt = bobbing("a")
    for net, delay in (("causal", DELAY), ("tcn", 0)):
        lesson = train.Lesson(None, [excerpt], recipe(net, frames=300))
        for _ in range(20):
            values, beat, _ = lesson._row(excerpt)
            speed = values.reshape(-1, JOINTS, 5)[..., 3].sum(axis=1)
            turns = np.flatnonzero((speed[1:] > 0) & (speed[:-1] <= 0))
            marked = np.flatnonzero(beat) - delay
            inside = [m for m in marked if 3 < m < 290]
            assert inside and all(np.abs(turns - m).min() <= 2 for m in inside)


def test_weights_of_another_network_are_taken_where_they_fit(work, tmp_path):
    train.train(work, work / "body", recipe("stgcn", 0.03))
    told = torch.load(work / "body" / "best.pt")
    net = train.NETS["stgcn_tf"]()
    begin_with_parts(net, work / "body" / "best.pt")
    name = "body.layers.3.temporal.weight"
    torch.testing.assert_close(net.state_dict()[name], told[name])


def test_variations_keep_what_is_absent_absent_and_mirror_the_rest():
    frames = bobbing("a").frames.astype(np.float32)
    for seed in range(12):
        varied = train.varied(frames, np.random.default_rng(seed)).reshape(-1, JOINTS, 5)
        moving = np.flatnonzero(varied[..., 4].any(axis=0))
        assert set(moving) <= {9, 10}
        assert not np.delete(varied, moving, axis=1).any()


def test_the_command_goes_from_excerpts_to_a_model_that_runs(work, monkeypatch):
    monkeypatch.setattr(command, "collect", lambda *_: None)
    monkeypatch.setattr(command, "Recipe", lambda net="causal", seed=0, schedule=None: recipe(net))
    argv = ["train", "motion", "--data", "x", "--work", str(work), "--minutes", "0.1",
            "--output", str(work / "out")]  # fmt: skip
    assert main(argv) == 0
    session = Session(work / "out" / "motion_rhythm.onnx", "cpu")
    card = session.card
    assert card.front_end == {"is": "motion.Dance"} and card.rate == FPS
    assert card.latency == DELAY / FPS and card.parameters < 2_000_000
    assert (
        card.training
        == "rt-engine train motion --excerpts 1300 --minutes 0.1 --net causal --seed 0"
    )
    assert str(work) not in (work / "out" / "motion_rhythm.json").read_text()
    assert {m.what for m in card.metrics} >= {"F", "CMLc", "CMLt", "Cemgil"}
    assert session.step({"dance": np.zeros(SIZE)})["beat"].shape == (1,)
    assert EARLIER not in card.limits
    first = work / "first.pt"
    (work / "causal_0" / "best.pt").replace(first)
    assert main([*argv, "--start", str(first)]) == 0
    assert EARLIER in Session(work / "out" / "motion_rhythm.onnx", "cpu").card.limits


@pytest.mark.parametrize(
    ("changes", "named"),
    [(["--net", "huge"], "causal, tcn"), (["--minutes", "0"], "--minutes"),
     (["--excerpts", "-1"], "--excerpts"), ([], "--data")],
)  # fmt: skip
def test_a_wrong_choice_is_told(changes, named, capsys, tmp_path):
    argv = ["train", "motion", "--data", "x", "--work", str(tmp_path), *changes]
    assert main(argv) == 2
    assert named in capsys.readouterr().err


def test_a_conducting_file_is_one_wrist_with_beats(tmp_path):
    rows = ["frame,time_sig,x_norm,y_norm,beat"]
    rows += [f"{k},2/4,0.5,{0.5 + 0.4 * np.sin(k / 3):.4f},{int(k % 20 == 5)}" for k in range(90)]
    path = tmp_path / "take.csv"
    path.write_text("\n".join(rows))
    excerpt = recordings.read_conducting(path)
    np.testing.assert_allclose(excerpt.beats, np.array([5, 25, 45, 65, 85]) / 30)
    joints = excerpt.frames.reshape(-1, JOINTS, 5)
    assert set(np.flatnonzero(joints.any(axis=(0, 2)))) == {10}
    speed = -np.diff([np.sin(k / 3) for k in range(90)])  # y points down in the file
    assert np.corrcoef(joints[1:90, 10, 3].astype(float), speed)[0, 1] > 0.95
    path.write_text("frame,x\n1,2\n")
    with pytest.raises(ValueError, match=r"take\.csv: needs columns x_norm"):
        recordings.read_conducting(path)


def test_a_dance_of_aist_is_read(tmp_path):
    t = np.arange(240) / 60
    points = np.random.default_rng(0).uniform(300, 700, (1, 1, JOINTS, 1)) * np.ones((9, 240, 1, 2))
    points = points + 80 * np.sin(2 * np.pi * t)[:, None, None]
    told = {"keypoints2d": np.concatenate([points, np.full((9, 240, JOINTS, 1), 0.9)], axis=-1)}
    name = tmp_path / "gBR_sBM_cAll_d04_mBR0_ch01.pkl"
    name.write_bytes(pickle.dumps(told))
    (tmp_path / "mBR0.beats").write_text("0.5\n1.25\n2.0\n")
    excerpt = recordings.read_aist(name, tmp_path / "mBR0.beats", camera=3)
    assert len(excerpt.beats) == 3 and len(excerpt.frames) >= 118
    joints = excerpt.frames.reshape(-1, JOINTS, 5)
    assert (joints[5:115, :, 4] > 0.8).all() and np.abs(joints[5:115, :, 2]).max() > 0.5
    name.write_bytes(pickle.dumps({"other": 1}))
    with pytest.raises(ValueError, match="keypoints2d"):
        recordings.read_aist(name, tmp_path / "mBR0.beats")
