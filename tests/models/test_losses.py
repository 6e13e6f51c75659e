import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.rhythm.batches import whole  # noqa: E402
from rt_engine.models.rhythm.losses import (  # noqa: E402
    EVENTS,
    Loss,
    class_weights,
    classes,
    mosa,
    tolerant,
)
from rt_engine.models.rhythm.network import RhythmNet  # noqa: E402
from tests.models.synthetic import excerpt  # noqa: E402

pytestmark = pytest.mark.train


def row(count, *events):
    x = torch.zeros(1, count)
    x[0, list(events)] = 1.0
    return x


def test_mosas_loss_is_that_of_the_paper():
    p, y = [0.9, 0.2, 0.6, 0.1], [1, 0, 0, 1]
    focal = sum(
        -0.8 * (1 - k) ** 2 * math.log(k)
        for k in (a if b else 1 - a for a, b in zip(p, y, strict=True))
    )
    dice = sum(2 * a * b for a, b in zip(p, y, strict=True)) / sum(
        a * a + b * b for a, b in zip(p, y, strict=True)
    )
    logits = torch.logit(torch.tensor([p]))
    found = mosa(logits, torch.tensor([y], dtype=torch.float32), torch.ones(1, 4))
    assert float(found) == pytest.approx(5 * focal / 3 + 1 - dice, abs=1e-5)  # 3: two events and 1


@pytest.mark.parametrize("shift", [-3, -1, 0, 2, 3])
def test_the_tolerant_loss_forgives_three_frames(shift):
    events = row(60, 30)
    hit, exact = (20 * row(60, 30 + k) - 10 for k in (shift, 0))
    ones = torch.ones(1, 60)
    assert tolerant(hit, events, ones) == pytest.approx(float(tolerant(exact, events, ones)))
    assert tolerant(20 * row(60, 38) - 10, events, ones) > tolerant(exact, events, ones) + 5


@pytest.mark.parametrize("name", EVENTS)
def test_events_told_in_time_cost_less_than_silence_and_late_ones(name):
    events, ones = row(100, 20, 60), torch.ones(1, 100)
    silent = torch.full((1, 100), -6.0)
    right, late = (12 * row(100, 20 + k, 60 + k) - 6 for k in (0, 12))
    cost = [float(EVENTS[name](x, events, ones)) for x in (right, silent, late)]
    assert cost[0] < cost[1] < cost[2]


@pytest.mark.parametrize("name", EVENTS)
def test_frames_of_which_nothing_is_known_teach_nothing(name):
    logits = torch.zeros(1, 50, requires_grad=True)
    known = torch.ones(1, 50)
    known[0, 25:] = 0.0
    EVENTS[name](logits, row(50, 10), known).backward()
    assert bool((logits.grad[0, 29:] == 0).all()) and bool((logits.grad[0, :20] != 0).any())


def test_with_power_one_every_class_weighs_the_same():
    counts = torch.tensor([900, 90, 10])
    assert np.allclose(class_weights(counts) * counts, 1000 / 3)
    assert np.allclose(class_weights(counts, 0.0), 1.0)


def test_classes_are_scored_where_they_are_known():
    logits = torch.tensor([[[4.0, 0.0, 0.0], [0.0, 4.0, 0.0]]])
    ones = torch.ones(3)
    wrong_unknown = classes(logits, torch.tensor([[0, -1]]), ones)
    both_right = classes(logits, torch.tensor([[0, 1]]), ones)
    one_wrong = classes(logits, torch.tensor([[0, 2]]), ones)
    assert wrong_unknown < both_right < one_wrong


@pytest.mark.parametrize("name", EVENTS)
def test_every_head_learns(name):
    net = RhythmNet()
    batch = whole(excerpt(3, 300))
    outputs, _ = net(*batch.inputs, net.initial_state())
    parts = Loss(name)(outputs, batch)
    parts["loss"].backward()
    assert set(parts) == {*outputs._fields, "loss"}
    assert all(x.item() > 0 for x in parts.values())
    assert all(p.grad is not None for p in net.parameters())
