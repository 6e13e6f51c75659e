"""The command `demo`."""

from __future__ import annotations

import argparse
from typing import Any

from rt_engine.commands.web import add_web_options, staged

__all__ = ["add_demo_command"]


def add_demo_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    demo = commands.add_parser("demo", help="a graph on bundled material, in real time")
    demo.add_argument(
        "name",
        nargs="?",
        default="beat",
        help="beat, expression, conductor, dance, avatar, landmarks, violin or violinist (beat)",
    )
    demo.add_argument("--mic", "--camera", dest="live", action="store_true",
                      help="the microphone, or the camera, instead of it")  # fmt: skip
    demo.add_argument("--duration", type=float, metavar="S", help="stop after S seconds")
    add_web_options(demo)
    demo.set_defaults(call=_demo)


def _demo(options: argparse.Namespace) -> int:
    from rt_engine.demos import demo
    from rt_engine.extras import EXTRAS, installed

    if options.web is None and all(map(installed, EXTRAS["web"])):
        options.web = ""
    with staged(options) as stage:
        return demo(options.name, options.duration, options.live, stage)
