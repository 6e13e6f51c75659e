"""The trained live conductor as `conductor.onnx`, with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rt_engine.conducting import controls
from rt_engine.inference import Card, Material, Port
from rt_engine.models.card import materials, metrics, publish
from rt_engine.models.conducting.evaluate import Scores
from rt_engine.models.conducting.network import INPUTS, OUTPUTS, LiveGenerator
from rt_engine.models.conducting.simulate import Pair
from rt_engine.models.rhythm.store import licences
from rt_engine.models.rhythm.streams import FPS

NAME = "conductor"
ABOUT = (
    "The upper body of a conductor, 13 joints (the first of COCO) in metres, from music, predicted "
    "beats, dynamics and articulation; noise chooses one performance of many."
)
LIMITS = [
    "Motion was learnt from simulation: the pattern conductor of this project, with drawn styles; "
    "no real conductor was trained on.",
    "Music was rendered from MIDI; no real recording was trained on.",
    "Without beats in `controls` it does not conduct: it does not find the beat by itself.",
    "In training the beats were the true ones; live they are as good as their prediction.",
    "Where dynamics were not rendered, the simulated conductor followed the loudness heard.",
]


def ports() -> tuple[list[Port], list[Port]]:
    """Inputs and outputs as the card has them."""
    inputs = [
        Port("mel", (1, 1, INPUTS["mel"]), "rhythm mel", float(FPS)),
        Port("controls", (1, 1, INPUTS["controls"]), controls.CONTENT, float(FPS), optional=True),
        Port("noise", (1, 1, INPUTS["noise"]), controls.NOISE_CONTENT, float(FPS), optional=True),
    ]
    return inputs, [Port("joints", (1, 1, OUTPUTS["joints"]), controls.JOINTS_CONTENT)]


def publish_conductor(
    net: LiveGenerator,
    folder: Path,
    pairs: Sequence[Pair],
    scores: Scores,
    version: str = "1",
    training: str = "",
) -> Card:
    """Export; pairs: what it was trained on; scores: on the test part."""
    inputs, outputs = ports()
    rounded = {name: round(value, 1) for name, value in scores.items()}
    music = materials(list(licences([pair.excerpt for pair in pairs])))
    hours = sum(len(pair.mel) for pair in pairs) / FPS / 3600
    motion = Material("pattern conductor, simulated", "own", f"{hours:.2f} h of motion")
    return publish(
        net, NAME, folder, inputs, outputs,
        version=version, about=ABOUT, front_end={"is": "features.RhythmMel"},
        latency=0.0, own_thread=False, data=[*music, motion],
        metrics=metrics("test: simulated pairs", rounded, {}), limits=LIMITS, training=training,
        measuring="python benchmarks/conducting_models.py",
    )  # fmt: skip
