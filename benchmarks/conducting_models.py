"""Models that conduct: six measures of M2S-GAN for all methods, and how live ones look.

    python benchmarks/conducting_models.py --store WORK/excerpts --work WORK [--minutes 10]
        [--data ../shared/data] [--golden ../shared/golden] [--model conductor]

STORE: excerpts of `rt-engine train rhythm` or `conductor`. WORK: where pairs and the weights of
the methods are kept; what is there is not trained again. Held-out simulated pairs for the six
measures; recordings, for evaluation only, for the beat. The published checkpoint is compared
where it lies in GOLDEN. Writes `benchmarks/results/conducting_models.md` and pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch
from _conducting import figures
from _conducting.performers import Live, published, recording
from _rhythm.live import hear_file
from common import Bar, Table, bar_table, report, summary
from numpy.typing import NDArray

from rt_engine.models.conducting import metrics as m
from rt_engine.models.conducting.adversarial import METHODS, Contest, contend, perform
from rt_engine.models.conducting.contrastive import Contrast, accuracies, learn_sync
from rt_engine.models.conducting.evaluate import Scores, on_the_beat, seen, six, steady
from rt_engine.models.conducting.motion import MotionEncoder
from rt_engine.models.conducting.published import read_gan, read_net
from rt_engine.models.conducting.sets import FEW, Take, of_pair
from rt_engine.models.conducting.simulate import Pair, collect
from rt_engine.models.training import Schedule

REPO = Path(__file__).parent.parent
PICTURES = REPO / "docs" / "pictures"
COLUMNS = ("MSE", "SE", "W-dis", "RDE", "SCE", "SDP")
DIGITS = (2, 3, 1, 3, 2, 1)
DRAWS = 6
FEW_STEPS = 2000
FACTORS = (0.5, 0.75, 1.0, 1.33, 2.0)
Floats = NDArray[np.float32]
Motions = dict[str, list[Floats]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    tests = collect(options.store, options.work, "test", options.tests)
    live = Live(options.model)
    truth = [of_pair(pair) for pair in tests]
    made, told, encoder, critics, notes = _contest(options, truth)
    made["live (this project)"] = [live.of_pair(p, k) for k, p in enumerate(tests)]
    critics["live (this project)"] = critics["m2s-gan"]
    table = _six_table(truth, made, encoder, critics)
    bars, looks = _looks(tests, live)
    heard, met = _beats(options, live)
    tables = [table, told, _perturbed(truth, encoder, critics["m2s-gan"]), looks, *heard]
    bars += met
    _draw(options, live, tests[0], made)
    tables.append(bar_table("Bars", bars))
    report("conducting_models", "Models that conduct", tables, notes, options.keep)
    print(summary(bars))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--golden", type=Path, default=REPO.parent / "shared" / "golden")
    parser.add_argument("--model", default="conductor")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training a method (10)")
    parser.add_argument("--pairs", type=int, default=200, help="to train methods on (200)")
    parser.add_argument("--tests", type=int, default=24, help="held-out pairs (24)")
    parser.add_argument("--recordings", type=int, default=99, help="at most, for the beat (all)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-keep", dest="keep", action="store_false")
    return parser.parse_args(arguments)


def _contest(
    options: argparse.Namespace, truth: list[Take]
) -> tuple[Motions, Table, MotionEncoder, dict[str, torch.nn.Module], list[str]]:
    """Train (or read) both stages and all rivals; what each makes of the test part."""
    pairs = collect(options.store, options.work, "train", options.pairs)
    takes = [of_pair(pair) for pair in pairs]
    folder = options.work / "methods"
    contrast = Contrast(
        bands=FEW, rows=4, schedule=Schedule(2 * options.minutes, rate=1e-3, decay=0.0)
    )
    net = learn_sync(takes, truth, folder / "m2s-net", contrast)
    right = accuracies(net, truth, contrast)
    rows = [("M2S-Net", *(f"{100 * right[k]:.0f}" for k in ("easy", "hard", "super-hard")))]
    told = Table("Pairs told right, % (50: chance)", ("", "easy", "hard", "super-hard"), rows)
    made, critics, notes = {}, {}, []
    for name in METHODS:
        contest = Contest(options.minutes, seconds=20)
        trained = contend(name, takes, net, contest, folder)
        rng = torch.Generator().manual_seed(1)
        made[name] = [perform(trained.method, take, rng) for take in truth]
        critics[name] = trained.critic
        notes.append(f"{name}: {trained.steps} steps, {told_of(trained.steps)}.")
    poses = np.concatenate([take.motion for take in takes]).mean(axis=0)
    made["mean pose (hears nothing)"] = [np.tile(poses, (len(t.motion), 1, 1)) for t in truth]
    critics["mean pose (hears nothing)"] = critics["m2s-gan"]
    encoder, note = _judge(options, net.motion)
    return made, told, encoder, critics, [note, *notes]


def told_of(steps: int) -> str:
    """How much a method's figures say of it."""
    return "hardly trained: its figures say little" if steps < FEW_STEPS else "trained"


