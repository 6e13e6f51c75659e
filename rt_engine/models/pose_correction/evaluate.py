"""What a network is worth: errors on takes that it has not seen, by the paper's protocol.

A take is seen once with the paper's noise at each rate of pictures, and cut into windows of 3 s,
1 s apart. Networks of windows and filters get each window alone. A streaming network runs through
the whole take, as it would live, and is scored on the same moments of the same windows; in its
first window it knows as little as the others at their first step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from rt_engine.models.pose_correction import seen
from rt_engine.models.pose_correction.batches import through_front
from rt_engine.models.pose_correction.mapnet import WINDOW
from rt_engine.models.pose_correction.metrics import mpjae, mpjpe
from rt_engine.models.pose_correction.network import PoseNet

__all__ = [
    "HOP",
    "Case",
    "Way",
    "cases",
    "scores",
    "streaming",
    "valid_stream",
    "valid_windows",
    "windowed",
]

Singles = npt.NDArray[np.float32]
Scores = dict[str, float]

HOP = 50  # steps from window to window: 1 s
SETTLED = WINDOW  # steps of the start that the score of a streaming network leaves out in training


class Heard(Protocol):
    """What is needed of a take."""

    @property
    def joints(self) -> Singles:
        """(n, 13, 3) m."""

    @property
    def features(self) -> Singles:
        """(n, 35)."""


class Case(NamedTuple):
    """A take as it is seen, and the sound that goes with it, (n, 35), or None."""

    view: seen.Seen
    sound: Singles | None

    @property
    def starts(self) -> list[int]:
        """First steps of the windows."""
        return list(range(0, len(self.view.x) - WINDOW + 1, HOP))


Way = Callable[[Sequence[Case]], list[Singles]]  # found places (windows, 150, 13, 3) of each


def cases(takes: Sequence[Heard], stride: int, seed: int = 0, sound: str = "true") -> list[Case]:
    """Every take with the paper's noise, the same for every caller.

    sound: "true", "shuffled" (that of the next take), or "none".
    """
    found = []
    for k, take in enumerate(takes):
        rng = np.random.default_rng([seed, stride, k])
        view = seen.at_strides(take.joints, stride, rng)
        other = takes[(k + 1) % len(takes)].features
        heard: dict[str, Singles | None] = {"true": take.features, "none": None}
        heard["shuffled"] = np.resize(other, take.features.shape)
        found.append(Case(view, heard[sound]))
    return found


def cut(values: Singles, starts: Sequence[int]) -> Singles:
    """Windows (windows, 150, ...) of values (n, ...)."""
    return np.stack([values[k : k + WINDOW] for k in starts])


def scores(way: Way, tried: Sequence[Case]) -> tuple[Scores, Singles, Singles]:
    """MPJPE and MPJAE, and of every window its error (mm) and the share of it with exchanges."""
    found = way(tried)
    true = [cut(case.view.true, case.starts) for case in tried]
    swapped = [cut(case.view.exchanged, case.starts).mean(axis=1) for case in tried]
    ours, theirs = np.concatenate(found), np.concatenate(true)
    each = 1000.0 * np.linalg.norm(ours - theirs, axis=-1).mean(axis=(1, 2))
    told = {"MPJPE": mpjpe(ours, theirs), "MPJAE": mpjae(ours, theirs)}
    return told, each.astype(np.float32), np.concatenate(swapped)


def windowed(net: nn.Module) -> Way:
    """The way of a network of windows; without sound it is given the mean of it."""

    @torch.no_grad()
    def one(case: Case) -> Singles:
        poses = torch.from_numpy(cut(case.view.x, case.starts)).flatten(2)
        there = torch.from_numpy(cut(case.view.there, case.starts))[..., 0]
        if case.sound is None:
            sound = net.middle.expand(*poses.shape[:2], -1)  # type: ignore[union-attr,operator]
        else:
            sound = torch.from_numpy(cut(case.sound, case.starts))
        found = net.eval()(poses, there, sound)
        return np.asarray(found.unflatten(2, (-1, 3)).numpy())

    return lambda tried: [one(case) for case in tried]


def streaming(net: PoseNet, lookahead: int) -> Way:
    """The way of the streaming network; the last steps of a take see nothing of the future."""
    last: dict[bytes, tuple[Singles, Singles]] = {}  # the same views come with several sounds

    def way(tried: Sequence[Case]) -> list[Singles]:
        key = b"".join(case.view.x[:50].tobytes() for case in tried)
        if key not in last:
            last.clear()
            last[key] = fronts(net, tried, lookahead)
        found = run(net, tried, lookahead, last[key])
        return [cut(x, case.starts) for x, case in zip(found, tried, strict=True)]

    return way


def fronts(net: PoseNet, tried: Sequence[Case], lookahead: int) -> tuple[Singles, Singles]:
    """What `through_front` makes of whole takes side by side, and of the lookahead after them."""
    count = max(len(case.view.x) for case in tried) + lookahead
    views = [seen.Seen(*(longer(part, count) for part in case.view)) for case in tried]
    return through_front(views, lookahead, net.prior)


@torch.no_grad()
def run(
    net: PoseNet, tried: Sequence[Case], lookahead: int,
    known: tuple[Singles, Singles] | None = None,
) -> list[Singles]:  # fmt: skip
    """Places (n, 13, 3) that the streaming network finds in whole takes, side by side.

    known: what `fronts` made of them, if that was done before.
    """
    front, means = known or fronts(net, tried, lookahead)
    count = front.shape[1]
    sound = np.zeros((len(tried), count, net.middle.shape[0]), np.float32)
    heard = np.zeros((len(tried), count, 1), np.float32)
    for k, case in enumerate(tried):
        if case.sound is not None:
            sound[k, : len(case.sound)], heard[k, : len(case.sound)] = case.sound, 1.0
    inputs = {"front": front, "sound": sound, "heard": heard}
    tensors = {name: torch.from_numpy(x) for name, x in inputs.items()}
    pose = net.eval()(tensors, net.initial_state(len(tried)))[0]["pose"].numpy() + means
    places = pose.reshape(len(tried), count, 13, 3)[:, lookahead:].astype(np.float32)
    return [x[: len(case.view.x)] for x, case in zip(places, tried, strict=True)]


def longer(values: Singles, count: int) -> Singles:
    """Values (n, ...) with zeros after them, (count, ...)."""
    return np.concatenate([values, np.zeros((count - len(values), *values.shape[1:]), np.float32)])


def valid_stream(
    net: PoseNet, takes: Sequence[Heard], lookahead: int, others: Sequence[Singles] = ()
) -> Scores:
    """Errors by kind of noise, and the score that chooses the best in a training.

    others: motion (n, 13, 3) that is no violinist's, seen by a webcam without sound.
    """
    told: Scores = {}
    for tau in (1.0, 0.33):
        told[f"tau{tau:g}"] = _settled(net, cases(takes, seen.STRIDES[tau]), lookahead)
    rng = np.random.default_rng(1)
    views = [Case(seen.webcam(take.joints, rng), take.features) for take in takes]
    told["webcam"] = _settled(net, views, lookahead)
    if others:
        views = [Case(seen.webcam(joints, rng), None) for joints in others]
        told["others"] = _settled(net, views, lookahead)
    return told | {"score": -float(np.mean(list(told.values())))}


def _settled(net: PoseNet, tried: Sequence[Case], lookahead: int) -> float:
    """MPJPE after the first 3 s, of the joints that are ever seen."""
    errors = []
    for x, case in zip(run(net, tried, lookahead), tried, strict=True):
        shown = case.view.there.any(axis=0)
        errors.append(mpjpe(x[SETTLED:, shown], case.view.true[SETTLED:, shown]))
    return float(np.mean(errors))


def valid_windows(net: nn.Module, takes: Sequence[Heard]) -> Scores:
    """Errors at the paper's rates, and the score that chooses the best."""
    told = {
        f"tau{tau:g}": scores(windowed(net), cases(takes, stride))[0]["MPJPE"]
        for tau, stride in seen.STRIDES.items()
    }
    return told | {"score": -float(np.mean(list(told.values())))}
