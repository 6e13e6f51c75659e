"""Make the material, fit, evaluate on held-out pieces, and write the weights with their card."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the products are small

import numpy as np

from rt_engine.models.onset_observation.calibrate import calibrate
from rt_engine.models.onset_observation.evaluate import (
    by_source,
    grid,
    listen,
    reliability,
    score,
    tracked,
)
from rt_engine.models.onset_observation.export import card, weights_text, write
from rt_engine.models.onset_observation.fit import SUM_ONLY, Heard, fit, gather
from rt_engine.models.onset_observation.material import RATE, Excerpt, collect
from rt_engine.rhythm.observation import FITTED
from rt_engine.rhythm.statespace import Floats
from rt_engine.rhythm.tracker import CALIBRATION

CARD = Path(__file__).parents[3] / "exported_models" / "onset_observation.json"
WINDOWS = (2.0, 4.0)  # s
SHARPNESS = (1.0, 1.5, 2.0)  # factors of the fitted weights
COMMAND = "python -m rt_engine.models.onset_observation --data ../shared/data --work WORK"


def choose(
    pieces: Sequence[Heard],
    windows: Sequence[float] = WINDOWS,
    sharpness: Sequence[float] = SHARPNESS,
) -> tuple[float, float, list[dict[str, float]]]:
    """Window and sharpness of the best F + CMLt in two-fold cross-validation; and all tried."""
    halves = pieces[::2], pieces[1::2]
    tried = []
    for seconds in windows:
        fitted = [fit(gather(half, seconds)) for half in halves]
        for factor in sharpness:
            scores = [
                score(tracked(factor * w), h) for w, h in zip(fitted, halves[::-1], strict=True)
            ]
            f, cmlt = (
                round(float(np.mean([s[name] for s in scores])), 2) for name in ("F", "CMLt")
            )
            tried.append({"window": seconds, "sharpness": factor, "F": f, "CMLt": cmlt})
            progress(f"cross-validation {tried[-1]}")
    best = max(tried, key=lambda row: row["F"] + row["CMLt"])
    return best["window"], best["sharpness"], tried


def run(
    excerpts: Sequence[Excerpt], chosen: tuple[float, float] | None = None, seed: int = 0
) -> tuple[Floats, dict[str, Any]]:
    """Fit on some excerpts, evaluate on those held out; weights (7, 6) and figures for the card.

    chosen: window (s) and sharpness; by default by `choose`.
    """
    heard = [listen(excerpt, RATE) for excerpt in excerpts]
    fitted_on, held_out = (
        [piece for piece, excerpt in zip(heard, excerpts, strict=True) if excerpt.held_out is side]
        for side in (False, True)
    )
    seconds, factor, tried = (*chosen, []) if chosen else choose(fitted_on)
    windows = gather(fitted_on, seconds)
    weights = (factor * fit(windows)).round(4)
    sum_only = factor * fit(windows, SUM_ONLY)
    progress("evaluation on held-out pieces")
    figures = {
        "fit": {"window_s": seconds, "sharpness": factor, "seed": seed, "cross_validation": tried},
        "held_out": {
            "weights": by_source(tracked(weights), held_out),
            "ablation: the sum band only": by_source(tracked(sum_only), held_out),
            "baseline: 115 BPM, whatever is heard": by_source(grid, held_out),
        },
        "confidence": {
            "calibration_in_use": CALIBRATION,
            "calibration_of_this_fit": calibrate(fitted_on, weights, seed).round(2).tolist(),
            "held_out": reliability(weights, held_out),
        },
    }
    return weights, figures


def progress(text: str) -> None:
    """Say on the console where the work is."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is rendered")
    parser.add_argument("--pieces", type=int, default=100, help="excerpts in all (default: 100)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        excerpts = collect(asked.data, asked.work, asked.pieces, asked.seed)
    except FileNotFoundError as error:
        parser.exit(2, f"{error}\n")
    weights, figures = run(excerpts, seed=asked.seed)
    text, command = weights_text(weights), f"{COMMAND} --pieces {asked.pieces} --seed {asked.seed}"
    write(text, card(text, excerpts, command, figures), FITTED, CARD)
    progress(f"written: {FITTED.name}, {CARD.name}; {figures['held_out']['weights']['all']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
