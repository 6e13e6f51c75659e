"""Runs a graph for the command line: signals, records, digests and the closing table."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rt_engine.core import Graph, GraphError, Input, Live, NodeError, Replay
from rt_engine.core.host import Tap
from rt_engine.graphfile import build, read, resolve

# What needs mcap or rich is imported where it is used: a run without them starts sooner.
if TYPE_CHECKING:
    from rt_engine.record import Digest

__all__ = ["INTERRUPTED", "Onlooker", "prune", "replay_take", "run_file", "run_live"]

INTERRUPTED = 130  # the exit code after a second Ctrl-C, as shells have it


class Onlooker(Protocol):
    """Who wants to know of a run: the stage page."""

    def begins(self, live: Live) -> None:
        """`live` is going to start."""
        ...

    def fails(self, error: NodeError) -> None:
        """The run ends with an error."""
        ...

    def ends(self, code: int, signals: int) -> None:
        """The run has ended, after as many signals."""
        ...


def run_file(
    path: str | Path,
    changes: dict[str, Any],
    without: Iterable[str] = (),
    record: str | None = None,
    record_or_stop: bool = False,
    stage: Callable[..., int] | None = None,
    **options: Any,
) -> int:
    """Run the graph of a file live; the exit code. `record` names the MCAP file to write.

    `stage` takes the place of `run_live`: it is called as that is, with the content of the file
    in front.

    When the record cannot be written any more, the run goes on, or stops if `record_or_stop`;
    the exit code says so in both cases.
    """
    spec = prune(read(path, changes), without, str(path))
    graph = build(spec, str(path))
    run = run_live if stage is None else partial(stage, spec)
    if record is None:
        return run(graph, **options)
    stop = threading.Event()

    def lost(error: OSError) -> None:
        say(f"{record}: cannot be written any more: {error.strerror}; what it holds is readable")
        if record_or_stop:
            stop.set()

    from rt_engine.record import Recorder

    try:
        recorder = Recorder(record, graph, spec, lost)
    except OSError as error:
        raise GraphError(f"{record}: cannot be written: {error.strerror}") from None
    with recorder:
        code = run(graph, taps=[recorder], stop=stop, **options)
    return code or int(recorder.failed)


def run_live(
    graph: Graph,
    taps: Iterable[Tap] = (),
    duration: float | None = None,
    digest: bool = False,
    stop: threading.Event | None = None,
    table: bool = True,
    onlooker: Onlooker | None = None,
) -> int:
    """Run `graph` until its sources end, `duration` s have passed, or a signal; the exit code.

    The first Ctrl-C or SIGTERM lets the graph finish what it has; the second one cuts it off.
    """
    sums = _digest() if digest else None
    live = Live(graph, [*taps, sums] if sums else list(taps))
    code, start = 0, live.clock.now()
    onlooker.begins(live) if onlooker else None
    with _signals(live) as heard:
        try:
            live.start()
            _wait(live, duration, stop)
        except NodeError as error:
            say(f"{graph.file or graph.name}: {error}")
            onlooker.fails(error) if onlooker else None
            code = 1
        code = INTERRUPTED if len(heard) > 1 else code
    onlooker.ends(code, len(heard)) if onlooker else None
    if table:
        show_stats(live, (live.clock.now() - start) * 1e-9)
    if sums:
        show_digest(sums)
    return code


def replay_take(path: str, digest: bool = False, cost: dict[str, float] | None = None) -> int:
    """Replay a record as fast as it goes; the exit code."""
    from rt_engine.record import Take

    take, sums = Take(path), _digest()
    graph = take.graph()
    replay = Replay(graph, take.events(), [sums], cost)
    try:
        replay.run()
    except NodeError as error:
        say(f"{path}: {error}")
        return 1
    show_stats(replay)
    for name, count in replay.lost().items():
        print(f"{name}: {count} packets would be lost at a cost of {(cost or {})[name]} s")
    if digest:
        show_digest(sums)
    return 0


def prune(spec: dict[str, Any], names: Iterable[str], file: str) -> dict[str, Any]:
    """The graph without the nodes `names`, and without those that cannot do without these."""
    nodes, gone = dict(spec["nodes"]), set(names)
    for name in gone:
        if name not in nodes:
            known = ", ".join(nodes)
            raise GraphError(f"{file}: --without {name}: no such node (nodes: {known})")
    for name, keys in spec["nodes"].items():
        if name in gone or ("in" in keys and not _fed(keys, gone)):
            gone.add(name)
            del nodes[name]
    return {**spec, "nodes": nodes}


def show_stats(runner: Live | Replay, seconds: float | None = None) -> None:
    """Print the table of counts and latencies; `seconds` is how long the run was."""
    from rich.console import Console

    from rt_engine.tables import latency_table

    console = Console()
    console.print("\nLatency, median / 99th percentile (age: since the moment itself)")
    console.print(latency_table(runner.stats(), seconds))


def show_digest(digest: Digest) -> None:
    """Print the SHA-256 of every output and of all."""
    for name, value in digest.outputs().items():
        print(f"{value}  {name}")
    print(f"{digest.total()}  all outputs")


def say(text: str) -> None:
    """One line of error on stderr."""
    print(f"rt-engine: error: {text}", file=sys.stderr)


def _digest() -> Digest:
    from rt_engine.record import Digest

    return Digest()


def _fed(keys: dict[str, Any], gone: set[str]) -> bool:
    """Drop inputs whose node is gone; whether what is left will do."""
    if not isinstance(keys["in"], dict):
        return str(keys["in"]).partition(".")[0] not in gone
    lost = {port for port, o in keys["in"].items() if str(o).partition(".")[0] in gone}
    keys["in"] = {port: o for port, o in keys["in"].items() if port not in lost}
    return bool(keys["in"]) and not (lost & _needs(keys["is"]))


def _needs(name: str) -> set[str]:
    """The inputs that a node of class `name` cannot do without; none of a class not there."""
    try:
        ports = resolve(name).ports
    except (ImportError, LookupError):
        return set()
    return {n for n, port in ports.items() if isinstance(port, Input) and not port.optional}


def _wait(live: Live, duration: float | None, stop: threading.Event | None) -> None:
    deadline = None if duration is None else live.clock.now() + round(duration * 1e9)
    while not live.wait(0.1):
        late = deadline is not None and live.clock.now() > deadline
        if not live.stopping and (late or (stop is not None and stop.is_set())):
            live.stop()


@contextlib.contextmanager
def _signals(live: Live) -> Iterator[list[int]]:
    """Handle SIGINT and SIGTERM: the first stops, the next cuts off; those that came, so far."""
    heard: list[int] = []

    def handle(number: int, _: object) -> None:
        stopping = live.stopping
        heard.extend([number] if heard or not stopping else [number, number])
        live.abort() if stopping else live.stop()

    handled = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Callable[..., Any] | int | None] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in handled}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
