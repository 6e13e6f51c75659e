"""The commands `calibrate body` and `calibrate av`."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_calibrate_commands"]


def add_calibrate_commands(commands: Any) -> None:
    """Register the commands with those of `rt-engine`."""
    calibrate = commands.add_parser("calibrate", help="measure a person, or a set-up")
    kinds = calibrate.add_subparsers(required=True, metavar="WHAT")
    watched = argparse.ArgumentParser(add_help=False)
    watched.add_argument("--camera", metavar="NAME", help="number, or a part of the name (0)")
    body = kinds.add_parser("body", parents=[watched], help="height, bones, tilt of the camera")
    body.add_argument("-o", "--output", metavar="FILE", default="body.yaml", help="(body.yaml)")
    body.add_argument("--force", action="store_true", help="write over an existing file")
    body.add_argument("--file", metavar="VIDEO", help="a film in place of the camera")
    body.add_argument("--height", type=float, default=0.0, metavar="M", help="of the person")
    body.add_argument("--posture", choices="TN", default="T", help="arms out, or hanging (T)")
    body.add_argument("--seconds", type=float, default=10.0, metavar="S", help="to watch (10)")
    body.set_defaults(call=_calibrate_body)
    av = kinds.add_parser("av", parents=[watched], help="camera against microphone, by claps")
    av.add_argument("--port", metavar="MIC", default="", help="part of the microphone's name")
    av.add_argument("--seconds", type=float, default=15.0, metavar="S", help="to listen (15)")
    av.set_defaults(call=_calibrate_av)


def _calibrate_body(options: argparse.Namespace) -> int:
    from rt_engine.calibrating import measure_body, video_source

    source = video_source(options.camera, options.file)
    return measure_body(
        source, options.output, options.height, options.posture, options.seconds, options.force
    )


def _calibrate_av(options: argparse.Namespace) -> int:
    from rt_engine.calibrating import measure_av, video_source
    from rt_engine.nodes.audio import Microphone

    source = video_source(options.camera)
    return measure_av(source, Microphone(port=options.port), options.seconds)
