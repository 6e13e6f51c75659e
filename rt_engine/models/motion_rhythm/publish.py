"""The causal network as `motion_rhythm.onnx`, with its card."""

from __future__ import annotations

from pathlib import Path

from rt_engine.inference import Card, Material, Port
from rt_engine.models.card import metrics, publish
from rt_engine.models.motion_rhythm.evaluate import Scores
from rt_engine.models.motion_rhythm.network import DELAY, INPUTS, OUTPUTS, Deployed, MotionNet
from rt_engine.motion.dance import FPS

__all__ = ["NAME", "publish_motion"]

NAME = "motion_rhythm"
ABOUT = (
    "The probability of a beat in the motion of one body: a dancer, a conductor, or one wrist "
    "alone. Wire it to rhythm.BeatTracker with bpm [50, 200]."
)
LIMITS = [
    "All of it was learnt from simulation: real motion (CMU) was retimed so that its kinematic "
    "beats lie on a drawn grid, dances and conducting are procedural; no recording of real dance "
    "or conducting with its music was trained on.",
    "The level of the metre is often open: a sway of two beats may be heard as half the tempo.",
    "It hears no music: without a beat in the motion the probabilities stay low.",
    "Downbeats are not told.",
]


def publish_motion(
    net: MotionNet,
    folder: Path,
    hours: float,
    tables: dict[str, dict[str, Scores]],
    version: str = "1",
    training: str = "",
) -> Card:
    """Export; hours: of training excerpts; tables: scores by the way of decoding and by kind."""
    found = [
        figure
        for part, rows in tables.items()
        for kind, scores in rows.items()
        for figure in metrics(f"{part}: {kind}", scores, {})
    ]
    return publish(
        Deployed(net), NAME, folder,
        [Port("dance", (1, 1, INPUTS["dance"]), "dance", float(FPS))],
        [Port("beat", (1, 1, OUTPUTS["beat"]), "motion beat")],
        version=version, about=ABOUT, front_end={"is": "motion.Dance"},
        latency=DELAY / FPS, own_thread=False, data=materials(hours), metrics=found,
        limits=LIMITS, training=training, measuring="python benchmarks/motion_rhythm.py",
    )  # fmt: skip


def materials(hours: float) -> list[Material]:
    """What it was trained on."""
    return [
        Material(
            "CMU motion capture (subset of 96 takes)",
            "free for research and commercial use",
            "training takes, retimed; postures in which procedural dances begin",
        ),
        Material("procedural dances and conducting", "Apache-2.0 (this project)",
                 f"{hours:.1f} h of excerpts with those of CMU"),
    ]  # fmt: skip
