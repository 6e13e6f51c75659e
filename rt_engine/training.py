"""The command `rt-engine train NAME`: from data to an exported model. Torch is loaded at need."""

from __future__ import annotations

import argparse
import subprocess
import tarfile
from collections.abc import Callable
from importlib import import_module
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from rt_engine.core import GraphError
from rt_engine.extras import EXTRAS, require

__all__ = ["add_train_command"]

BROKEN = (tarfile.TarError, LZMAError, BadZipFile, EOFError)  # what an archive cut short raises


def add_train_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    train = commands.add_parser("train", help="train a model (extra 'train')")
    names = train.add_subparsers(required=True, metavar="NAME")
    for add in (
        _add_rhythm,
        _add_motion,
        _add_accompaniment,
        _add_drums,
        _add_conductor,
        _add_violin_pose,
        _add_musician,
    ):
        add(names)


def _add_rhythm(names: Any) -> None:
    rhythm = names.add_parser(
        "rhythm", help="beats, downbeats, phrases, dynamics, articulation from sound and motion"
    )
    rhythm.add_argument("--data", type=Path, required=True, help="folder of the sets of MIDI")
    _add_excerpts(rhythm, hours=6.0)
    rhythm.add_argument("--size", default="small",
                        help="small, large, mosa_cnn or mosa_transformer (small)")  # fmt: skip
    rhythm.add_argument("--loss", default="widened", help="widened, tolerant or mosa (widened)")
    rhythm.add_argument("--beside", type=Path, action="append", default=[], metavar="FILE",
                        help="best.pt of an earlier training or an exported model, whose answers "
                        "count as much as the new ones; may be given again")  # fmt: skip
    rhythm.add_argument("--half", action="store_true", help="bfloat16: up to twice as fast where "
                        "the processor has it (AVX512-BF16, AMX), else slower")  # fmt: skip
    _add_start(rhythm, " or an exported model")
    _add_common(rhythm, "rhythm", "excerpts, checkpoints and curves", minutes=20.0, threads=2)


def _add_motion(names: Any) -> None:
    motion = names.add_parser("motion", help="the beat in a moving body, from simulated motion")
    motion.add_argument("--data", type=Path, required=True, help="folder with pose/cmu")
    motion.add_argument("--excerpts", type=int, default=1300, help="of 20 s, to train on (1300)")
    motion.add_argument("--net", default="causal",
                        help="causal, or one of the paper's to compare with: tcn, tf, stgcn, "
                        "stgcn_tf, stgcn_tf_ssm, stgcn_tf_rel, stgcn_tf_ssm_rel")  # fmt: skip
    _add_start(motion)
    _add_common(
        motion, "motion", "excerpts, checkpoints and curves", minutes=20.0, module="motion_rhythm"
    )


def _add_accompaniment(names: Any) -> None:
    accompaniment = names.add_parser(
        "accompaniment", help="piano, guitar and bass over drums, from songs as MIDI"
    )
    accompaniment.add_argument("--data", type=Path, required=True, help="folder of the archive")
    accompaniment.add_argument("--no-memory", action="store_true",
                               help="forget every bar, to compare")  # fmt: skip
    accompaniment.add_argument("--any-key", action="store_true",
                               help="songs in all keys, not brought to one")  # fmt: skip
    _add_start(accompaniment)
    _add_common(accompaniment, "accompaniment", "songs and checkpoints", minutes=21.0)


def _add_conductor(names: Any) -> None:
    conductor = names.add_parser("conductor", help="a conductor's motion, from simulated ones")
    conductor.add_argument("--data", type=Path, help="folder of the sets of MIDI, to be rendered")
    conductor.add_argument("--store", type=Path,
                           help="excerpts that are rendered: the folder --work of `train rhythm`"
                           )  # fmt: skip
    conductor.add_argument("--pairs", type=int, default=640, help="of music and motion (640)")
    _add_excerpts(conductor, hours=10.0)
    _add_common(
        conductor, "conductor", "motion, checkpoints and curves", minutes=30.0, module="conducting"
    )


def _add_violin_pose(names: Any) -> None:
    pose = names.add_parser(
        "violin-pose", help="poses of a violinist corrected by sound, from simulated ones"
    )
    pose.add_argument("--data", type=Path, required=True,
                      help="folder with violin/bach and pose/cmu")  # fmt: skip
    pose.add_argument("--takes", type=Path, help="of simulated violinists (WORK/takes)")
    pose.add_argument("--hours", type=float, default=3.0, help="of takes to make (3)")
    pose.add_argument("--net", default="stream_100",
                      help="stream_0, stream_100, stream_300 (lookahead in ms), or one of the "
                      "paper's to compare with: mapnet_late, mapnet_balanced, mapnet_early, "
                      "mapnet_unbalanced, pose_transformer, lstm_pose, lstm_pose_audio "
                      "(stream_100)")  # fmt: skip
    _add_common(pose, "violin-pose", "takes, checkpoints and curves", minutes=20.0,
                module="pose_correction")  # fmt: skip


