import numpy as np
import pytest

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import NUMBERS

torch = pytest.importorskip("torch")

from rt_engine.models.accompaniment.deployed import (  # noqa: E402
    DeployedDecoder,
    DeployedEncoder,
)
from rt_engine.models.accompaniment.network import AccompanimentNet, Size  # noqa: E402
from rt_engine.models.export import export, run_onnx  # noqa: E402
from rt_engine.models.training import count_parameters  # noqa: E402

pytestmark = pytest.mark.train
SMALL = Size(width=48, heads=2, hidden=64, memory=24, bars=2)
BARS, TOKENS = 5, 50


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(1)


def made(memory=True, size=SMALL):
    net = AccompanimentNet(size, memory).eval()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net


def song(seed=0):
    """Token, time, bar, drums of one row."""
    rng = np.random.default_rng(seed)
    bar = np.sort(rng.integers(BARS, size=TOKENS))
    time = 16 * bar + rng.integers(16, size=TOKENS)
    rows = (rng.integers(tk.SIZE, size=TOKENS), time.astype(np.float32), bar)
    token, time, bar = (torch.from_numpy(x)[None] for x in rows)
    return token, time, bar, torch.rand(1, BARS, NUMBERS)


def stream(net, token, time, bar, drums, forget=False, turn=512):
    """What the deployed parts give bar by bar, token by token."""
    encoder, decoder = DeployedEncoder(net), DeployedDecoder(net)
    heard, said = encoder.initial_state(), decoder.initial_state()
    rows, last, context = [], -1, None
    for k in range(token.shape[1]):
        while last < int(bar[0, k]):
            last += 1
            if forget:
                heard, said = encoder.initial_state(), decoder.initial_state()
            found, heard = encoder({"drums": drums[:, last : last + 1]}, heard)
            context = found["context"]
        inputs = {"token": token[:, k : k + 1, None].float(), "context": context,
                  "time": time[:, k : k + 1, None] % turn}  # fmt: skip
        found, said = decoder(inputs, said)
        rows.append(found["logits"])
    return torch.cat(rows, dim=1)


@pytest.mark.parametrize("memory", [True, False])
def test_token_by_token_is_what_the_whole_is(memory):
    net, row = made(memory), song()
    with torch.no_grad():
        whole = net(*row)
        assert torch.allclose(stream(net, *row, forget=not memory), whole, atol=1e-4)


def test_the_future_changes_nothing():
    net, (token, time, bar, drums) = made(), song()
    first = int((bar[0] < 3).sum())
    other, sound = token.clone(), drums.clone()
    other[0, first:] = (other[0, first:] + 1) % tk.SIZE
    sound[:, 3:] += 1.0
    with torch.no_grad():
        one, two = net(token, time, bar, drums), net(other, time, bar, sound)
    assert torch.allclose(one[:, :first], two[:, :first], atol=1e-5)
    assert not torch.allclose(one[:, first:], two[:, first:], atol=1e-2)


@pytest.mark.parametrize("memory", [True, False])
def test_what_was_before_the_bar_matters_with_memory_alone(memory):
    net, (token, time, bar, drums) = made(memory), song()
    last = int((bar[0] < BARS - 1).sum())
    other, sound = token.clone(), drums.clone()
    other[0, :last] = (other[0, :last] + 1) % tk.SIZE
    sound[:, : BARS - 1] += 1.0
    with torch.no_grad():
        one, two = net(token, time, bar, drums), net(other, time, bar, sound)
    assert torch.allclose(one[:, last:], two[:, last:], atol=1e-5) is not memory


def test_the_drums_of_the_bar_matter():
    net, (token, time, bar, drums) = made(), song()
    with torch.no_grad():
        assert not torch.allclose(net(token, time, bar, drums), net(token, time, bar, 1 - drums))


def test_time_counts_by_its_differences():
    """Musical time may begin anew after 512 sixteenths."""
    net, (token, time, bar, drums) = made(), song()
    with torch.no_grad():
        one = stream(net, token, time, bar, drums)
        two = stream(net, token, time + 480, bar, drums)
    assert torch.allclose(one, two, atol=1e-4)


def test_padding_changes_nothing():
    net, (token, time, bar, drums) = made(), song()
    extra = 30
    wide = [torch.cat((x, torch.zeros(1, extra, dtype=x.dtype)), 1) for x in (token, time, bar)]
    more = torch.cat((drums, torch.zeros(1, 2, NUMBERS)), 1)
    with torch.no_grad():
        found = net(*wide, more)[:, :TOKENS]
        assert torch.allclose(found, net(token, time, bar, drums), atol=1e-5)


def test_the_files_say_what_torch_says(tmp_path):
    net = made()
    for part in (DeployedEncoder(net), DeployedDecoder(net)):
        path = tmp_path / "part.onnx"
        export(part, path)
        rng = np.random.default_rng(3)
        inputs = {n: rng.random((1, 40, k), np.float32) for n, k in part.inputs.items()}
        if "token" in inputs:
            inputs["token"] = rng.integers(tk.SIZE, size=(1, 40, 1)).astype(np.float32)
            inputs["time"] = np.sort(rng.integers(512, size=(1, 40, 1)), axis=1).astype(np.float32)
        with torch.no_grad():
            tensors = {n: torch.from_numpy(x) for n, x in inputs.items()}
            whole, _ = part(tensors, part.initial_state())
        steps = run_onnx(part, path, inputs)
        for name in part.outputs:
            assert np.abs(steps[name] - whole[name].numpy()).max() <= 2e-5


def test_the_shipped_size_stays_within_its_budget():
    assert count_parameters(AccompanimentNet()) <= 2_000_000