def _judge(options: argparse.Namespace, own: MotionEncoder) -> tuple[MotionEncoder, str]:
    """The encoder of the sync error: the published one, where it is there."""
    path = options.golden / "M2SNet_official_pretrained.pt"
    if path.exists():
        return read_net(path).motion, (
            "Sync error is taken by the motion encoder of the published M2S-Net, which was trained "
            "on real conductors and on none of these motions."
        )
    return own, "Sync error is taken by the M2S-Net of this run."


def _six_table(
    truth: list[Take], made: Motions, encoder: MotionEncoder, critics: dict[str, torch.nn.Module]
) -> Table:
    real = [take.motion for take in truth]
    rows = []
    for name, motions in made.items():
        scores = six(real, motions, encoder, critics[name])
        cells = [f"{scores[c]:.{d}f}" for c, d in zip(COLUMNS, DIGITS, strict=True)]
        rows.append((name, *cells))
    title = f"Six measures on {len(real)} held-out simulated pairs (MSE and W-dis x 1000, SDP in %)"
    return Table(title, ("method", *COLUMNS), rows)


def _perturbed(truth: list[Take], encoder: MotionEncoder, critic: torch.nn.Module) -> Table:
    """Figure 5: each measure of the real motion against itself, made larger or slower."""
    real, rows = [take.motion[:900] for take in truth[:4]], []
    for what, change in (("amplitude", m.amplified), ("time", m.stretched)):
        for factor in FACTORS:
            moved = [np.asarray(change(x, factor), np.float32) for x in real]
            scores = six(real, moved, encoder, critic)
            if what == "amplitude":
                odd = [np.float32(m.amplified(x, factor, about_mean=False)) for x in real]
                scores["W-dis"] = six(real, odd, encoder, critic)["W-dis"]
            cells = [f"{scores[c]:.{d}f}" for c, d in zip(COLUMNS, DIGITS, strict=True)]
            rows.append((f"{what} x {factor:g}", *cells))
    title = "Perturbation as in figure 5 (W-dis: coordinates scaled, which breaks the body)"
    return Table(title, ("real motion with", *COLUMNS), rows)


def _looks(tests: list[Pair], live: Live) -> tuple[list[Bar], Table]:
    """Spread, jerk and diversity of the live model on the music of the test part."""
    real = [seen(pair.joints) for pair in tests]
    draws = [[live.of_pair(p, 100 * k + d) for d in range(DRAWS)] for k, p in enumerate(tests)]
    first = [x[0] for x in draws]
    sdp = 100 * np.mean([m.sd(y) for x in draws for y in x]) / np.mean([m.sd(x) for x in real])
    inside, low, high = steady(first, real)
    whole = 100 * float(np.mean([m.diversity(np.stack(x)) for x in draws]))
    gesture = 100 * float(np.mean([m.diversity_of_gesture(np.stack(x)) for x in draws]))
    middle = float(np.mean([m.jerk(x) for x in first]))
    jerk = f"{middle:.2f} (real 5..95 %: {low:.2f}..{high:.2f})"
    rows = [
        ("SDP, %", f"{sdp:.1f}"),
        ("mean jerk of the hands, picture/s3", jerk),
        ("performances with jerk in 5..95 %", f"{100 * inside:.0f} %"),
        ("diversity over noise, % of the motion", f"{whole:.1f}"),
        ("the same of motion less its mean pose", f"{gesture:.1f}"),
        ("processor time of a frame, ms (20 ms apart)", f"{1e3 * live.cost():.3f}"),
        ("parameters", f"{live.session.card.parameters}"),
        ("declared lookahead, s", f"{live.session.card.latency:g}"),
    ]  # fmt: skip
    bars = [
        Bar("SDP of the live model", "90..110 %", f"{sdp:.1f} %", bool(90 <= sdp <= 110)),
        Bar("mean jerk", f"{low:.2f}..{high:.2f}", f"{middle:.2f}", bool(low <= middle <= high)),
        Bar("diversity of gesture over noise", ">= 10 %", f"{gesture:.1f} %", gesture >= 10),
    ]
    return bars, Table(f"The live model on {len(tests)} held-out pieces", ("", ""), rows)


