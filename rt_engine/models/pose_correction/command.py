"""`rt-engine train violin-pose`: takes, training, scores, and the exported model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import torch

from rt_engine.models.pose_correction import seen
from rt_engine.models.pose_correction.evaluate import (
    cases,
    scores,
    streaming,
    valid_stream,
    windowed,
)  # fmt: skip
from rt_engine.models.pose_correction.material import Material, load
from rt_engine.models.pose_correction.publish import NAMES, publish_pose
from rt_engine.models.pose_correction.train import LOOKAHEADS, NETS, Recipe, train
from rt_engine.models.training import Schedule, row, say
from rt_engine.models.violinists import make
from rt_engine.violin.pose_front import RATE

__all__ = ["run"]

RATES = (1e-3, 2e-3)  # of learning: networks of windows, and live ones


def run(options: argparse.Namespace) -> int:
    """Make what is missing of the takes, train, score, export the streaming ones; the exit code.

    A folder --takes that holds some is left as it is. Raises FileNotFoundError where data are
    missing, ValueError for a choice that is none.
    """
    if options.net not in NETS:
        raise ValueError(f"{options.net!r} is unknown; there are {', '.join(NETS)}")
    for name in ("minutes", "hours"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} {getattr(options, name):g}: needed is a number above 0")
    torch.set_num_threads(options.threads)
    takes = options.takes or options.work / "takes"
    if options.takes is None or not any(takes.glob("*/[!.]*.npz")):
        make(options.data, takes, options.hours)
    material, valid, test = (load(takes, options.data, p) for p in ("train", "valid", "test"))
    rate = RATES[options.net in LOOKAHEADS]
    recipe = Recipe(options.net, options.seed, schedule(options.minutes, rate))
    net = train(material, valid, options.work / f"{options.net}_{options.seed}", recipe,
                options.resume)  # fmt: skip
    told = measured(net, options.net, test.takes)
    for on, figures in told.items():
        say(f"{on:44s} {row(figures)}", end="\n")
    if options.net in LOOKAHEADS:
        publish_pose(net, options.net, options.output, hours(material), fonts(material),
                     told, repeated(options))  # fmt: skip
        say(f"exported: {options.output / NAMES[options.net]}.onnx", end="\n")
    return 0


def schedule(minutes: float, rate: float) -> Schedule:
    """The schedule of a recipe, so long, scored once on the way."""
    told = Recipe().schedule
    return Schedule(minutes, rate, average=told.average, evaluate=max(30.0 * minutes - 1.0, 1.0))


def measured(net: Any, name: str, takes: Sequence[Any]) -> dict[str, dict[str, float]]:
    """MPJPE and MPJAE on the test takes, by rate of pictures and by what is heard."""
    told = {}
    for tau, stride in seen.STRIDES.items():
        for sound in ("true", "shuffled", "none") if tau == 0.33 else ("true",):
            way = streaming(net, LOOKAHEADS[name]) if name in LOOKAHEADS else windowed(net)
            found = scores(way, cases(takes, stride, sound=sound))[0]
            told[f"test, paper's noise, tau {tau:g}, sound {sound}"] = found
    if name in LOOKAHEADS:
        found = valid_stream(net, takes, LOOKAHEADS[name])
        told["test, a webcam's noise"] = {"MPJPE": found["webcam"]}
    return told


def hours(material: Material) -> tuple[float, float]:
    """Hours of violinists and of other motion."""
    takes = sum(len(take.joints) for take in material.takes)
    return takes / RATE / 3600, sum(map(len, material.others)) / RATE / 3600


def fonts(material: Material) -> list[str]:
    """Sound fonts that the etudes were rendered with."""
    etudes = [take.meta for take in material.takes if take.meta.get("kind") == "etude"]
    return sorted({meta["sound"] for meta in etudes})


def repeated(options: argparse.Namespace) -> str:
    """The command that trains the same again, but for the places of the folders."""
    told = " ".join(f"--{name} {vars(options)[name]}" for name in ("hours", "minutes", "net"))
    return f"rt-engine train violin-pose {told} --seed {options.seed}"
