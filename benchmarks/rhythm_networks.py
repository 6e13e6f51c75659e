"""Networks and losses for rhythm beside each other: the same excerpts, minutes and seed.

    rt-engine train rhythm --data ../shared/data --work DIR --minutes 6 --size mosa_cnn
    (and so on: every size and loss that is to be compared)
    python benchmarks/rhythm_networks.py --store DIR [--most 60]

MOSA's two architectures made causal, and the streaming network with each of the losses, given
sound, motion or both. Beats by the live tracker on the network's activation alone. Reads every
training in the store (`SIZE_LOSS_SEED/best.pt`); writes `results/rhythm_networks.md` and, into
`docs/pictures/`, the learning curves. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import torch
from common import Table, report

from rt_engine.models.rhythm.evaluate import Scores, activations, chance, evaluate, reader
from rt_engine.models.rhythm.network import StreamingNet
from rt_engine.models.rhythm.networks import NETS
from rt_engine.models.rhythm.store import Excerpt, read_store
from rt_engine.models.rhythm.train import load_best
from rt_engine.models.training import BEST, count_parameters, read_log

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
STREAMS = {"A": ("mel",), "M": ("motion",), "A+M": ("mel", "motion")}
COLUMNS = ("F", "CMLt", "AMLt", "downbeat", "phrase", "dynamics", "articulation")
DELAY = 1  # frames, as trained
UNEQUAL = 1.5  # times the shortest training: what learnt longer is not compared


def trainings(store: Path) -> dict[str, Path]:
    """Folders of the finished trainings of about the same length, by size and loss."""
    found = {}
    for path in sorted(store.glob(f"*/{BEST}")):
        size, _, loss = path.parent.name.rpartition("_")[0].rpartition("_")
        if size in NETS:
            found[f"{size}, {loss}"] = path.parent
    spent = {name: read_log(path)[-1]["minutes"] for name, path in found.items()}
    shortest = min(spent.values(), default=0.0)
    return {name: path for name, path in found.items() if spent[name] <= UNEQUAL * shortest}


def lines(name: str, net: StreamingNet, folder: Path, excerpts: list[Excerpt]) -> list[list[str]]:
    """A row of the table for each set of streams."""
    full = [excerpt for excerpt in excerpts if len(excerpt.motion)]
    last = read_log(folder)[-1]
    rows = []
    for streams, use in STREAMS.items():
        scores = evaluate(reader(net, use), full, delay=DELAY).scores()
        told = [f"{count_parameters(net) / 1e3:.0f} k", f"{last['minutes']:.1f}", f"{last['step']}"]
        rows.append([name, streams, *told, *cells(scores)])
        print(*rows[-1], file=sys.stderr, flush=True)
    every = evaluate(lambda e: activations(net, e, ("mel",)), excerpts, delay=DELAY).scores()
    return [*rows, [name, "A, all", "", "", "", *cells(every)]]


def cells(scores: Scores) -> list[str]:
    """Scores in the columns of the table."""
    return [f"{scores[name]:.1f}" if name in scores else "-" for name in COLUMNS]


def draw(folders: dict[str, Path]) -> None:
    """Scores on the validation part over minutes."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, folder in folders.items():
        told = [line for line in read_log(folder) if "valid_score" in line]
        axes.plot([x["minutes"] for x in told], [x["valid_score"] for x in told], ".-", label=name)
    axes.set(xlabel="minutes of training", ylabel="mean score on the validation part")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(PICTURES / "rhythm_networks.png", dpi=90)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--most", type=int, default=60, help="excerpts that are scored")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folders = trainings(options.store)
    if not folders:
        parser.error(f"{options.store}: no trainings (SIZE_LOSS_SEED/{BEST}) are there")
    excerpts = read_store(options.store / "test", options.most)
    rows = [
        row
        for name, folder in folders.items()
        for row in lines(name, load_best(folder, name.split(",")[0]), folder, excerpts)
    ]
    rows.append(["chance", "", "", "", "", *cells(evaluate(chance, excerpts).scores())])
    draw(folders)
    columns = ("network, loss", "streams", "parameters", "minutes", "steps", *COLUMNS)
    report(
        "rhythm_networks",
        "Networks and losses for rhythm",
        [Table("Held-out rendered music", columns, rows)],
        [
            "Every network was trained for about the same time from the same excerpts and seed; "
            "motion is simulated. The short time favours what learns fast: where F is 0, the "
            "activation never rose far enough for the tracker, and nothing is said of what the "
            "network or the loss would reach in hours.",
            "A, M and A+M: excerpts with a body; 'A, all': those without one too.",
            "All in %: F, CMLt, AMLt of beats and F of downbeats within 70 ms, F of phrases within "
            "0.7 s, classes frame by frame.",
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