def _beats(options: argparse.Namespace, live: Live) -> tuple[list[Table], list[Bar]]:
    """Beats of recordings met by the hand: predicted beats in the live model, and M2S-GAN."""
    weights = options.golden / "M2SGAN_official_pretrained.pt"
    files = sorted((options.data / "beats_dev").glob("*.flac"))
    if not weights.exists() or not files:
        return [], []
    files = files[:: max(1, len(files) // options.recordings)][: options.recordings]
    gan, scores = read_gan(weights), {}
    for k, path in enumerate(files):
        sound, rate = recording(path)
        beats = np.loadtxt(path.with_suffix(".beats"), ndmin=2)[:, :2]
        told = hear_file(path, model="rhythm_small").beats[:, :2]
        motions = {
            "M2S-GAN, published": published(gan, sound, rate, k),
            "live, predicted beats": live.of_sound(sound, rate, _rising(told), k),
            "live, annotated beats": live.of_sound(sound, rate, beats, k),
            "live, told no beats (baseline)": live.of_sound(sound, rate, beats[:0], k),
        }
        for name, motion in motions.items():
            scores.setdefault(name, []).append(on_the_beat(motion, beats[:, 0]))
    return _beat_tables(scores, len(files))


def _rising(beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beats in order of time, the newest word on each."""
    order = beats[np.argsort(beats[:, 0], kind="stable")]
    apart = np.diff(order[:, 0], append=np.inf) > 0.1
    kept: NDArray[np.float64] = order[apart]
    return kept


def _beat_tables(scores: dict[str, list[Scores]], count: int) -> tuple[list[Table], list[Bar]]:
    mean = {
        name: {key: float(np.mean([x[key] for x in found])) for key in found[0]}
        for name, found in scores.items()
    }
    rows = [(n, f"{x['consistency']:.3f}", f"{x['F']:.3f}") for n, x in mean.items()]
    title = f"Lowest points of the hand and the beats of {count} recordings"
    ours, theirs = mean["live, predicted beats"], mean["M2S-GAN, published"]
    bars = []
    for key in ("consistency", "F"):
        ratio = ours[key] / max(theirs[key], 1e-9)
        text = f"{ratio:.2f} x ({ours[key]:.3f} against {theirs[key]:.3f})"
        bars.append(Bar(f"beat {key}, against M2S-GAN", ">= 1.5 x", text, ratio >= 1.5))
    columns = ("performer", "consistency", "F (70 ms)")
    return [Table(title, columns, rows)], bars


def _draw(options: argparse.Namespace, live: Live, pair: Pair, made: Motions) -> None:
    """Pictures of one piece by everybody, and of a recording by the published model too."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    motions = {name: x[0] for name, x in made.items() if "mean" not in name}
    motions["simulated conductor"] = seen(pair.joints)
    weights = options.golden / "M2SGAN_official_pretrained.pt"
    files = sorted((options.data / "beats_dev").glob("*.flac"))
    figures.distribution(PICTURES / "conducting_distribution.png", motions)
    if weights.exists() and files:
        sound, rate = recording(files[0])
        beats = np.loadtxt(files[0].with_suffix(".beats"), ndmin=2)[:, :2]
        motions = {
            "live": live.of_sound(sound, rate, beats, 0),
            "M2S-GAN, published": published(read_gan(weights), sound, rate, 0),
            "simulated conductor": motions["simulated conductor"],
        }
    figures.rhythm(PICTURES / "conducting_rhythm.png", motions)


if __name__ == "__main__":
    sys.exit(main())
