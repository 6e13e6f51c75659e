import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.cli import main  # noqa: E402
from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.conducting import brought  # noqa: E402
from rt_engine.models.conducting.m2s import M2SGan, M2SNet  # noqa: E402
from rt_engine.models.conducting.motion import adjacency  # noqa: E402
from rt_engine.models.conducting.published import load, read_gan, read_net, renamed  # noqa: E402
from tests.models.conducting.rigs import GOLDEN  # noqa: E402

GAN, NET = GOLDEN / "M2SGAN_official_pretrained.pt", GOLDEN / "M2SNet_official_pretrained.pt"
IO = GOLDEN / "m2sgan_official_io.npz"
needs_golden = pytest.mark.skipif(not IO.exists(), reason="needs ../shared/golden")
pytestmark = pytest.mark.train


@pytest.fixture
def data():
    return {name: torch.from_numpy(np.atleast_1d(x))[None] for name, x in np.load(IO).items()}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def worst(found, wanted):
    return float((found - wanted).abs().max())


@pytest.mark.shared
@needs_golden
def test_the_generator_moves_as_the_published_one(data):
    gan = read_gan(GAN)
    with torch.no_grad():
        for noise, motion in (("noise", "motion"), ("noise2", "motion2")):
            assert worst(gan(data["mel"], data[noise]), data[motion]) < 1e-6


@pytest.mark.shared
@needs_golden
def test_features_and_sync_are_those_of_the_published_net(data):
    net = read_net(NET)
    torch.set_num_threads(2)  # as the sums were made; one thread adds in another order, 8e-6 off
    with torch.no_grad():
        assert worst(net.music(data["mel"]), data["music_features"]) < 1e-6
        assert worst(net.motion(data["motion"]), data["motion_features"]) < 1e-5
        assert worst(net(data["mel"], data["motion"]), data["sync"]) < 5e-4


@pytest.mark.shared
@needs_golden
def test_the_graph_of_joints_is_the_published_one():
    stored = renamed(load(NET))["motion.near"]
    assert worst(adjacency(), stored.reshape(13, 13)) < 1e-6


@pytest.mark.shared
@needs_golden
def test_the_imported_model_runs_in_a_session_and_says_the_same(tmp_path, data, capsys):
    assert main(["import", "m2sgan", str(GAN), "-o", str(tmp_path)]) == 0
    assert "licence of the weights is unstated" in capsys.readouterr().out
    card = json.loads((tmp_path / "m2sgan.json").read_text())
    assert card["licence"] == "unstated, brought by the user"
    assert [x["licence"] for x in card["data"]] == ["unstated, brought by the user"]
    assert str(GOLDEN) not in json.dumps(card)
    session = Session(tmp_path / "m2sgan.onnx", "cpu")
    found = session.step({"mel": data["mel"].numpy(), "noise": data["noise"].numpy()})["motion"]
    assert np.abs(found - data["motion"].numpy().ravel()).max() < 1e-3


def untrained(path, net):
    torch.save(net.state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"no weights", "no file of PyTorch weights"), (None, "no file of PyTorch weights")],
)
def test_a_file_that_is_no_weights_is_told(content, told, tmp_path, capsys):
    path = tmp_path / "some.pt"
    if content:
        path.write_bytes(content)
    assert main(["import", "m2sgan", str(path), "-o", str(tmp_path)]) == 2
    assert told in (found := capsys.readouterr().err) and "some.pt" in found
    assert "Traceback" not in found
    assert not list(tmp_path.glob("*.onnx"))


def test_another_network_is_told(tmp_path, capsys):
    path = untrained(tmp_path / "net.pt", M2SNet())
    assert main(["import", "m2sgan", str(path), "-o", str(tmp_path)]) == 2
    assert "no M2SGan as published" in capsys.readouterr().err


def test_a_tensor_of_another_size_is_named(tmp_path):
    weights = M2SGan().state_dict() | {"generator.linear.bias": torch.zeros(3)}
    torch.save(weights, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match=r"'generator\.linear\.bias' has shape"):
        read_gan(tmp_path / "odd.pt")


def test_a_pickle_that_is_no_state_dict_runs_no_code(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="no state dict"):
        load(tmp_path / "list.pt")
    torch.save({"code": print}, tmp_path / "code.pt")
    with pytest.raises(ValueError, match="no file of PyTorch weights"):
        load(tmp_path / "code.pt")


def test_a_window_that_is_too_short_is_told(tmp_path):
    path = untrained(tmp_path / "gan.pt", M2SGan())
    with pytest.raises(ValueError, match="needed are 5 s"):
        brought.bring(path, tmp_path, seconds=4)


def test_every_weight_of_a_fresh_network_comes_back(tmp_path):
    net = M2SGan()
    found = read_gan(untrained(tmp_path / "gan.pt", net))
    for name, x in net.state_dict().items():
        assert torch.equal(x, found.state_dict()[name])
