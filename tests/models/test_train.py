import argparse
import subprocess
import sys

import numpy as np
import pytest

from rt_engine.cli import main
from rt_engine.training import add_train_command

torch = pytest.importorskip("torch")

from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.card import EARLIER  # noqa: E402
from rt_engine.models.export import export  # noqa: E402
from rt_engine.models.rhythm import command, train  # noqa: E402
from rt_engine.models.rhythm.batches import Mix, whole  # noqa: E402
from rt_engine.models.rhythm.committee import Committee  # noqa: E402
from rt_engine.models.rhythm.network import Deployed  # noqa: E402
from rt_engine.models.rhythm.networks import NETS, earlier  # noqa: E402
from rt_engine.models.rhythm.publish import publish_rhythm  # noqa: E402
from rt_engine.models.rhythm.store import read_store  # noqa: E402
from rt_engine.models.rhythm.train import Recipe  # noqa: E402
from rt_engine.models.training import Schedule, read_log  # noqa: E402
from tests.models.synthetic import steps_take, store  # noqa: E402

pytestmark = pytest.mark.train
SMALL = Mix(lengths=((200, 4),))


def recipe(**changes):
    plan = Schedule(minutes=0.2)
    return Recipe(**{"schedule": plan, "mix": SMALL, "valid": 1, **changes})


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    steps_take(monkeypatch, 1.0)


@pytest.mark.parametrize("size", NETS)
def test_every_network_trains(size, tmp_path):
    work = store(tmp_path / "store", frames=400)
    net = train.train(work, tmp_path / "run", recipe(size=size))
    losses = [line["loss"] for line in read_log(tmp_path / "run") if "loss" in line]
    assert losses and np.isfinite(losses).all()
    assert not net.training


def losses_of(folder, name="beat"):
    return [line[name] for line in read_log(folder) if name in line]


def test_the_loss_falls_and_learnt_weights_start_lower(tmp_path):
    work = store(tmp_path / "store", frames=400)
    train.train(work, tmp_path / "one", recipe(schedule=Schedule(minutes=1)))
    losses = losses_of(tmp_path / "one")
    assert losses[-1] < 0.6 * losses[0]
    train.train(work, tmp_path / "two", recipe(), start=train.load_best(tmp_path / "one", "small"))
    assert losses_of(tmp_path / "two")[0] < 0.8 * losses[0]


def test_half_precision_learns_alike(tmp_path):
    work = store(tmp_path / "store", frames=400)
    for half in (False, True):
        train.train(work, tmp_path / f"{half}", recipe(half=half))
    full, half = losses_of(tmp_path / "False"), losses_of(tmp_path / "True")
    assert half != full
    np.testing.assert_allclose(half, full, rtol=0.02)


def test_the_command_goes_from_excerpts_to_a_model_that_runs(tmp_path, monkeypatch):
    work = store(tmp_path / "work", frames=400)
    monkeypatch.setattr(command, "collect", lambda *_: None)
    monkeypatch.setattr(train, "Mix", lambda: SMALL)
    argv = ["train", "rhythm", "--data", "x", "--work", str(work), "--minutes", "0.1",
            "--threads", "1", "--output", str(tmp_path / "out")]  # fmt: skip
    assert main(argv) == 0
    session = Session(tmp_path / "out" / "rhythm_small.onnx", "cpu")
    assert session.card.rate == 50
    assert session.card.training.startswith("rt-engine train rhythm --hours 6")
    assert str(tmp_path) not in (tmp_path / "out" / "rhythm_small.json").read_text()
    assert EARLIER not in session.card.limits
    assert [m.name for m in session.card.data] == ["made"]
    assert {m.what for m in session.card.metrics} >= {"F", "CMLt", "downbeat", "phrase"}
    found = session.step({"mel": np.ones(80, np.float32)})
    assert {n: len(x) for n, x in found.items()} == {
        "beat": 2, "phrase": 1, "dynamics": 6, "articulation": 3, "place": 24,
    }  # fmt: skip


def test_an_earlier_network_answers_beside_the_new_one(tmp_path, monkeypatch):
    work, out = store(tmp_path / "work", frames=400), tmp_path / "out"
    monkeypatch.setattr(command, "collect", lambda *_: None)
    monkeypatch.setattr(train, "Mix", lambda: SMALL)
    first = tmp_path / "first.pt"
    torch.manual_seed(5)
    torch.save(NETS["small"]().state_dict(), first)
    argv = ["train", "rhythm", "--data", "x", "--work", str(work), "--minutes", "0.1",
            "--threads", "1", "--output", str(out)]  # fmt: skip
    assert main([*argv, "--beside", str(first)]) == 0
    new = train.load_best(work / "small_widened_0", "small")
    both = Deployed(Committee([*earlier("small", first), new]))
    inputs = {name: torch.rand(1, 3, size) for name, size in both.inputs.items()}
    inputs["present"] = torch.ones(1, 3, 3)
    with torch.no_grad():
        wanted, _ = both(inputs, both.initial_state())
    session = Session(out / "rhythm_small.onnx", "cpu")
    assert session.card.limits[-1] == EARLIER
    assert session.card.training.endswith("--beside best.pt (of an earlier training)")
    for k in range(3):
        found = session.step({n: inputs[n][0, k].numpy() for n in ("mel", "motion", "video")})
        assert np.allclose(found["phrase"], wanted["phrase"][0, k].numpy(), atol=1e-5)


