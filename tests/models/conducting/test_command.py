import argparse
import sys
from functools import partial

import pytest

torch = pytest.importorskip("torch")

from rt_engine.cli import main  # noqa: E402
from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.conducting import command, evaluate, train  # noqa: E402
from rt_engine.training import add_train_command  # noqa: E402
from tests.models.conducting.rigs import store  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train


def test_the_command_goes_from_excerpts_to_a_model_that_runs(tmp_path, monkeypatch):
    steps_take(monkeypatch, 1.0)
    monkeypatch.setattr(train, "DRAWS", 1)
    monkeypatch.setattr(evaluate, "DRAWS", 2)
    monkeypatch.setattr(command, "Recipe", partial(train.Recipe, rows=8))
    folder = store(tmp_path / "store", seconds=12)
    argv = ["train", "conductor", "--store", str(folder), "--work", str(tmp_path / "work"),
            "--minutes", "0.05", "--output", str(tmp_path / "out")]  # fmt: skip
    assert main(argv) == 0
    session = Session(tmp_path / "out" / "conductor.onnx", "cpu")
    text = (tmp_path / "out" / "conductor.json").read_text()
    assert session.card.training == (
        "rt-engine train conductor --minutes 0.05 --pairs 640 --hours 10.0 --seed 0"
    )
    assert str(tmp_path) not in text
    told = {metric.what for metric in session.card.metrics}
    assert {"SDP", "diversity", "F made", "F real", "F late"} <= told


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (["--minutes", "0", "--store", "x"], "--minutes"),
        (["--pairs", "-1", "--store", "x"], "--pairs"),
        ([], "--data"),
        (["--store", "nowhere"], "no excerpts"),
    ],
)
def test_a_wrong_choice_is_told(changes, named, capsys, tmp_path):
    assert main(["train", "conductor", "--work", str(tmp_path), *changes]) == 2
    found = capsys.readouterr().err
    assert named in found and "Traceback" not in found


@pytest.mark.parametrize("argv", [["train", "conductor"], ["import", "m2sgan", "x.pt"]])
def test_without_torch_the_line_to_type_is_told(argv, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(argv) == 2
    assert "pip install 'rt-engine[train]'" in capsys.readouterr().err


def test_defaults_of_the_command_are_there():
    parser = argparse.ArgumentParser()
    add_train_command(parser.add_subparsers())
    options = parser.parse_args(["train", "conductor"])
    assert options.seed == train.Recipe().seed
    assert command.repeated(options).startswith("rt-engine train conductor --minutes 30")
