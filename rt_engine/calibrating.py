"""Measurements for the command line: a body, and the camera against the microphone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rt_engine.calibration import (
    Body,
    av_graph,
    body_graph,
    calibrate_av,
    calibrate_body,
    gather,
    save_body,
)
from rt_engine.calibration.body import Posture
from rt_engine.core import Graph, GraphError, NodeError, Packet, Replay, Source
from rt_engine.extras import require
from rt_engine.nodes.audio import Microphone
from rt_engine.nodes.video import Camera, File
from rt_engine.quiet import quiet
from rt_engine.running import say

__all__ = ["measure_av", "measure_body", "video_source"]

SMALLEST, TALLEST = 0.4, 2.8  # m
ARMS = {"T": "arms out to the sides", "N": "arms hanging"}


def video_source(camera: str | None, file: str | None = None) -> Camera | File:
    """The film `file`, or the camera of this number or name; GraphError for both."""
    if file and camera is not None:
        raise GraphError("--camera and --file: one of them is enough")
    if file:
        return File(path=file)
    name = camera or "0"
    return Camera(camera=int(name) if name.isdecimal() else name)


def measure_body(
    source: Camera | File,
    output: str,
    height: float = 0.0,
    posture: Posture = "T",
    seconds: float = 10.0,
    force: bool = False,
) -> int:
    """Watch a person for `seconds` (a film: to its end), write `output`; the exit code.

    `height`: m, 0: estimated. GraphError where nothing can be measured.
    """
    _check_seconds(seconds)
    _check_output(Path(output), force)
    if height and not SMALLEST <= height <= TALLEST:
        raise GraphError(f"--height {height:g}: needed are metres, {SMALLEST} to {TALLEST}")
    _need_detector()
    print(f"Stand upright, {ARMS[posture]}, all of you in the picture, still for two seconds.")
    graph = body_graph(source)
    try:
        poses = _taken(graph, ["pose.poses"], None if _is_film(source) else seconds)
        body = calibrate_body(poses["pose.poses"], posture, height)
        save_body(body, output)
    except NodeError as error:
        say(str(error))
        return 1
    except (OSError, ValueError) as error:
        raise GraphError(str(error)) from None
    print(body_report(body, output, estimated=not height))
    return 0


def measure_av(source: Camera | File, microphone: Microphone, seconds: float = 15.0) -> int:
    """Watch and hear claps for `seconds`; the exit code. GraphError where there are too few."""
    _check_seconds(seconds)
    _need_detector()
    print(
        "Clap at least 8 times, at uneven distances, hands in the picture and well apart between."
    )
    graph = av_graph(source, microphone)
    try:
        taken = _taken(graph, ["mic.audio", "pose.poses"], seconds)
        found = calibrate_av(taken["mic.audio"], microphone.rate, taken["pose.poses"])
    except NodeError as error:
        say(str(error))
        return 1
    except ValueError as error:
        raise GraphError(str(error)) from None
    delay = source.delay_ms + found.ms
    print(f"The camera is {abs(found.ms):.0f} ms {'late' if found.ms >= 0 else 'early'}, "
          f"give or take {found.uncertainty:.0f} ms, by {found.claps} claps.")  # fmt: skip
    print(f"Use it: rt-engine run avatar camera.delay_ms={delay:.1f}")
    return 0


def body_report(body: Body, path: str, estimated: bool) -> str:
    """What was measured, and what to type to use it."""
    left = {bone[4:]: m for bone, m in body.lengths.items() if bone.startswith("Left")}
    guess = " (estimated; --height makes it, and all lengths, right)" if estimated else ""
    return "\n".join(
        [
            f"height {body.height:.2f} m{guess}, hips {body.hips:.2f} m above the floor",
            *(f"  {bone:<9} {length:.3f} m" for bone, length in left.items()),
            f"the camera looks {body.pitch:.1f} degrees down, its picture leans {body.roll:.1f}",
            f"written: {path}",
            f"Use it: rt-engine run avatar skeleton.body={path} ground.body={path}",
        ]
    )


def _taken(graph: Graph, names: Iterable[str], seconds: float | None) -> dict[str, list[Packet]]:
    """What the outputs `names` emitted; without `seconds`, in a replay of the graph's files."""
    if seconds is not None:
        with _Countdown() as show:
            return gather(graph, names, seconds, show)
    taken: dict[str, list[Packet]] = {name: [] for name in names}

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None and (name := f"{node}.{output}") in taken:
            taken[name].append(packet)

    Replay(graph, taps=[tap]).run()
    return taken


class _Countdown:
    """The seconds left: one line in a terminal that is written over, else nothing."""

    def __init__(self) -> None:
        self._left = 0

    def __enter__(self) -> Callable[[float], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        self._write(" " * 20 + "\r")

    def _show(self, left: float) -> None:
        if (whole := int(left) + 1) != self._left:
            self._left = whole
            self._write(f"{whole:4d} s left\r")

    def _write(self, text: str) -> None:
        if sys.stdout.isatty():
            print(text, end="", flush=True)


def _is_film(source: Source) -> bool:
    return isinstance(source, File) and "://" not in source.path


def _check_seconds(seconds: float) -> None:
    if not 0 < seconds <= 600:
        raise GraphError(f"--seconds {seconds:g}: needed is a number above 0, up to 600")


def _check_output(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise GraphError(f"{path}: exists already; another name, or --force")
    if not path.parent.is_dir():
        raise GraphError(f"{path}: cannot be written: there is no folder {str(path.parent)!r}")


def _need_detector() -> None:
    with quiet():
        require("cv2")
        require("mediapipe")
