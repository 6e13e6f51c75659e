"""The trained networks as `drums_rhythm`, `_hits`, `_touch` and `_live`, with their cards."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from torch import nn

from rt_engine.drums.bar import STEPS
from rt_engine.drums.kit import DRUMS
from rt_engine.drums.words import Words
from rt_engine.drums.writing import LIVE_MODEL, MODELS
from rt_engine.inference import Card, Material, Metric, Port
from rt_engine.models.card import publish
from rt_engine.models.drums.data import LICENCE, NAME, WINDOW, Take, hours
from rt_engine.models.drums.deployed import DeployedDecoder, DeployedEncoder, DeployedTouch
from rt_engine.models.drums.hits import HitsNet
from rt_engine.models.drums.live import NOW, PREVIOUS, LiveNet
from rt_engine.models.drums.rhythms import CHANNELS
from rt_engine.models.drums.touch import NUMBERS, TouchNet
from rt_engine.models.export import Streaming

__all__ = ["publish_drums"]

STEPS_A_SECOND = 8.0  # sixteenths at 120 BPM; none of the models has a clock of its own
WINDOWS_A_SECOND = STEPS_A_SECOND / STEPS
ABOUT = {
    "drums_rhythm": "The rhythm of two bars in sixteenths, for drums_hits.",
    "drums_hits": (
        "Which of the nine drums are struck next, as a word, from the words before it in two "
        "bars and the rhythm of both (drums_rhythm). A frame is a sixteenth; zeros before each "
        "two bars."
    ),
    "drums_touch": "Velocities and offsets for the hits of two bars.",
    "drums_live": (
        "What is struck on this sixteenth, how hard and how late, from what was played before it "
        "and what a body does now; velocities and offsets are those of each drum if it is struck."
    ),
}
LIMITS = [
    "Learnt from ten drummers on one electronic kit, to a click, in 4/4 and mostly rock, funk, "
    "jazz, hip-hop and Latin styles; other metres are written as parts of a 4/4 bar.",
    "The rhythms of bodies were simulated: hits of the drummers, weak ones left out more often "
    "than strong ones, and strokes added; nobody danced to these drums.",
    "The tempo is not told, and triplets are sixteenths with large offsets.",
]
MEASURING = "python benchmarks/drums.py"


def publish_drums(
    nets: dict[str, nn.Module],
    words: Words,
    folder: Path,
    takes: list[Take],
    scores: dict[str, list[Metric]],
    training: str = "",
    version: str = "1.0",
) -> list[Card]:
    """Export "hits", "touch" and "live" of `nets`; takes: what they were trained on.

    scores: the figures for the cards, by the name of the network.
    """
    material = Material(NAME, LICENCE, f"official training part, {hours(takes):.1f} h in 4/4")
    vocabulary = ", ".join(words.names)
    return [
        publish(
            deployed, name, folder, inputs, outputs, version=version, about=ABOUT[name],
            own_thread=False, data=[material], metrics=scores.get(of, []), limits=LIMITS,
            training=training, measuring=MEASURING,
        )
        for name, of, deployed, inputs, outputs in described(nets, vocabulary, len(words))
    ]  # fmt: skip


def described(
    nets: dict[str, nn.Module], vocabulary: str, words: int
) -> list[tuple[str, str, Streaming, list[Port], list[Port]]]:
    """Of every model: name, network, what is exported, and the ports in words."""
    hits, touch = cast(HitsNet, nets["hits"]), cast(TouchNet, nets["touch"])
    live = cast(LiveNet, nets["live"]).eval()
    context = Port("context", (1, 1, WINDOW * hits.size.width), "encoded rhythm")
    number = len(DRUMS)
    each = ", ".join(DRUMS)
    rhythm = Port("rhythm", (1, 1, WINDOW * CHANNELS),
                  "32 pairs of struck (0 or 1) and every stroke is told (0 or 1)",
                  WINDOWS_A_SECOND)  # fmt: skip
    told = Port("told", (1, 1, WINDOW * NUMBERS),
                "32 times 9 hits, 9 velocities, 9 offsets, and 1 where the touch is told",
                WINDOWS_A_SECOND)  # fmt: skip
    word = [
        Port("word", (1, 1, 1), f"word before; {words} at the start", STEPS_A_SECOND),
        Port("place", (1, 1, 1), "sixteenth in the two bars: 0 to 31"),
        Port("kind", (1, 1, 1), "2 if every stroke is told, + 1 if this step is struck"),
        context,
    ]
    now = [
        Port("previous", (1, 1, PREVIOUS), "9 hits, 9 velocities, 9 offsets of the step before",
             STEPS_A_SECOND),
        Port("now", (1, 1, NOW),
             "16 positions in the bar (one is 1), rhythm, strength, density, intensity"),
    ]  # fmt: skip
    touched = [Port(n, (1, 1, WINDOW * number), f"32 times: {each}")
               for n in ("velocities", "offsets")]  # fmt: skip
    played = [Port(n, (1, 1, number), each) for n in ("velocities", "offsets")]
    encoder, decoder, unet = MODELS
    logits = Port("logits", (1, 1, words), vocabulary)
    return [
        (encoder, "hits", DeployedEncoder(hits), [rhythm], [context]),
        (decoder, "hits", DeployedDecoder(hits), word, [logits]),
        (unet, "touch", DeployedTouch(touch), [told], touched),
        (LIVE_MODEL, "live", live, now, [Port("words", (1, 1, words), vocabulary), *played]),
    ]