def test_an_exported_model_is_gone_on_with(tmp_path):
    members = [NETS["small"](), NETS["small"]()]
    file = tmp_path / "rhythm_small.onnx"
    export(Deployed(Committee(members)), file)
    found = earlier("small", file)
    for net, told in zip(found, members, strict=True):
        heard = {n: x for n, x in told.state_dict().items() if not n.startswith("place.")}
        torch.testing.assert_close({n: net.state_dict()[n] for n in heard}, heard, rtol=0, atol=0)
    still = recipe(schedule=Schedule(minutes=0.05, rate=0.0, decay=0.0))
    begun = train.train(
        store(tmp_path / "work", frames=400), tmp_path / "run", still, start=found[-1]
    )
    torch.testing.assert_close(begun.joint.weight_hh_l0, members[1].joint.weight_hh_l0)


def test_an_exported_model_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "rhythm_small.onnx"
    export(Deployed(NETS["small"]()), file)
    with pytest.raises(ValueError, match="not exported from a network of this kind and size"):
        earlier("large", file)
    file.write_text("no model")
    with pytest.raises(ValueError, match="no exported model"):
        earlier("small", file)


def test_the_session_says_what_the_network_says(tmp_path):
    excerpts = read_store(store(tmp_path / "store", frames=200) / "train")
    net = NETS["small"]()
    publish_rhythm(net, "small", tmp_path, excerpts, {})
    batch = whole(excerpts[0])
    inputs = dict(zip(("mel", "motion", "video", "present"), batch.inputs, strict=True))
    deployed = Deployed(net)
    with torch.no_grad():
        wanted, _ = deployed(inputs, deployed.initial_state())
    session = Session(tmp_path / "rhythm_small.onnx", "cpu")
    streams = {n: inputs[n][0].numpy() for n in ("mel", "motion", "video")}
    for k in range(200):
        found = session.step({n: x[k] for n, x in streams.items()})
        assert np.allclose(found["beat"], wanted["beat"][0, k].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "named"),
    [(["--size", "huge"], "small, large"), (["--loss", "none"], "widened"),
     (["--minutes", "0"], "--minutes"), (["--beside", "gone.pt"], "gone.pt: no such file"),
     (["--start", "gone.pt"], "gone.pt: no such file"), ([], "x/pop909.tar.xz: is not there")],
)  # fmt: skip
def test_a_wrong_choice_is_told(changes, named, capsys):
    assert main(["train", "rhythm", "--data", "x", *changes]) == 2
    assert named in capsys.readouterr().err


def test_a_store_without_a_test_part_is_told_before_the_training(tmp_path, monkeypatch, capsys):
    work = store(tmp_path / "work", frames=400)
    for path in (work / "test").glob("*.npz"):
        path.unlink()
    monkeypatch.setattr(command, "collect", lambda *_: None)
    monkeypatch.setattr(command, "train", lambda *_: pytest.fail("trained first"))
    assert main(["train", "rhythm", "--data", "x", "--work", str(work)]) == 2
    assert "test: no excerpts" in capsys.readouterr().err


def told(capsys, *changes):
    """The one line on stderr."""
    assert main(["train", "rhythm", *map(str, changes)]) == 2
    found = capsys.readouterr().err
    assert found.count("\n") == 1
    return found


@pytest.mark.parametrize("name", ["--output", "--work"])
def test_a_file_in_place_of_a_folder_is_told_before_anything_is_made(name, tmp_path, capsys):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "under"):
        assert "file is a file; needed is a folder" in told(capsys, "--data", "x", name, path)


def test_everyday_mistakes_are_one_line(tmp_path, capsys):
    assert "--threads 0: needed" in told(capsys, "--data", "x", "--threads", "0")
    (archive := tmp_path / "pop909.tar.xz").write_bytes(b"no archive")
    where = ("--work", tmp_path / "work", "--data")
    assert "is broken (" in told(capsys, *where, tmp_path)
    assert "Not a directory; does --data name" in told(capsys, *where, archive)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("fluidsynth hangs: fluidsynth -ni"), "fluidsynth hangs: fluidsynth -ni\n"),
        (subprocess.CalledProcessError(-11, ["fluidsynth"]), "fluidsynth failed with exit status"),
        (EOFError("Compressed file ended"), "is broken (Compressed file ended)"),
        (OSError(28, "No space left on device"), "No space left on device\n"),
        (FileNotFoundError(2, "", "data/a.mid"), "data/a.mid: is not there; does --data name"),
        (FileNotFoundError(2, "", "fluidsynth"), "fluidsynth: is not there\n"),
    ],
)
def test_what_a_training_stumbles_over_is_one_line(error, said, monkeypatch, capsys, tmp_path):
    def stumble(_):
        raise error

    monkeypatch.setattr(command, "run", stumble)
    assert said in told(capsys, "--data", "data", "--work", tmp_path)


def test_without_torch_the_line_to_type_is_told(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["train", "rhythm", "--data", "x"]) == 2
    assert "pip install 'rt-engine[train]'" in capsys.readouterr().err


def test_defaults_are_those_of_the_recipe():
    parser = argparse.ArgumentParser()
    add_train_command(parser.add_subparsers())
    options = parser.parse_args(["train", "rhythm", "--data", "x"])
    assert options.size == Recipe().size and options.loss == Recipe().loss
