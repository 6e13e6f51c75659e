"""The command `export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError

__all__ = ["add_export_command"]


def add_export_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    from rt_engine.exporting import FORMS

    command = commands.add_parser("export", help="a take as .mid, .wav, .bvh, .mp4 or .parquet")
    command.add_argument("take", help="MCAP file of record")
    command.add_argument("-o", "--output", metavar="FILE", required=True,
                         help=f"its suffix is the form: {', '.join(FORMS)}")  # fmt: skip
    command.add_argument("--from", dest="wish", metavar="NODE[.OUTPUT]", default="",
                         help="this output in place of the usual one")  # fmt: skip
    command.add_argument("--force", action="store_true", help="write over an existing file")
    command.set_defaults(call=_export)


def _export(options: argparse.Namespace) -> int:
    from rt_engine.core import NodeError
    from rt_engine.exporting import export
    from rt_engine.running import INTERRUPTED, say
    from rt_engine.soundtrack import Progress

    if Path(options.output).exists() and not options.force:
        raise GraphError(f"{options.output}: exists already; another name, or --force")
    try:
        said = export(options.take, options.output, options.wish, Progress("exporting").show)
    except NodeError as error:
        say(f"{options.take}: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return INTERRUPTED
    print(f"{options.output}: {said}")
    return 0
