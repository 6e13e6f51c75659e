"""The command `rt-engine`."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any

from rt_engine import __version__
from rt_engine.commands.calibrate import add_calibrate_commands
from rt_engine.commands.demo import add_demo_command
from rt_engine.commands.export import add_export_command
from rt_engine.commands.graphs import add_graph_commands
from rt_engine.commands.listing import add_listing_commands
from rt_engine.commands.soundtrack import add_soundtrack_command
from rt_engine.commands.web import add_studio_command
from rt_engine.core import GraphError
from rt_engine.devices import DeviceError
from rt_engine.extras import MissingExtra
from rt_engine.importing import add_import_command
from rt_engine.reporting import add_report_command
from rt_engine.running import INTERRUPTED, say
from rt_engine.training import add_train_command

__all__ = ["main"]

USAGE_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code: 0 fine, 1 a failure while running, 2 a wrong input."""
    options = _parser().parse_args(arguments)
    _log(options.verbose)
    try:
        code: int = options.call(options)
        return code
    except (GraphError, DeviceError, MissingExtra) as error:
        say(str(error))
        return USAGE_ERROR
    except KeyboardInterrupt:  # before a graph runs, or where nothing else takes it
        return INTERRUPTED


class _Handler(logging.StreamHandler[Any]):
    """Writes to what stderr is now, so that lines stand above a running display."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


def _log(verbose: bool) -> None:
    handler = _Handler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, handlers=[handler])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("rt-engine", description="Live music and motion graphs.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_graph_commands(commands)
    add_calibrate_commands(commands)
    add_export_command(commands)
    add_soundtrack_command(commands)
    add_listing_commands(commands)
    add_demo_command(commands)
    add_studio_command(commands)
    add_train_command(commands)
    add_import_command(commands)
    add_report_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
