"""The commands `run`, `record`, `replay` and `check`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rt_engine.commands.named import changes_of, graph_path
from rt_engine.commands.web import add_web_options, staged
from rt_engine.core import GraphError
from rt_engine.running import replay_take, run_file, run_live

__all__ = ["add_graph_commands"]


def add_graph_commands(commands: Any) -> None:
    """Register the commands with those of `rt-engine`."""
    live = argparse.ArgumentParser(add_help=False)
    live.add_argument("graph", help="graph file, or the name of one that comes with rt-engine")
    live.add_argument("changes", nargs="*", metavar="KEY=VALUE",
                      help="a setting (beat.lead=0.1) or a source (mic=song.wav)")  # fmt: skip
    _add_timed(commands, live)
    replay = commands.add_parser("replay", help="replay a record, bit for bit")
    replay.add_argument("take", help="MCAP file of record")
    replay.add_argument("--digest", action="store_true", help="print SHA-256 of all outputs")
    replay.add_argument("--cost", action="append", default=[], metavar="NODE=S",
                        help="what if a call of NODE took S seconds")  # fmt: skip
    replay.add_argument("--live", action="store_true",
                        help="in real time, to OSC, MIDI and VMC as on the first day")  # fmt: skip
    replay.set_defaults(call=_replay)
    check = commands.add_parser("check", parents=[live], help="check and draw a graph")
    check.add_argument("--mermaid", action="store_true", help="print the graph as Mermaid")
    check.add_argument("--svg", metavar="FILE", help="draw the graph")
    check.set_defaults(call=_check)


def _add_timed(commands: Any, live: argparse.ArgumentParser) -> None:
    """Those that go on for a while."""
    timed = argparse.ArgumentParser(add_help=False)
    timed.add_argument("--without", action="append", default=[], metavar="NODE",
                       help="leave out a node")  # fmt: skip
    timed.add_argument("--duration", type=float, metavar="S", help="stop after S seconds")
    timed.add_argument("--digest", action="store_true", help="print SHA-256 of all outputs")
    add_web_options(timed)
    run = commands.add_parser("run", parents=[live, timed], help="run a graph")
    run.add_argument("--record", metavar="FILE", help="record the sources in MCAP")
    run.set_defaults(call=_run)
    record = commands.add_parser("record", parents=[live, timed], help="run and record a graph")
    record.add_argument("-o", "--output", metavar="FILE", help="default: the graph's name")
    record.add_argument("--force", action="store_true", help="write over an existing file")
    record.set_defaults(call=_record)


def _run(options: argparse.Namespace) -> int:
    return _run_file(options, options.record, False)


def _record(options: argparse.Namespace) -> int:
    output = options.output or f"{Path(options.graph).stem}.mcap"
    if Path(output).exists() and not options.force:
        raise GraphError(f"{output}: exists already; another name, or --force")
    code = _run_file(options, output, True)
    print(f"recorded: {output} ({Path(output).stat().st_size / 1e6:.1f} MB)")
    return code


def _run_file(options: argparse.Namespace, record: str | None, or_stop: bool) -> int:
    path, changes = graph_path(options.graph), changes_of(options.changes)
    times = {"duration": options.duration, "digest": options.digest}
    with staged(options) as stage:
        return run_file(path, changes, options.without, record, or_stop, stage, **times)


def _replay(options: argparse.Namespace) -> int:
    if options.live:
        from rt_engine.relive import relive

        graph, _ = relive(options.take)
        return run_live(graph, digest=options.digest)
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

    graph = load(graph_path(options.graph), changes_of(options.changes))
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
