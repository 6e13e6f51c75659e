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
    _add_motion(names)
    _add_accompaniment(names)
    _add_drums(names)
    _add_conductor(names)


def _add_motion(names: Any) -> None:
    motion = names.add_parser("motion", help="the beat in a moving body, from simulated motion")
    motion.add_argument("--data", type=Path, required=True, help="folder with pose/cmu")
    motion.add_argument("--work", type=Path, default=Path("work/motion"),
                        help="for excerpts, checkpoints and curves (work/motion)")  # fmt: skip
    motion.add_argument("--minutes", type=float, default=20.0, help="of training (20)")
    motion.add_argument("--excerpts", type=int, default=1300, help="of 20 s, to train on (1300)")
    motion.add_argument("--net", default="causal",
                        help="causal, or one of the paper's to compare with: tcn, tf, stgcn, "
                        "stgcn_tf, stgcn_tf_ssm, stgcn_tf_rel, stgcn_tf_ssm_rel")  # fmt: skip
    motion.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    motion.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    motion.add_argument("--resume", action="store_true", help="go on from a checkpoint")
    motion.add_argument("--start", type=Path, metavar="FILE",
                        help="weights to begin with: best.pt of an earlier training")  # fmt: skip
    motion.add_argument("--output", type=Path, default=Path("exported_models"),
                        help="folder for the model and its card (exported_models)")  # fmt: skip
    motion.set_defaults(call=_call("rt_engine.models.motion_rhythm.command"))


def _add_accompaniment(names: Any) -> None:
    accompaniment = names.add_parser(
        "accompaniment", help="piano, guitar and bass over drums, from songs as MIDI"
    )
    accompaniment.add_argument("--data", type=Path, required=True, help="folder of the archive")
    accompaniment.add_argument("--work", type=Path, default=Path("work/accompaniment"),
                               help="for songs and checkpoints (work/accompaniment)")  # fmt: skip
    accompaniment.add_argument("--minutes", type=float, default=21.0, help="of training (21)")
    accompaniment.add_argument("--no-memory", action="store_true",
                               help="forget every bar, to compare")  # fmt: skip
    accompaniment.add_argument("--any-key", action="store_true",
                               help="songs in all keys, not brought to one")  # fmt: skip
    accompaniment.add_argument("--start", type=Path, metavar="FILE",
                               help="weights to begin with: an earlier best.pt")  # fmt: skip
    accompaniment.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    accompaniment.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    accompaniment.add_argument("--resume", action="store_true", help="go on from a checkpoint")
    accompaniment.add_argument("--output", type=Path, default=Path("exported_models"),
                               help="folder for models and cards (exported_models)")  # fmt: skip
    accompaniment.set_defaults(call=_call("rt_engine.models.accompaniment.command"))


def _add_conductor(names: Any) -> None:
    conductor = names.add_parser("conductor", help="a conductor's motion, from simulated ones")
    conductor.add_argument("--data", type=Path, help="folder of the sets of MIDI, to be rendered")
    conductor.add_argument("--store", type=Path,
                           help="excerpts that are rendered: the folder --work of `train rhythm`"
                           )  # fmt: skip
    conductor.add_argument("--work", type=Path, default=Path("work/conductor"),
                           help="for motion, checkpoints and curves (work/conductor)")  # fmt: skip
    conductor.add_argument("--minutes", type=float, default=30.0, help="of training (30)")
    conductor.add_argument("--pairs", type=int, default=640, help="of music and motion (640)")
    conductor.add_argument("--hours", type=float, default=10.0, help="of excerpts to render (10)")
    conductor.add_argument("--disk", type=float, default=2.0, metavar="GB",
                           help="for excerpts (2)")  # fmt: skip
    conductor.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    conductor.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    conductor.add_argument("--resume", action="store_true", help="go on from a checkpoint")
    conductor.add_argument("--output", type=Path, default=Path("exported_models"),
                           help="folder for the model and its card (exported_models)")  # fmt: skip
    conductor.set_defaults(call=_call("rt_engine.models.conducting.command"))


def _add_drums(names: Any) -> None:
    drums = names.add_parser("drums", help="drums for a rhythm, from drummers as MIDI")
    drums.add_argument("--data", type=Path, required=True, help="folder of the archive")
    drums.add_argument("--work", type=Path, default=Path("work/drums"),
                       help="for performances, checkpoints and curves (work/drums)")  # fmt: skip
    drums.add_argument("--minutes", type=float, default=28.0,
                       help="of training, all networks together (28)")  # fmt: skip
    drums.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    drums.add_argument("--threads", type=int, default=1, help="of the processor (1)")
    drums.add_argument("--resume", action="store_true", help="go on from the last checkpoints")
    drums.add_argument("--output", type=Path, default=Path("exported_models"),
                       help="folder for the models and their cards (exported_models)")  # fmt: skip
    drums.set_defaults(call=_call("rt_engine.models.drums.command"))


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
