"""What the network is trained for: several losses for rare events, and one for classes.

The events of a batch are single frames. Each loss of `EVENTS` forgives in a way of its own that a
frame beside the labelled one was meant.

Sources: MOSA (IEEE Access 2024), section IV C, equations 1 to 4, and V A, equation 5; Foscarin,
Schlueter and Widmer 2024, "Beat this!", section 3.3, for the shift-tolerant loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as f

from rt_engine.models.rhythm.batches import Batch
from rt_engine.models.rhythm.network import Outputs

ALPHA, GAMMA = 0.8, 2.0  # focal loss
FOCAL, DICE = 5.0, 1.0  # their weights
BESIDE = 0.5  # what a frame next to an event counts
TOLERANCE = 3  # frames to both sides, of the shift-tolerant loss
SHARES = {
    "beat": 1.0, "downbeat": 3.0, "phrase": 1.0, "dynamics": 1.0, "articulation": 1.0, "place": 2.0,
}  # fmt: skip
RARE = 6.0  # makes a probability of 0.3 say as much as nothing, as MOSA reads them
TINY = 1e-6

Event = Callable[[Tensor, Tensor, Tensor], Tensor]


def widened(logits: Tensor, events: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy against events whose neighbours count half; a mean over the events.

    logits, events (0 or 1), weights (0 where nothing is known): (batch, time).
    """
    target = torch.maximum(events, BESIDE * beside(events, 1))
    losses = f.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (losses * weights).sum() / ((events * weights).sum() + 1.0)


def tolerant(logits: Tensor, events: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the best frame near each event; frames near events are else left alone."""
    best = beside(logits, TOLERANCE)
    free = 1.0 - beside(events, 2 * TOLERANCE)
    hit = f.softplus(-best) * events
    false = f.softplus(logits) * free
    return ((hit + false) * weights).sum() / ((events * weights).sum() + 1.0)


def mosa(logits: Tensor, events: Tensor, weights: Tensor) -> Tensor:
    """Focal loss and one minus the dice coefficient, as MOSA weighs them."""
    p = torch.sigmoid(logits)
    right = f.logsigmoid(torch.where(events > 0, logits, -logits))
    focal = -(ALPHA * (1.0 - right.exp()) ** GAMMA * right * weights).sum()
    count = (events * weights).sum() + 1.0
    overlap = (2.0 * p * events * weights).sum()
    dice = 1.0 - overlap / (((p**2 + events) * weights).sum() + TINY)
    return FOCAL * focal / count + DICE * dice


EVENTS: dict[str, Event] = {"widened": widened, "tolerant": tolerant, "mosa": mosa}


def beside(x: Tensor, reach: int) -> Tensor:
    """Maximum of (batch, time) over `reach` frames to both sides."""
    return f.max_pool1d(x[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]


def classes(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """Cross-entropy (batch, time, n) against labels (batch, time), -1 where unknown."""
    known = (labels >= 0).sum()
    loss = f.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), weights, ignore_index=-1, reduction="sum"
    )
    return loss / (known + 1.0)


@dataclass(frozen=True)
class Loss:
    """The sum of all heads' losses, each with its weight.

    event: one of `EVENTS`. dynamics, articulation: a weight a class, see `class_weights`.
    """

    event: str = "widened"
    dynamics: Tensor = field(default_factory=lambda: torch.ones(6))
    articulation: Tensor = field(default_factory=lambda: torch.ones(3))
    shares: dict[str, float] = field(default_factory=lambda: dict(SHARES))

    def __call__(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Each head's loss by its name, and their weighted sum as "loss"."""
        event = EVENTS[self.event]
        parts = {
            "beat": event(outputs.beat[..., 0], batch.beat, batch.beat_known),
            "downbeat": self._downbeat(outputs, batch),
            "phrase": span(outputs.phrase[..., 0], batch.phrase, batch.phrase_known),
            "dynamics": classes(outputs.dynamics, batch.dynamics, self.dynamics),
            "articulation": classes(outputs.articulation, batch.articulation, self.articulation),
            "place": classes(outputs.place, batch.place, None),
        }
        parts["loss"] = torch.stack([self.shares[name] * x for name, x in parts.items()]).sum()
        return parts

    def _downbeat(self, outputs: Outputs, batch: Batch) -> Tensor:
        """MOSA's sees every frame; else only beats are asked whether they are the first."""
        if self.event == "mosa":
            joint = f.logsigmoid(outputs.beat) + f.logsigmoid(outputs.downbeat)
            odds = joint - torch.log1p(-joint.exp() + TINY)
            return mosa(odds[..., 0], batch.downbeat, batch.beat_known * batch.bar_known)
        near = torch.maximum(batch.beat, BESIDE * beside(batch.beat, 1)) * batch.bar_known
        first = beside(batch.downbeat, 1)
        losses = f.binary_cross_entropy_with_logits(
            outputs.downbeat[..., 0], first, reduction="none"
        )
        return (losses * near).sum() / (near.sum() + 1.0)


def span(logits: Tensor, inside: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy against frames inside rare spans, which count `RARE` times as much."""
    losses = f.binary_cross_entropy_with_logits(
        logits, inside, reduction="none", pos_weight=torch.tensor(RARE)
    )
    return (losses * known).sum() / (RARE * (inside * known).sum() + 1.0)


def class_weights(counts: Tensor, power: float = 1.0) -> Tensor:
    """The reciprocal of each class's amount to a power, its mean over the data 1.

    power 1 is MOSA's: every class counts the same; 0: every frame does.
    """
    amount = counts.double().clamp(min=1.0)
    weights = amount**-power
    return (weights * counts.sum() / (weights * counts).sum().clamp(min=TINY)).float()
