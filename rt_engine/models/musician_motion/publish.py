"""The live network as `musician_motion.onnx`, with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rt_engine.inference import Card, Material, Port
from rt_engine.models.card import metrics, publish
from rt_engine.models.musician_motion.evaluate import Scores
from rt_engine.models.musician_motion.material import RATE, Piece
from rt_engine.models.musician_motion.network import DELAY, INPUTS, OUTPUTS, LiveMusician
from rt_engine.violin.avatar_player import CONTENT

__all__ = ["NAME", "publish_musician"]

NAME = "musician_motion"
ABOUT = (
    "The motion of a violinist from sound: speed, turns and string of the bow, the left wrist and "
    "the trunk. Wire it to musician.Violinist, which takes the bow to and fro."
)
LIMITS = [
    "Motion was learnt from simulation: bows, arms and sway are those of this project's simulated "
    "players; no recording of a real violinist's body was trained on.",
    "Directions of the bow cannot be heard and are not said; of slurs and turns it hears what a "
    "listener might, and errs where notes are connected well.",
    "The turns of the Bach takes are invented where their alignment has notes. In the movement of "
    "the test part it lies off the sound by up to 0.2 s and the sound has double stops, so figures "
    "of the test takes are lower than what is seen; benchmarks/results/musician_motion.md parts "
    "them.",
    "Sway of the trunk is chance in the training, so hardly any of it follows from sound.",
    "One violin alone; other instruments make it move, but mean nothing.",
]
UNITS = {name: "" for name in ("FDg", "FDk", "EDg", "EDk")} | {"feet": "mm/s"}


def publish_musician(
    net: LiveMusician,
    folder: Path,
    pieces: Sequence[Piece],
    tables: Mapping[str, Scores],
    version: str = "1",
    training: str = "",
) -> Card:
    """Export; pieces: what it was trained on; tables: scores by what they are of."""
    figures = [
        figure
        for on, scores in tables.items()
        for figure in metrics(on, {n: round(x, 2) for n, x in scores.items()}, UNITS)
    ]
    return publish(
        net, NAME, folder,
        [Port("heard", (1, 1, INPUTS["heard"]), "performance features", float(RATE))],
        [Port("motion", (1, 1, OUTPUTS["motion"]), CONTENT)],
        version=version, about=ABOUT, front_end={"is": "violin.Features"},
        latency=DELAY / RATE, own_thread=False, data=materials(pieces), metrics=figures,
        limits=LIMITS, training=training, measuring="python benchmarks/musician_motion.py",
    )  # fmt: skip


def materials(pieces: Sequence[Piece]) -> list[Material]:
    """Sound and motion that were learnt from."""
    hours = {
        kind: sum(len(p) for p in pieces if p.kind == kind) / RATE / 3600
        for kind in sorted({p.kind for p in pieces})
    }
    told = {
        "bach": ("Bach solo violin, two of three movements, recorded", "CC BY 3.0"),
        "etude": ("etudes, drawn and rendered", "Apache-2.0 (this project)"),
    }
    return [
        Material(*told[kind], f"{long:.2f} h, with simulated motion")
        for kind, long in hours.items()
    ]
