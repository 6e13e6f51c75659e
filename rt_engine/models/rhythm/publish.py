"""A trained network of this package as `rhythm_SIZE.onnx`, with its card."""

from __future__ import annotations

from pathlib import Path

from rt_engine.inference import Card, Port
from rt_engine.models.card import materials, metrics, publish
from rt_engine.models.rhythm.evaluate import PEAK, Scores
from rt_engine.models.rhythm.network import Deployed, StreamingNet
from rt_engine.models.rhythm.store import Excerpt, licences
from rt_engine.models.rhythm.streams import FPS, INPUTS, OUTPUTS, STREAMS

CONTENT = {
    "mel": "rhythm mel",
    "motion": "joint velocity",
    "video": "hand flow",
    "beat": "beat, downbeat",
    "phrase": "phrase",
    "dynamics": "pp, p, mp, mf, f, ff",
    "articulation": "legato, neutral, staccato",
    "place": "place in the bar",
}
ABOUT = (
    "Probabilities of beat (that is no downbeat), downbeat, the start of a phrase in the last half "
    "second, six dynamics, three articulations and the place in the bar, from sound and, where "
    "they are there, the motion of a body and of a picture."
)
LIMITS = [
    "Sound was rendered from MIDI; no real recording was trained on.",
    "Motion and video were simulated from the notes; no real performer was trained on.",
    "Dynamics and articulation follow rendered velocity and note lengths by rule.",
    "Phrases of unseen pieces are found far less surely than by a second listener.",
    "Motion or video alone do not carry the beat yet; beside sound they change little.",
    f"A phrase is told as soon as it begins; the probability is highest about {PEAK} s later.",
]
UNITS = {"bias": "ms"}


def ports() -> tuple[list[Port], list[Port]]:
    """Inputs and outputs as the card has them."""
    inputs = [
        Port(name, (1, 1, INPUTS[name]), CONTENT[name], float(FPS), optional=name != "mel")
        for name in STREAMS
    ]
    inputs.append(Port("present", (1, 1, 3), present=STREAMS))
    return inputs, [Port(name, (1, 1, n), CONTENT[name]) for name, n in OUTPUTS.items()]


def publish_rhythm(
    net: StreamingNet,
    size: str,
    folder: Path,
    excerpts: list[Excerpt],
    tables: dict[str, dict[str, Scores]],
    delay: int = 0,
    version: str = "1",
    training: str = "",
) -> Card:
    """Export; excerpts: what it was trained on; tables: scores by part of the store and source."""
    inputs, outputs = ports()
    found = [
        figure
        for part, rows in tables.items()
        for source, scores in rows.items()
        for figure in metrics(f"{part}: {source}", scores, UNITS)
    ]
    return publish(
        Deployed(net), f"rhythm_{size}", folder, inputs, outputs,
        version=version, about=ABOUT, front_end={"is": "features.RhythmMel"},
        latency=delay / FPS, own_thread=size == "large", data=materials(list(licences(excerpts))),
        metrics=found, limits=LIMITS, training=training,
        measuring="python benchmarks/rhythm.py",
    )  # fmt: skip
