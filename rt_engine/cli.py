"""The command `rt-engine`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

import yaml

from rt_engine import __version__
from rt_engine.core import GraphError
from rt_engine.core.errors import exists
from rt_engine.devices import DeviceError
from rt_engine.extras import MissingExtra
from rt_engine.running import replay_take, run_file, say
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


def _run(options: argparse.Namespace) -> int:
    return run_file(
        _graph_path(options.graph),
        _changes(options.changes),
        options.without,
        options.record,
        duration=options.duration,
        digest=options.digest,
    )


def _record(options: argparse.Namespace) -> int:
    output = options.output or f"{Path(options.graph).stem}.mcap"
    if Path(output).exists() and not options.force:
        raise GraphError(f"{output}: exists already; another name, or --force")
    changes = _changes(options.changes)
    path = _graph_path(options.graph)
    code = run_file(
        path, changes, options.without, output, True,
        duration=options.duration, digest=options.digest,
    )  # fmt: skip
    print(f"recorded: {output} ({Path(output).stat().st_size / 1e6:.1f} MB)")
    return code


def _replay(options: argparse.Namespace) -> int:
    cost = {}
    for item in options.cost:
        node, _, seconds = item.partition("=")
        try:
            cost[node] = float(seconds)
        except ValueError:
            raise GraphError(f"--cost {item}: needed is NODE=SECONDS, such as net=0.025") from None
    return replay_take(options.take, options.digest, cost)


def _check(options: argparse.Namespace) -> int:
    from rt_engine.drawing import mermaid, svg
    from rt_engine.graphfile import load

    graph = load(_graph_path(options.graph), _changes(options.changes))
    lanes = graph.lanes()
    print(f"{graph.file}: {len(graph.nodes)} nodes, {len(set(lanes.values()))} threads")
    for head in dict.fromkeys(lanes.values()):
        print(f"  thread {head}: {', '.join(n for n, lane in lanes.items() if lane == head)}")
    for wire in graph.wires:
        found = getattr(graph.nodes[wire.source], wire.output).format
        print(f"  {wire.source}.{wire.output} -> {wire.node}.{wire.input}: {found}")
    if options.mermaid:
        print(mermaid(graph))
    if options.svg:
        Path(options.svg).write_text(svg(graph), "utf-8")
        print(f"drawn: {options.svg}")
    return 0


def _devices(_: argparse.Namespace) -> int:
    from rt_engine.devices import list_devices
    from rt_engine.doctor import midi_ports

    for direction in ("input", "output"):
        print(f"sound {direction}s:")
        for d in list_devices(direction):
            print(f"  {d['name']}  ({d['channels']} channels, {d['rate']} Hz, {d['api']})")
    for api, ports in midi_ports().items():
        for way, names in ports.items():
            print(f"MIDI {way} ({api}): {', '.join(names) or 'none'}")
    return 0


def _nodes(options: argparse.Namespace) -> int:
    from rt_engine.graphfile import catalog, resolve
    from rt_engine.schema import describe, graph_schema

    if options.schema:
        print(json.dumps(graph_schema(), indent=1))
        return 0
    try:
        found = {n: resolve(n) for n in options.names} if options.names else catalog()
    except LookupError as error:
        raise GraphError(str(error)) from None
    print("\n\n".join(describe(name, cls) for name, cls in found.items()))
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from rt_engine.doctor import doctor

    report = doctor()
    print(report)
    return int("!!" in report)


def _demo(options: argparse.Namespace) -> int:
    from rt_engine.demo import demo

    return demo(options.name, options.duration, options.live)


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


def _graph_path(name: str) -> Path:
    """The file, or the project's graph of this name."""
    from rt_engine.graphfile import graph_folder

    path = Path(name)
    if path.is_file():
        return path
    known = {p.stem: p for p in graph_folder().glob("*.yaml")}
    if path.stem in known and path.parent.name in ("", "graphs"):
        return known[path.stem]
    raise GraphError(
        f"{name}: no such graph file{exists(path.stem, known, 'graphs that come along')}"
    )


def _changes(items: list[str]) -> dict[str, Any]:
    changes = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise GraphError(f"{item!r}: needed is NODE.SETTING=VALUE or SOURCE=FILE")
        try:
            changes[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            changes[key] = value
    return changes


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
    live = argparse.ArgumentParser(add_help=False)
    live.add_argument("graph", help="graph file, or the name of one that comes with rt-engine")
    live.add_argument("changes", nargs="*", metavar="KEY=VALUE",
                      help="a setting (beat.lead=0.1) or a source (mic=song.wav)")  # fmt: skip
    timed = argparse.ArgumentParser(add_help=False)
    timed.add_argument("--without", action="append", default=[], metavar="NODE",
                       help="leave out a node")  # fmt: skip
    timed.add_argument("--duration", type=float, metavar="S", help="stop after S seconds")
    timed.add_argument("--digest", action="store_true", help="print SHA-256 of all outputs")

    run = commands.add_parser("run", parents=[live, timed], help="run a graph")
    run.add_argument("--record", metavar="FILE", help="record the sources in MCAP")
    run.set_defaults(call=_run)
    record = commands.add_parser("record", parents=[live, timed], help="run and record a graph")
    record.add_argument("-o", "--output", metavar="FILE", help="default: the graph's name")
    record.add_argument("--force", action="store_true", help="write over an existing file")
    record.set_defaults(call=_record)
    replay = commands.add_parser("replay", help="replay a record, bit for bit")
    replay.add_argument("take", help="MCAP file of record")
    replay.add_argument("--digest", action="store_true", help="print SHA-256 of all outputs")
    replay.add_argument("--cost", action="append", default=[], metavar="NODE=S",
                        help="what if a call of NODE took S seconds")  # fmt: skip
    replay.set_defaults(call=_replay)
    check = commands.add_parser("check", parents=[live], help="check and draw a graph")
    check.add_argument("--mermaid", action="store_true", help="print the graph as Mermaid")
    check.add_argument("--svg", metavar="FILE", help="draw the graph")
    check.set_defaults(call=_check)
    _calibrate_commands(commands)
    _small_commands(commands)
    add_train_command(commands)
    return parser


def _calibrate_commands(commands: Any) -> None:
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


def _small_commands(commands: Any) -> None:
    commands.add_parser("devices", help="list sound and MIDI devices").set_defaults(call=_devices)
    nodes = commands.add_parser("nodes", help="list nodes with ports and settings")
    nodes.add_argument("names", nargs="*", metavar="NODE", help="such as audio.File")
    nodes.add_argument("--schema", action="store_true", help="JSON schema for editors")
    nodes.set_defaults(call=_nodes)
    doctor = commands.add_parser("doctor", help="what is here, what is missing")
    doctor.set_defaults(call=_doctor)
    demo = commands.add_parser("demo", help="a graph on bundled material, in real time")
    demo.add_argument("name", nargs="?", default="beat", help="beat, avatar or landmarks (beat)")
    demo.add_argument("--mic", "--camera", dest="live", action="store_true",
                      help="the microphone, or the camera, instead of it")  # fmt: skip
    demo.add_argument("--duration", type=float, metavar="S", help="stop after S seconds")
    demo.set_defaults(call=_demo)


if __name__ == "__main__":
    sys.exit(main())
