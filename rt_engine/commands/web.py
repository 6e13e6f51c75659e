"""The command `studio`, and the option `--web` of those that run a graph."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError

__all__ = ["add_studio_command", "add_web_options", "staged"]


def add_web_options(command: argparse.ArgumentParser) -> None:
    """Options of a command that can show its graph on a page."""
    command.add_argument("--web", nargs="?", const="", metavar="[HOST:]PORT",
                         help="show the graph in a browser; another HOST than this machine "
                         "needs the token that is printed")  # fmt: skip
    _add_page_options(command)


def add_studio_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    studio = commands.add_parser("studio", help="choose, start and steer graphs in a browser")
    studio.add_argument("files", nargs="*", metavar="GRAPH", help="graph files of your own")
    studio.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    studio.add_argument("--port", type=int, help="default: the first free one from 8473")
    _add_page_options(studio)
    studio.set_defaults(call=_studio)


@contextlib.contextmanager
def staged(options: argparse.Namespace) -> Iterator[Callable[..., int] | None]:
    """What runs a graph with a page, as `Stage.first`; None without the option `--web`."""
    if options.web is None:
        _without_page(options)
        yield None
        return
    from rt_engine.extras import require

    require("uvicorn")
    from rt_engine.web.server import address_of

    with _page(address_of(options.web), options) as stage:
        yield stage.first


def _without_page(options: argparse.Namespace) -> None:
    """GraphError where something of a page is asked for that is not there."""
    for name in ("certificate", "takes"):
        if getattr(options, name) is not None:
            raise GraphError(f"--{name}: there is no page; --web shows the graph on one")


def _add_page_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--certificate", metavar="FILE",
                         help="serve https with this certificate and key (PEM): browsers give "
                         "camera and microphone of another machine only so")  # fmt: skip
    command.add_argument("--takes", metavar="DIR", help="folder of the takes of the page")


def _studio(options: argparse.Namespace) -> int:
    from rt_engine.commands.named import graph_path
    from rt_engine.extras import require

    require("uvicorn")
    files = [graph_path(name) for name in options.files]
    with _page((options.host, options.port), options, files) as stage:
        code: int = stage.runs.run(None, lambda: True)
    return code


@contextlib.contextmanager
def _page(
    address: tuple[str, int | None], options: argparse.Namespace, files: list[Path] | None = None
) -> Iterator[Any]:
    """A stage with its page; its address is printed first."""
    from rt_engine.web.recording import Recording
    from rt_engine.web.server import served
    from rt_engine.web.stage import Stage
    from rt_engine.web.take_routes import Desk, take_routes
    from rt_engine.web.takes import Takes, default_folder

    stage = Stage()
    takes = Takes(options.takes or default_folder())
    stage.recorder = recording = Recording(takes, stage.tell)
    desk = Desk(stage, takes, recording)
    stage.on_take = desk.command
    stage.on_enter = lambda: desk.close() if desk.timeline is not None else None
    stage.greet = lambda: [desk.timeline.state()] if desk.timeline is not None else []
    page = served(stage, address, take_routes(desk), files, options.certificate)
    with stage.runs.signals(), page as url:
        print(f"open {url} in a browser", flush=True)
        try:
            yield stage
        finally:
            desk.end()
