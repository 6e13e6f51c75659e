import os
import signal

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from rt_engine.models.training import (  # noqa: E402
    BEST,
    CHECKPOINT,
    Schedule,
    StoppedError,
    Trainer,
    read_log,
    write,
)
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train
SOON = Schedule(minutes=5, rate=0.05, save=60, evaluate=200)


@pytest.fixture(autouse=True)
def _a_second_a_step(monkeypatch):
    steps_take(monkeypatch, 1.0)


class Line:
    """Learns y = 3 x - 1."""

    def __init__(self, folder, schedule=SOON, memory=None):
        torch.manual_seed(0)
        self.net = nn.Linear(1, 1)
        self.trainer = Trainer(self.net, self.step, folder, schedule, self.score, memory)

    def step(self):
        x = torch.randn(16, 1)
        return {"loss": (self.net(x) - 3 * x + 1).square().mean()}

    @staticmethod
    def score(net):
        with torch.no_grad():
            error = (net(torch.tensor([[2.0]])) - 5).abs()
        return {"score": -float(error)}


def test_it_learns_within_its_time_and_leaves_curves_and_the_best(tmp_path):
    line = Line(tmp_path)
    averaged = line.trainer.fit()
    assert line.trainer.steps == line.trainer.seconds == 300
    assert averaged.weight.item() == pytest.approx(3, abs=0.1)
    log = read_log(tmp_path)
    assert log[0]["loss"] > 10 * log[-2]["loss"]
    assert any("valid_score" in line for line in log)
    assert (tmp_path / "learning.png").stat().st_size > 1000
    assert (tmp_path / "log.csv").read_text().count("\n") == len(log) + 1
    best = torch.load(tmp_path / BEST)
    assert best["weight"].item() == pytest.approx(3, abs=0.1)


def test_a_resumed_training_goes_on_where_it_was(tmp_path):
    first = Line(tmp_path)
    first.trainer.fit()
    second = Line(tmp_path, Schedule(minutes=6, rate=0.05, evaluate=1000))
    assert second.trainer.resume()
    assert second.trainer.steps == first.trainer.steps
    assert second.trainer.seconds == first.trainer.seconds
    assert torch.equal(second.net.weight, first.net.weight)
    assert torch.equal(second.trainer.averaged.weight, first.trainer.averaged.weight)
    second.trainer.fit()
    assert second.trainer.steps == 360


@pytest.mark.parametrize("damage", ["cut", "text", "older"])
def test_a_checkpoint_that_does_not_fit_is_named(tmp_path, damage):
    trainer, path = Line(tmp_path).trainer, tmp_path / CHECKPOINT
    trainer.save()
    if damage == "older":
        state = torch.load(path, weights_only=False)
        write(state | {"net": {}}, path)
    else:
        path.write_bytes(path.read_bytes()[:500] if damage == "cut" else b"text")
    with pytest.raises(ValueError, match=r"checkpoint\.pt: is damaged, .*without --resume"):
        Line(tmp_path).trainer.resume()


def test_a_training_resumed_past_its_time_still_has_a_best(tmp_path):
    first = Line(tmp_path)
    first.trainer._update()
    first.trainer.seconds = 60.0
    first.trainer.save()
    second = Line(tmp_path, Schedule(minutes=0.5))
    assert second.trainer.resume()
    second.trainer.fit()
    assert second.trainer.steps == 1 and (tmp_path / BEST).exists()


def test_a_new_training_begins_its_log_anew_and_a_resumed_one_goes_on(tmp_path):
    short = Schedule(minutes=0.4)
    Line(tmp_path, short).trainer.fit()
    before = read_log(tmp_path)
    Line(tmp_path, short).trainer.fit()
    assert len(read_log(tmp_path)) == len(before)
    longer = Line(tmp_path, Schedule(minutes=0.8))
    longer.trainer.resume()
    longer.trainer.fit()
    assert read_log(tmp_path)[: len(before)] == before and len(read_log(tmp_path)) > len(before)


def test_a_score_that_is_no_number_is_no_best(tmp_path):
    line = Line(tmp_path, Schedule(minutes=1, evaluate=20))
    scores = iter([float("nan"), 0.5, float("nan"), float("nan")])
    kept = []
    line.trainer.evaluate = lambda net: kept.append(net.weight.item()) or {"score": next(scores)}
    line.trainer.fit()
    assert line.trainer.best == 0.5
    assert torch.load(tmp_path / BEST)["weight"].item() == kept[1]


def test_where_no_score_is_a_number_there_are_weights_all_the_same(tmp_path):
    line = Line(tmp_path, Schedule(minutes=1, evaluate=20))
    line.trainer.evaluate = lambda net: {"score": float("nan")}
    line.trainer.fit()
    assert (tmp_path / BEST).exists()


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    assert not Line(tmp_path).trainer.resume()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_ends(tmp_path, number):
    line = Line(tmp_path, Schedule(minutes=5))
    step, before = line.trainer.step, signal.getsignal(number)

    def interrupted():
        if line.trainer.steps == 20:
            os.kill(os.getpid(), number)
        return step()

    line.trainer.step = interrupted
    with pytest.raises(StoppedError, match="--resume"):
        line.trainer.fit()
    assert line.trainer.steps == 21
    assert torch.load(tmp_path / CHECKPOINT, weights_only=False)["steps"] == 21
    assert signal.getsignal(number) is before


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    write({"a": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        write({"a": lambda: 0}, path)
    assert torch.load(path) == {"a": 1}


def test_a_line_cut_off_in_the_log_is_left_out(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"minutes": 1.0}\n{"minu')
    assert read_log(tmp_path) == [{"minutes": 1.0}]


def test_the_rate_rises_then_falls_with_the_time():
    plan = Schedule(minutes=10, rate=1.0, warm_up=0.1, final=0.01)
    rates = [plan.rate_at(s) for s in range(0, 601, 10)]
    top = rates.index(max(rates))
    assert 5 <= top <= 7 and rates[0] < 0.1
    assert max(rates) == pytest.approx(1.0, abs=0.01) and rates[-1] == pytest.approx(0.01)
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_a_loss_that_is_no_number_moves_nothing(tmp_path):
    line = Line(tmp_path)
    line.trainer.step = lambda: {"loss": line.net(torch.full((1, 1), torch.nan)).sum()}
    before = line.net.weight.clone()
    line.trainer._update()
    assert torch.equal(line.net.weight, before)
