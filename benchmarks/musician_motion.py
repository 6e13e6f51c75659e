"""A violinist's motion from sound: the four networks of MOSA, and the one that plays along live.

    python benchmarks/musician_motion.py --takes TAKES --work WORK [--clips 120]

TAKES: takes of `rt-engine train musician`. WORK: its folder of weights; a network that is not there
is left out and named. Test takes only, whose pieces and bodies are not those of the training. All
of it is simulated motion, on real and on rendered sound. Writes
`benchmarks/results/musician_motion.md` and `docs/pictures/violinist.png`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import torch
from common import Bar, Table, bar_table, report, summary

from rt_engine.demos.etude import SAMPLES, etude
from rt_engine.inference import read_card
from rt_engine.inference.session import Session
from rt_engine.models.musician_motion import baselines, inverse
from rt_engine.models.musician_motion.evaluate import (
    Clip,
    Maker,
    Scores,
    clips,
    live_motion,
    offline_motion,
    scores,
)
from rt_engine.models.musician_motion.material import load
from rt_engine.models.musician_motion.references import METHODS, Musician
from rt_engine.models.musician_motion.train import LIVE, load_best
from rt_engine.models.training import count_parameters
from rt_engine.video.reader import Image
from rt_engine.video.stage import Stage
from rt_engine.violin.avatar_player import AvatarPlayer
from rt_engine.violin.features import PerformanceFeatures

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "violinist.png"
COLUMNS = ("FDg", "FDk", "EDg", "EDk", "bow", "change", "turns", "bones", "feet")
HEADS = ("FD_g", "FD_k", "ED_g", "ED_k", "bow %", "change %", "turns F %", "bones %", "feet mm/s")
PAPER = {
    "snsl": (24.36, 17.71, 27.75, 29.22),
    "sncl": (22.42, 20.76, 31.90, 32.14),
    "cnsl": (23.44, 19.39, 30.17, 29.03),
    "full": (21.38, 19.68, 35.58, 31.96),
}  # Huang et al., "MOSA", table VII, violin
BLOCK = 512
CPU = 0.10  # of a core
MOMENTS = (120, 230, 340, 450)  # rows of the picture
NAME = "musician_motion"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(1)
    pieces = load(options.takes, "train")
    chosen = clips(load(options.takes, "test"), options.clips)
    body = inverse.fit(pieces)
    found, sizes, missing = {}, {}, []
    for name in (*METHODS, LIVE):
        try:
            net = load_best(options.work / name, name)
        except FileNotFoundError:
            missing.append(name)
            continue
        sizes[name] = count_parameters(net)
        maker = offline_motion(net, body) if isinstance(net, Musician) else live_motion(net)
        found[name] = scores(chosen, maker)
    others = _others(chosen, body)
    live, bars = _live()
    bars = _compared(found) + bars
    tables = [_table(found | others, sizes), live, bar_table("Bars", bars)]
    report(NAME, "A violinist's motion from sound", tables, _notes(chosen, missing), options.keep)
    if options.keep:
        _draw()
    print(summary(bars))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--takes", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=120, help="of 8 s at most (120)")
    parser.add_argument("--no-keep", dest="keep", action="store_false", help="write nothing")
    return parser.parse_args(arguments)


def _others(chosen: Sequence[Clip], body: inverse.Body) -> dict[str, Scores]:
    """What hears nothing, what knows the ends, and the truth."""
    makers: dict[str, Maker] = {
        "mean pose": baselines.still,
        "motion of another piece": baselines.another(chosen),
        "true ends, joints between by IK": lambda clip: body.complete(
            clip.real.reshape(len(clip.real), -1, 3)[:, inverse.ENDS].reshape(len(clip.real), -1)
        ),
        "simulated truth": lambda clip: clip.real,
    }
    return {name: scores(chosen, maker) for name, maker in makers.items()}


def _table(found: dict[str, Scores], sizes: dict[str, int]) -> Table:
    rows = []
    for name, values in found.items():
        size = f"{sizes[name]:,}" if name in sizes else ""
        rows.append([_label(name), size, *(f"{values[c]:.2f}" for c in COLUMNS)])
        if name in PAPER:
            told = [f"{x:.2f}" for x in PAPER[name]]
            size = "1,079,905" if METHODS[name].compound else "612,865"
            rows.append([f"{_label(name)}, paper", size, *told, *[""] * 5])
    return Table("Test takes", ("motion", "parameters", *HEADS), rows)


def _label(name: str) -> str:
    return {LIVE: "live, streaming (this project)", "full": "Full"}.get(
        name, name.upper() if name in METHODS else name
    )


def _compared(found: dict[str, Scores]) -> list[Bar]:
    """Full against SNSL."""
    if not {"full", "snsl"} <= set(found):
        return []
    full, snsl = found["full"], found["snsl"]
    told = [
        ("FD_g on held-out pieces", "FDg", full["FDg"] < snsl["FDg"]),
        ("right hand with the true bow, r %", "bow", full["bow"] > snsl["bow"]),
        ("change of velocity with true turns, r %", "change", full["change"] > snsl["change"]),
    ]
    return [
        Bar(f"Full: {what}", f"better than SNSL, {snsl[key]:.2f}", f"{full[key]:.2f}", met)
        for what, key, met in told
    ]


def _live() -> tuple[Table, list[Bar]]:
    """How late and how busy the live path is, on 20 s of an etude in blocks of a microphone."""
    sound = etude(20.0).sound
    features, session = PerformanceFeatures(SAMPLES), Session(NAME, "cpu")
    player, delay = AvatarPlayer(np.random.default_rng(0)), read_card(NAME).latency
    late, begin, costs = [], time.process_time(), []
    for start in range(0, len(sound), BLOCK):
        rows = features.process(sound[start : start + BLOCK])
        for at, row in zip(features.times.tolist(), rows, strict=True):
            before = time.process_time()
            player.step(session.step({"heard": row})["motion"], 0.02)
            costs.append(time.process_time() - before)
            late.append((min(start + BLOCK, len(sound)) - at) / SAMPLES + delay)
    busy = (time.process_time() - begin) / (len(sound) / SAMPLES)
    rows_ = [
        ["sound to skeleton, median", f"{1e3 * float(np.median(late)):.0f} ms"],
        ["sound to skeleton, most", f"{1e3 * max(late):.0f} ms"],
        ["of it the network's lookahead", f"{1e3 * delay:.0f} ms"],
        ["network and body, a row", f"{1e3 * float(np.mean(costs)):.2f} ms"],
        ["processor, all of it", f"{100 * busy:.1f} % of a core"],
    ]
    bar = Bar("processor, live path", f"<= {CPU:.0%} of a core", f"{busy:.1%}", busy <= CPU)
    return Table("Live", ("what", "figure"), rows_), [bar]


def _notes(chosen: Sequence[Clip], missing: Sequence[str]) -> list[str]:
    names = {clip.piece.name for clip in chosen}
    notes = [
        f"{len(chosen)} clips of 8 s from {len(names)} pieces; FD and ED in units of the true "
        "motion, without what stands (the toes), 25 frames a second. The paper's figures are of "
        "other motion, normalised in a way that it does not tell: only their order compares.",
        "bow: |r| of the velocity along the bow with the true one, in the better direction of each "
        "clip. change: r of |change of velocity| with the true turns. turns: F within 100 ms.",
        "All motion is simulated, the sound of the Bach takes is real; no real violinist's body.",
    ]
    return notes + [f"not trained here: {', '.join(missing)}"] * bool(missing)


def _draw() -> None:
    """Four moments of the avatar that plays the etude of the demonstration."""
    import cv2

    session, player = Session(NAME, "cpu"), AvatarPlayer(np.random.default_rng(0))
    rows = PerformanceFeatures(SAMPLES).process(etude(12.0).sound)
    stage, pictures = Stage(360, 360, "violin"), []
    for k, row in enumerate(rows):
        pose, _ = player.step(session.step({"heard": row})["motion"], 0.02)
        image: Image = stage.draw(k / 50, pose, -1.0)
        if k in MOMENTS:
            pictures.append(image)
    cv2.imwrite(str(PICTURE), np.hstack(pictures))


if __name__ == "__main__":
    sys.exit(main())
