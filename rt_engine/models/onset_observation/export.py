"""The file that the tracker reads, and the card that says where its numbers come from."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from rt_engine.models.onset_observation.material import RATE, SECONDS, Excerpt
from rt_engine.rhythm.statespace import Floats
from rt_engine.signal.onset import EDGES, OnsetStrength

DATA = {
    "midi-archive": (
        "midi-archive: General MIDI songs of the early web",
        "archive MIT; the songs themselves unclear (as the Lakh MIDI Dataset)",
    ),
    "groove": ("Groove MIDI Dataset 1.0.0, train split", "CC BY 4.0"),
    "pop909": ("POP909", "MIT"),
    "clicks": ("click tracks made by the program itself", "Apache-2.0"),
}
FONTS = {
    "Fluid R3 GM": "MIT",
    "005.6mg Aspirin Stereo V1.2 Bank": "public domain",
    "Aspirin 160 GMGS 2015": "public domain",
    "Airfont 320 neo": "public domain",
    "Airfont 330": "CC BY 3.0",
    "Airfont 340": "public domain",
    "SGM-V2.01": "CC BY 4.0",
}
SIMULATION = (
    "All music was rendered from MIDI by fluidsynth: no real recording was learnt from. "
    "Songs were taken only if their drums play a backbeat on their own grid in 4/4."
)
HISTORY = (
    "The split of the click tracks was changed once after a first look at held-out scores: every "
    "held-out click had a sound that was not among those fitted on."
)
NOT_FITTED = (
    "The constants of the tracker (state space, steering, prior of tempo) and, here, the "
    "ridge, the list of readings and the region of a label were set by hand in earlier trials. "
    "Those trials also printed the scores of the development set beats_dev, so its scores are "
    "not those of a set never looked at; nothing in this fit reads it."
)


def weights_text(weights: Floats) -> str:
    """The data file: weights (labels, bands) and bias (labels,), to four decimals."""
    rows = ",\n".join(f"    {json.dumps(row)}" for row in weights[:, :-1].round(4).tolist())
    bias = json.dumps(weights[:, -1].round(4).tolist())
    return f'{{\n  "weights": [\n{rows}\n  ],\n  "bias": {bias}\n}}\n'


def card(text: str, pieces: Sequence[Excerpt], command: str, figures: dict[str, Any]) -> str:
    """The card of a data file: inputs, data with licences, split, figures, command, sha256."""
    content = {
        "name": "onset_observation",
        "what": "log-linear likelihood of seven places in the bar, given onset strength in bands",
        "file": "rt_engine/rhythm/onset_weights.json",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "inputs": inputs(),
        "outputs": {"likelihood": {"shape": [7], "labels": LABELS}},
        "latency": "none beyond that of the onset strength",
        "data": [data(source, pieces) for source in DATA],
        "soundfonts": FONTS,
        "split": "every fourth group held out; a group is a title, drummer, song or click track",
        "history": HISTORY,
        "simulation": SIMULATION,
        **figures,
        "not_fitted": NOT_FITTED,
        "command": command,
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "numpy": np.__version__,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


LABELS = ["beat 1", "beat 2", "beat 3", "beat 4", "half", "quarters", "between"]


def inputs() -> dict[str, Any]:
    """What the weights are multiplied by."""
    return {
        "onset strength": {
            "shape": [len(EDGES) + 2],
            "edges_hz": EDGES,
            "bands": ["low", "low-mid", "mid", "high", "all"],
            "scale": "log(1 + band / its running mean over 6 s)",
            "frames_a_second": round(OnsetStrength(RATE).frame_rate, 3),
            "sound_rate_hz": RATE,
        }
    }


def data(source: str, pieces: Sequence[Excerpt]) -> dict[str, Any]:
    """A set: title, licence, and how many excerpts were fitted on and held out."""
    held_out = Counter(piece.held_out for piece in pieces if piece.source == source)
    title, licence = DATA[source]
    return {
        "set": title,
        "licence": licence,
        "fitted_on": held_out[False],
        "held_out": held_out[True],
        "seconds_each": SECONDS,
    }


def write(text: str, card_text: str, weights_file: Path, card_file: Path) -> None:
    """Write both files."""
    card_file.parent.mkdir(parents=True, exist_ok=True)
    weights_file.write_text(text, encoding="utf-8")
    card_file.write_text(card_text, encoding="utf-8")
