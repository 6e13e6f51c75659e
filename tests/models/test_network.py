import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.export import export, run_onnx  # noqa: E402
from rt_engine.models.rhythm.network import (  # noqa: E402
    INPUTS,
    OUTPUTS,
    SIZES,
    Deployed,
    RhythmNet,
)
from rt_engine.models.rhythm.references import MosaCnn, MosaTransformer  # noqa: E402
from rt_engine.models.training import count_parameters  # noqa: E402

pytestmark = pytest.mark.train
NETS = {"small": RhythmNet, "cnn": MosaCnn, "transformer": MosaTransformer}


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(1)


def frames(count, batch=1, present=1.0):
    inputs = {name: torch.rand(batch, count, size) for name, size in INPUTS.items()}
    return inputs | {"present": torch.full((batch, count, 3), present)}


@pytest.mark.parametrize("size", SIZES)
def test_any_cut_of_the_stream_gives_what_the_whole_gives(size):
    net = Deployed(RhythmNet(size))
    inputs = frames(120)
    with torch.no_grad():
        whole, _ = net(inputs, net.initial_state())
        state, rows = net.initial_state(), []
        for part in (1, 1, 37, 2, 79):
            at = sum(len(r["beat"][0]) for r in rows)
            found, state = net({n: x[:, at : at + part] for n, x in inputs.items()}, state)
            rows.append(found)
    for name in OUTPUTS:
        joined = torch.cat([r[name] for r in rows], dim=1)
        assert torch.allclose(joined, whole[name], atol=1e-5)


@pytest.mark.parametrize("name", NETS)
def test_the_future_changes_nothing(name):
    net = NETS[name]().eval()
    inputs = frames(60)
    other = {n: x.clone() for n, x in inputs.items()}
    for stream in ("mel", "motion", "video"):
        other[stream][:, 40:] = torch.rand_like(other[stream][:, 40:])
    with torch.no_grad():
        one, _ = net(*inputs.values(), net.initial_state())
        two, _ = net(*other.values(), net.initial_state())
    for a, b in zip(one, two, strict=True):
        assert torch.allclose(a[:, :40], b[:, :40], atol=1e-5)
        assert not torch.equal(a[:, 40:], b[:, 40:])


def test_an_absent_stream_says_nothing_and_a_present_one_does():
    net = RhythmNet().eval()
    inputs = frames(30)
    inputs["present"][..., 1] = 0.0
    other = inputs | {"motion": torch.rand(1, 30, 39)}
    with torch.no_grad():
        one, two = (net(*x.values(), net.initial_state())[0] for x in (inputs, other))
        assert torch.equal(one.beat, two.beat)
        for x in (inputs, other):
            x["present"] = torch.ones(1, 30, 3)
        one, two = (net(*x.values(), net.initial_state())[0] for x in (inputs, other))
        assert not torch.allclose(one.beat, two.beat)


def test_nothing_present_is_no_failure():
    net = Deployed(RhythmNet())
    with torch.no_grad():
        found, _ = net(frames(20, present=0.0), net.initial_state())
    assert all(bool(torch.isfinite(x).all()) for x in found.values())


def test_outputs_are_probabilities():
    net = Deployed(RhythmNet())
    with torch.no_grad():
        found, _ = net(frames(50, batch=3), net.initial_state(3))
    assert {n: x.shape for n, x in found.items()} == {n: (3, 50, k) for n, k in OUTPUTS.items()}
    assert bool((found["beat"].sum(dim=-1) <= 1.0).all())
    for name in ("dynamics", "articulation"):
        assert torch.allclose(found[name].sum(dim=-1), torch.ones(3, 50), atol=1e-5)


def test_sizes_stay_within_their_budgets():
    assert count_parameters(RhythmNet("small")) <= 350_000
    assert count_parameters(RhythmNet("large")) <= 2_000_000


@pytest.mark.parametrize("size", SIZES)
def test_the_file_says_frame_by_frame_what_torch_says_at_once(size, tmp_path):
    net = Deployed(RhythmNet(size))
    path = tmp_path / "net.onnx"
    export(net, path)
    inputs = frames(150)
    inputs["present"][:, 50:90, 1:] = 0.0
    with torch.no_grad():
        whole, _ = net(inputs, net.initial_state())
    steps = run_onnx(net, path, {n: x.numpy() for n, x in inputs.items()})
    for name in OUTPUTS:
        assert np.abs(steps[name] - whole[name].numpy()).max() <= 1e-5


def test_a_file_that_deviates_is_refused(tmp_path):
    class Fickle(Deployed):
        calls = 0

        def forward(self, inputs, state):
            outputs, after = super().forward(inputs, state)
            self.calls += 1
            return {n: x + 0.01 * self.calls for n, x in outputs.items()}, after

    with pytest.raises(ValueError, match="deviates"):
        export(Fickle(RhythmNet()), tmp_path / "net.onnx")
