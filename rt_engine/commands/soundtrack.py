"""The command `soundtrack`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rt_engine.commands.named import changes_of, graph_path
from rt_engine.core import GraphError

__all__ = ["add_soundtrack_command"]


def add_soundtrack_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    from rt_engine.soundtrack import INSTRUMENTS, KITS

    command = commands.add_parser("soundtrack", help="drums and an instrument under a dance film")
    command.add_argument("film", metavar="VIDEO", help="film of a dancer")
    command.add_argument("changes", nargs="*", metavar="KEY=VALUE",
                         help="a setting of the graph (drums.density=0.8)")  # fmt: skip
    command.add_argument("-o", "--output", metavar="FILE", required=True, help="film to write")
    command.add_argument("--kit", choices=list(KITS), default="standard", help="(standard)")
    command.add_argument("--instrument", choices=[*INSTRUMENTS, "none"], default="piano",
                         help="over the drums (piano)")  # fmt: skip
    command.add_argument("--seed", type=int, default=0, help="another number, another take (0)")
    command.add_argument("--midi", metavar="FILE", default="", help="write a .mid file too")
    command.add_argument("--soundfont", metavar="FILE", default="", help="in place of the usual")
    command.add_argument("--graph", default="dance_drums", help="graph that plays (dance_drums)")
    command.add_argument("--force", action="store_true", help="write over an existing file")
    command.set_defaults(call=_soundtrack)


def _soundtrack(options: argparse.Namespace) -> int:
    from rt_engine.soundtrack import Wish, soundtrack

    if Path(options.output).exists() and not options.force:
        raise GraphError(f"{options.output}: exists already; another name, or --force")
    wish = Wish(
        graph_path(options.graph), changes_of(options.changes), options.kit, options.instrument,
        options.seed, options.soundfont, options.midi,
    )  # fmt: skip
    return soundtrack(options.film, options.output, wish)
