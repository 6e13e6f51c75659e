"""A trained network as `accompaniment_drums.onnx` and `accompaniment_notes.onnx`, with cards."""

from __future__ import annotations

from pathlib import Path

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import NUMBERS
from rt_engine.accompaniment.writer import MODELS
from rt_engine.inference import Card, Material, Port
from rt_engine.models.accompaniment.data import ARCHIVE, LICENCE, Take, hours
from rt_engine.models.accompaniment.deployed import DeployedDecoder, DeployedEncoder
from rt_engine.models.accompaniment.network import AccompanimentNet
from rt_engine.models.card import metrics, publish
from rt_engine.models.export import Streaming

__all__ = ["publish_accompaniment"]

Scores = dict[str, float]

BARS_A_SECOND, TOKENS_A_SECOND = 0.5, 20.0  # as at 120 BPM; neither has a clock of its own
ABOUT = {
    "drums": "A bar of drums, with the bars before it, as one vector for each sixteenth.",
    "notes": (
        "What token follows in a bar of piano, guitar or bass over drums, from the tokens before "
        "(some 8 bars) and the drums of the bar. A frame is a token, in no fixed rate."
    ),
}
LIMITS = [
    "Learnt from General MIDI arrangements in 4/4, sequenced by hobbyists, not from performances.",
    "Chords were recognised by templates from the notes; nobody has checked them.",
    "The grid is in sixteenths: triplets and swing were rounded to it; notes end with their bar.",
    "Pitch is the least learnt (see its NLL); that notes fit chord and key is kept by rules.",
    "Drums were those of the songs; drums that a model writes from a body were not trained on.",
]
MEASURING = (
    "rt-engine train accompaniment prints the likelihoods; python benchmarks/accompaniment.py"
)


def publish_accompaniment(
    net: AccompanimentNet,
    folder: Path,
    takes: list[Take],
    scores: dict[str, Scores],
    training: str = "",
    version: str = "1",
) -> list[Card]:
    """Export both parts; takes: what it was trained on; scores: by the material and the way."""
    found = [
        figure
        for on, row in scores.items()
        for figure in metrics(
            on, {k: round(v, 3) for k, v in row.items()}, dict.fromkeys(row, "nat")
        )
    ]
    titles = len({take.title for take in takes})
    material = Material(ARCHIVE, LICENCE, f"{hours(takes):.1f} h of bars of {titles} titles")
    context = tk.STEPS * net.size.width
    drums = Port("drums", (1, 1, NUMBERS), "hits, velocities of a bar", BARS_A_SECOND)
    vectors = Port("context", (1, 1, context), "encoded drums")
    notes = [
        Port("token", (1, 1, 1), "token", TOKENS_A_SECOND),
        Port("time", (1, 1, 1), "sixteenths, modulo 512"),
        vectors,
    ]
    parts: tuple[tuple[str, Streaming, list[Port], list[Port]], ...] = (
        ("drums", DeployedEncoder(net), [drums], [vectors]),
        ("notes", DeployedDecoder(net), notes, [Port("logits", (1, 1, tk.SIZE), "token logits")]),
    )
    return [
        publish(
            deployed, name, folder, inputs, outputs, version=version, about=ABOUT[part],
            own_thread=True, data=[material], metrics=found, limits=LIMITS,
            training=training, measuring=MEASURING,
        )
        for name, (part, deployed, inputs, outputs) in zip(MODELS, parts, strict=True)
    ]  # fmt: skip
