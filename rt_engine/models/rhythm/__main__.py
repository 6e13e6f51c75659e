"""`python -m rt_engine.models.rhythm`: scores of a trained network on a part of a store.

Every kind of excerpt and every set of streams, beside a baseline that hears nothing.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from rt_engine.models.rhythm.batches import Mix
from rt_engine.models.rhythm.command import show
from rt_engine.models.rhythm.evaluate import Scores, table
from rt_engine.models.rhythm.networks import NETS
from rt_engine.models.rhythm.store import read_store
from rt_engine.models.rhythm.train import load_best


def main(arguments: list[str] | None = None) -> int:
    """Print the table, and write it where asked to."""
    parser = argparse.ArgumentParser("python -m rt_engine.models.rhythm", description=__doc__)
    parser.add_argument("store", type=Path, help="folder with train, valid and test")
    parser.add_argument("run", type=Path, help="folder of a training, with best.pt")
    parser.add_argument("--size", choices=NETS, default="small", help="of the network (small)")
    parser.add_argument("--part", default="test", help="train, valid or test (test)")
    parser.add_argument("--excerpts", type=int, metavar="N", help="spread over the part (all)")
    parser.add_argument("--csv", type=Path, help="file for the table")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    excerpts = read_store(options.store / options.part, options.excerpts)
    rows = table(load_best(options.run, options.size), excerpts, Mix().delay)
    show(rows)
    if options.csv:
        write_table(rows, options.csv)
    return 0


def write_table(rows: Mapping[str, Scores], path: Path) -> None:
    """One line of scores for each row."""
    names = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["excerpts", *names])
        writer.writeheader()
        writer.writerows({"excerpts": row, **scores} for row, scores in rows.items())


if __name__ == "__main__":
    sys.exit(main())
