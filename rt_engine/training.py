"""The command `rt-engine train NAME`: from data to an exported model. Torch is loaded at need."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError
from rt_engine.extras import EXTRAS, require

__all__ = ["add_train_command"]


def add_train_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    train = commands.add_parser("train", help="train a model (extra 'train')")
    names = train.add_subparsers(required=True, metavar="NAME")
    rhythm = names.add_parser(
        "rhythm", help="beats, downbeats, phrases, dynamics, articulation from sound and motion"
    )
    rhythm.add_argument("--data", type=Path, required=True, help="folder of the sets of MIDI")
    rhythm.add_argument("--work", type=Path, default=Path("work/rhythm"),
                        help="for excerpts, checkpoints and curves (work/rhythm)")  # fmt: skip
    rhythm.add_argument("--minutes", type=float, default=20.0, help="of training (20)")
    rhythm.add_argument("--hours", type=float, default=6.0, help="of excerpts to render (6)")
    rhythm.add_argument("--disk", type=float, default=2.0, metavar="GB", help="for excerpts (2)")
    rhythm.add_argument("--size", default="small",
                        help="small, large, mosa_cnn or mosa_transformer (small)")  # fmt: skip
    rhythm.add_argument("--loss", default="widened", help="widened, tolerant or mosa (widened)")
    rhythm.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    rhythm.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    rhythm.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    rhythm.add_argument("--start", type=Path, metavar="FILE",
                        help="weights to begin with: best.pt of an earlier training")  # fmt: skip
    rhythm.add_argument("--output", type=Path, default=Path("exported_models"),
                        help="folder for the model and its card (exported_models)")  # fmt: skip
    rhythm.set_defaults(call=_call("rt_engine.models.rhythm.command"))


def _call(module: str) -> Callable[[argparse.Namespace], int]:
    """The `run(options)` of a module under `models`, loaded when it is called for."""

    def call(options: argparse.Namespace) -> int:
        for name in EXTRAS["train"]:
            require(name)
        from rt_engine.models.training import StoppedError

        try:
            return int(import_module(module).run(options))
        except (FileNotFoundError, ValueError, StoppedError) as error:
            raise GraphError(str(error)) from error

    return call
