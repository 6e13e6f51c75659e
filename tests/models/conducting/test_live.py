import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.conducting.controls import NOISE, SIZE, Noise  # noqa: E402
from rt_engine.inference.session import Session  # noqa: E402
from rt_engine.models.conducting import train as training  # noqa: E402
from rt_engine.models.conducting.autodecoder import noise_rows, random_noise  # noqa: E402
from rt_engine.models.conducting.evaluate import live_motion, scores_of  # noqa: E402
from rt_engine.models.conducting.network import INPUTS, OUTPUTS, LiveGenerator  # noqa: E402
from rt_engine.models.conducting.publish import publish_conductor  # noqa: E402
from rt_engine.models.conducting.train import prepared  # noqa: E402
from rt_engine.models.export import export, run_onnx  # noqa: E402
from rt_engine.models.training import Schedule, count_parameters, read_log  # noqa: E402
from tests.models.conducting.rigs import pairs  # noqa: E402
from tests.models.synthetic import steps_take  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(1)


def frames(count, batch=1):
    return {name: torch.rand(batch, count, size) for name, size in INPUTS.items()}


def test_any_cut_of_the_stream_gives_what_the_whole_gives():
    net, inputs = LiveGenerator().eval(), frames(200)
    with torch.no_grad():
        whole, _ = net(inputs, net.initial_state())
        state, rows, at = net.initial_state(), [], 0
        for part in (1, 1, 97, 3, 98):
            found, state = net({n: x[:, at : at + part] for n, x in inputs.items()}, state)
            rows.append(found["joints"])
            at += part
    assert torch.allclose(torch.cat(rows, dim=1), whole["joints"], atol=1e-5)


def test_the_future_changes_nothing():
    net, inputs = LiveGenerator().eval(), frames(80)
    other = {
        n: torch.cat((x[:, :50], torch.rand_like(x[:, 50:])), dim=1) for n, x in inputs.items()
    }
    with torch.no_grad():
        one, two = (net(x, net.initial_state())[0]["joints"] for x in (inputs, other))
    assert torch.allclose(one[:, :50], two[:, :50], atol=1e-5)
    assert not torch.allclose(one[:, 50:], two[:, 50:], atol=1e-2)


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_counts(name):
    net, inputs = LiveGenerator().eval(), frames(60)
    with torch.no_grad():
        one, _ = net(inputs, net.initial_state())
        two, _ = net(inputs | {name: torch.rand(1, 60, INPUTS[name])}, net.initial_state())
    assert float((one["joints"] - two["joints"]).abs().max()) > 1e-3


def test_the_file_says_frame_by_frame_what_torch_says_at_once(tmp_path):
    net, inputs = LiveGenerator().eval(), frames(120)
    export(net, tmp_path / "net.onnx")
    with torch.no_grad():
        whole, _ = net(inputs, net.initial_state())
    steps = run_onnx(net, tmp_path / "net.onnx", {n: x.numpy() for n, x in inputs.items()})
    assert np.abs(steps["joints"] - whole["joints"].numpy()).max() <= 1e-5


def test_the_network_is_small():
    assert count_parameters(LiveGenerator()) <= 100_000


def test_a_performance_offline_is_that_of_the_stream():
    pair, net = pairs(1)[0], LiveGenerator().eval()
    made = live_motion(net, pair, torch.Generator().manual_seed(3))
    noise = random_noise(1, len(pair.mel), torch.Generator().manual_seed(3))
    inputs = {"mel": pair.mel, "controls": pair.controls}
    rows = {n: torch.from_numpy(x)[None] for n, x in inputs.items()} | {"noise": noise}
    with torch.no_grad():
        found, _ = net(rows, net.initial_state())
    np.testing.assert_allclose(made[0].reshape(-1, 39), found["joints"][0].numpy(), atol=2e-3)


def test_noise_of_the_training_runs_between_seconds_as_that_of_a_performance():
    live = Noise(np.random.default_rng(0))
    rows = live.rows(np.arange(150) / 50)
    moments = torch.from_numpy(rows[[0, 50, 100], 8:])[None]
    style = torch.from_numpy(rows[:1, :8])
    found = noise_rows(style, moments, 100, torch.zeros(1, dtype=torch.long))
    np.testing.assert_allclose(found[0].numpy(), rows[:100], atol=1e-5)


def test_the_network_learns_the_motion_of_its_conductors(tmp_path, monkeypatch):
    steps_take(monkeypatch, 1.0)
    taught = pairs(3, seconds=12)
    recipe = training.Recipe(rows=32, schedule=Schedule(minutes=1.5, rate=6e-3))
    net = training.train(taught, taught[:1], tmp_path, recipe)
    losses = [line["loss"] for line in read_log(tmp_path) if "loss" in line]
    assert losses[-1] < 0.5 * losses[0]
    scores = scores_of(net, taught[:1])
    assert all(np.isfinite(value) for value in scores.values())
    assert scores["diversity"] > 1.0
    song = prepared(taught[0])
    with torch.no_grad():
        made = training.perform(net, song, 4, torch.Generator().manual_seed(0)).mean(dim=0)
        blind = training.perform(
            net, song._replace(phases=torch.zeros_like(song.phases)), 4,
            torch.Generator().manual_seed(0),
        ).mean(dim=0)  # fmt: skip
    hand = 30 + torch.arange(3)  # the right wrist
    error, without = (float((x - song.joints)[100:, hand].var()) for x in (made, blind))
    assert error < without


def test_a_broken_training_goes_on_where_it_was(tmp_path, monkeypatch):
    steps_take(monkeypatch, 1.0)
    taught = pairs(2, seconds=12)
    recipe = training.Recipe(rows=8, schedule=Schedule(minutes=0.1))
    training.train(taught, taught[:1], tmp_path, recipe)
    before = read_log(tmp_path)[-1]["step"]
    longer = training.Recipe(rows=8, schedule=Schedule(minutes=0.2))
    training.train(taught, taught[:1], tmp_path, longer, resume=True)
    assert read_log(tmp_path)[-1]["step"] > before


def test_the_published_model_runs_and_its_card_tells_of_the_simulation(tmp_path):
    taught = pairs(1)
    card = publish_conductor(LiveGenerator().eval(), tmp_path, taught, {"SDP": 1.0})
    assert card.latency == 0 and card.rate == 50
    assert any("simulation" in line for line in card.limits)
    assert {m.name for m in card.data} == {"made", "pattern conductor, simulated"}
    session = Session(tmp_path / "conductor.onnx", "cpu")
    row = {"mel": np.ones(80), "controls": np.zeros(SIZE), "noise": np.zeros(NOISE)}
    assert session.step(row)["joints"].shape == (OUTPUTS["joints"],)
    assert session.step({"mel": np.ones(80)})["joints"].shape == (OUTPUTS["joints"],)