def _add_drums(names: Any) -> None:
    drums = names.add_parser("drums", help="drums for a rhythm, from drummers as MIDI")
    drums.add_argument("--data", type=Path, required=True, help="folder of the archive")
    _add_common(
        drums, "drums", "performances, checkpoints and curves", minutes=28.0,
        of="training, all networks together",
    )  # fmt: skip


def _add_musician(names: Any) -> None:
    musician = names.add_parser("musician", help="a violinist's motion, from simulated ones")
    musician.add_argument("--data", type=Path, help="folder with violin/bach, to simulate for")
    musician.add_argument("--takes", type=Path, help="takes that are made, instead of --data")
    musician.add_argument("--hours", type=float, default=3.0, help="of takes to make (3)")
    musician.add_argument("--net", default="live",
                          help="live, or one of MOSA's, to compare: snsl, sncl, cnsl, full (live)"
                          )  # fmt: skip
    _add_common(
        musician, "musician", "takes, checkpoints and curves", minutes=15.0,
        module="musician_motion",
    )  # fmt: skip


def _add_excerpts(parser: Any, hours: float) -> None:
    """How much is rendered."""
    parser.add_argument("--hours", type=float, default=hours,
                        help=f"of excerpts to render ({hours:g})")  # fmt: skip
    parser.add_argument("--disk", type=float, default=2.0, metavar="GB", help="for excerpts (2)")


def _add_start(parser: Any, more: str = "") -> None:
    told = f"weights to begin with: best.pt of an earlier training{more}"
    parser.add_argument("--start", type=Path, metavar="FILE", help=told)


def _add_common(
    parser: Any, name: str, kept: str, *, minutes: float, threads: int = 1, of: str = "training",
    module: str = "",
) -> None:  # fmt: skip
    """What every training takes. kept: in its folder. module: of `models`, where not `name`."""
    parser.add_argument("--work", type=Path, default=Path("work") / name,
                        help=f"for {kept} (work/{name})")  # fmt: skip
    parser.add_argument("--minutes", type=float, default=minutes, help=f"of {of} ({minutes:g})")
    parser.add_argument("--seed", type=int, default=0, help="of every draw (0)")
    parser.add_argument(
        "--threads", type=int, default=threads, help=f"of the processor ({threads})"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--output", type=Path, default=Path("exported_models"),
                        help="folder for models and cards (exported_models)")  # fmt: skip
    parser.set_defaults(call=_call(f"rt_engine.models.{module or name}.command"))


def _call(module: str) -> Callable[[argparse.Namespace], int]:
    """The `run(options)` of a module under `models`, loaded when it is called for."""

    def call(options: argparse.Namespace) -> int:
        for name in EXTRAS["train"]:
            require(name)
        from rt_engine.models.training import StoppedError

        try:
            _check(options)
            return int(import_module(module).run(options))
        except (OSError, ValueError, StoppedError, subprocess.SubprocessError, *BROKEN) as error:
            raise GraphError(_told(error, options.data)) from error

    return call


def _check(options: argparse.Namespace) -> None:
    """ValueError for what would else be found out after hours."""
    if options.threads < 1:
        raise ValueError(f"--threads {options.threads}: needed is a number above 0")
    for name in ("work", "output"):
        folder: Path = getattr(options, name)
        there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
        if there.is_file():
            raise ValueError(f"--{name} {folder}: {there} is a file; needed is a folder")


def _told(error: Exception, data: Path | None) -> str:
    """An everyday failure in one line."""
    if isinstance(error, OSError):
        return _missing(error, data) if error.filename else error.strerror or str(error)
    if isinstance(error, BROKEN):
        line = str(error).partition("\n")[0].rstrip(":")
        return f"an archive of --data, or a file made from one, is broken ({line})"
    if isinstance(error, subprocess.CalledProcessError):
        return f"{error.cmd[0]} failed with exit status {error.returncode}"
    return str(error)


def _missing(error: OSError, data: Path | None) -> str:
    """Which file, and what of it; a hint where it lacks under `data`."""
    gone = isinstance(error, FileNotFoundError)
    hint = data is not None and Path(error.filename).is_relative_to(data)
    hint = hint and isinstance(error, (FileNotFoundError, NotADirectoryError))
    told = f"{error.filename}: {'is not there' if gone else error.strerror}"
    return told + "; does --data name its folder?" * hint
