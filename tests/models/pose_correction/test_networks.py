"""The networks: what they hear and see, and that a stream gives what the whole gives."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.export import TOLERANCE, export, run_onnx  # noqa: E402
from rt_engine.models.pose_correction.mapnet import WINDOW, WINDOWED, Mapnet  # noqa: E402
from rt_engine.models.pose_correction.network import INPUTS, PoseNet, Size  # noqa: E402
from rt_engine.models.training import count_parameters  # noqa: E402
from rt_engine.violin.pose_front import (  # noqa: E402
    FOLLOWED,
    NARROW,
    NOISE,
    PLACES,
    SIGNALS,
    STALENESS,
    WIDE,
)

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    torch.manual_seed(1)


def made(size=None):
    net = PoseNet(size).eval()
    for parameter in net.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    return net


def frames(count=60, batch=1):
    return {name: torch.randn(batch, count, size) for name, size in INPUTS.items()}


def test_the_file_says_what_the_network_says_step_by_step(tmp_path):
    net = made()
    assert export(net, tmp_path / "net.onnx") <= TOLERANCE
    inputs = {name: x.numpy() for name, x in frames().items()}
    steps = run_onnx(net, tmp_path / "net.onnx", inputs)
    with torch.no_grad():
        whole = net({n: torch.from_numpy(x) for n, x in inputs.items()}, net.initial_state())[0]
    np.testing.assert_allclose(steps["pose"], whole["pose"], atol=1e-5)


def test_a_stream_in_pieces_is_the_whole():
    net, inputs = made(Size(32, 32, 2, 16)), frames()
    with torch.no_grad():
        whole = net(inputs, net.initial_state())[0]["pose"]
        state, rows, at = net.initial_state(), [], 0
        for size in (1, 7, 2, 30, 20):
            piece = {name: x[:, at : at + size] for name, x in inputs.items()}
            found, state = net(piece, state)
            rows.append(found["pose"])
            at += size
    torch.testing.assert_close(torch.cat(rows, dim=1), whole, atol=1e-5, rtol=0)


def test_it_is_small():
    assert count_parameters(PoseNet()) <= 2_000_000


def test_without_sound_the_numbers_of_sound_do_not_matter():
    net, inputs = made(), frames()
    inputs["heard"] = torch.zeros_like(inputs["heard"])
    with torch.no_grad():
        one = net(inputs, net.initial_state())[0]["pose"]
        other = net(inputs | {"sound": torch.randn(1, 60, 35)}, net.initial_state())[0]["pose"]
        heard = inputs | {"heard": torch.ones(1, 60, 1)}
        assert (net(heard, net.initial_state())[0]["pose"] - one).abs().max() > 1e-3
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("noise", "best"), [(-1.5, NARROW), (0.5, FOLLOWED)])
def test_a_new_network_is_the_best_filter_of_the_front(noise, best):
    net, inputs = PoseNet().eval(), frames()
    inputs["front"][..., NOISE] = noise
    with torch.no_grad():
        found = net(inputs, net.initial_state())[0]["pose"]
    front = inputs["front"].clamp(-3, 3)
    offers = front[..., : SIGNALS * PLACES].unflatten(-1, (SIGNALS, PLACES))
    wanted = offers[:, :, best].unflatten(-1, (-1, 3)).clone()
    if best == NARROW:  # in depth the wide line
        wanted[..., 2] = offers[:, :, WIDE].unflatten(-1, (-1, 3))[..., 2]
    assert (found - wanted.flatten(-2)).abs().max() < 0.15


@pytest.mark.parametrize(("noise", "stale", "learnt"), [(-1.5, 0, 0), (-1.5, 1, 1), (0.5, 0, 1)])
def test_what_is_learnt_counts_only_where_joints_tremble_or_are_out_of_sight(noise, stale, learnt):
    net, new, inputs = made(), PoseNet().eval(), frames()
    inputs["front"][..., NOISE], inputs["front"][..., STALENESS] = noise, stale
    with torch.no_grad():
        net.correct.weight.mul_(10.0)
        one, other = (n(inputs, n.initial_state())[0]["pose"] for n in (net, new))
    away = (one - other).abs().max()
    assert away > 0.1 if learnt else away < 1e-3


@pytest.mark.parametrize("name", WINDOWED)
def test_networks_of_windows_see_poses_and_hear_what_they_ought_to(name):
    net = WINDOWED[name]().eval()
    poses, sound = torch.randn(2, WINDOW, PLACES), torch.randn(2, WINDOW, 35)
    there = torch.ones(2, WINDOW)
    there[:, 1::2] = 0.0
    with torch.no_grad():
        found = net(poses, there, sound)
        assert found.shape == (2, WINDOW, PLACES)
        unseen = poses + 9.0 * (1.0 - there)[..., None]
        torch.testing.assert_close(net(unseen, there, sound), found)
        assert (net(poses + 0.5, there, sound) - found).abs().max() > 1e-4
        deaf = name in ("pose_transformer", "lstm_pose")
        assert bool((net(poses, there, sound + 1.0) - found).abs().max() > 1e-5) != deaf


def test_the_layers_are_those_of_the_paper_at_depth_one():
    for fusion, counts in (("late", (12, 12, 2)), ("balanced", (7, 7, 7)), ("early", (2, 2, 12))):
        net = Mapnet(fusion, depth=1)
        assert tuple(len(part.layers) for part in (net.pose, net.audio, net.fuse)) == counts
