"""Records of a run: what came out of every source, in MCAP, readable after a crash.

Where the graph file says `record: [NODE, ...]`, what these nodes emitted is there in place of
the sources that lead to them alone, and a replay begins at them.

One channel per output, "/node/output": log time is the arrival on the engine clock, publish
time the packet's own, both in ns; the payload is `rt_engine.core.packet.encode`, and empty for
a reset. "/!/controls" has the controls of all nodes, as they were applied, and "/!/markers"
what a person marked, if anything: UTF-8 text. The graph is in the metadata, so a record replays
by itself. Messages are not gathered into chunks: after a
kill at most what the operating system had not been given is missing.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import importlib
import json
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic_ns
from typing import Any, BinaryIO

import msgspec
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from rt_engine import __version__
from rt_engine.core import Controls, Event, Graph, GraphError, Kind, Node, Packet, Source
from rt_engine.core.errors import said
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.core.packet import decode, encode
from rt_engine.graphfile import build
from rt_engine.kinds import Images
from rt_engine.running import prune

__all__ = ["MARKERS", "MARKER_TOPIC", "Digest", "Recorder", "Take", "announce"]

FLUSH = 0.25  # s between two writes to the disk
MARKERS = (RUNNER, "markers")  # node and output of the texts that a person put into a record
MARKER_TOPIC = "/".join(("", *MARKERS))


class Recorder:
    """A tap that writes what the sources of `graph` emit; its disk never delays them.

    `on_error` is called once, in the writing thread, when the file cannot be written any
    more (a full disk, a payload without byte form); what was written until then stays readable.
    `about` is kept in the file beside the version of this engine. A path that is there is
    written over, unless `fresh`: then FileExistsError.
    """

    def __init__(
        self,
        path: str | Path,
        graph: Graph,
        spec: dict[str, Any],
        on_error: Callable[[OSError], None],
        about: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> None:
        self.path, self.failed = Path(path), False
        self._on_error = on_error
        self._queue: SimpleQueue[tuple[int, str, str, Packet | None] | None] = SimpleQueue()
        self._file = self.path.open("xb" if fresh else "wb", buffering=1 << 16)
        self._writer = Writer(self._file, use_chunking=False)
        self._writer.start(profile="", library="rt-engine")
        self._writer.add_metadata("graph", {"spec": json.dumps(spec, default=str)})
        self._writer.add_metadata("take", {**(about or {}), "version": __version__})
        self._channels = {
            key: announce(self._writer, *key, kind) for key, kind in _streams(graph, spec).items()
        }
        self._file.flush()
        self._thread = threading.Thread(target=self._write, name="rt-record", daemon=True)
        self._thread.start()

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """Note what `node` emitted just now, if it is recorded."""
        if (node, output) in self._channels and not self.failed:
            self._queue.put((monotonic_ns(), node, output, packet))

    def mark(self, text: str = "") -> int:
        """Put a marker into the record; its engine time in ns."""
        now = monotonic_ns()
        if not self.failed:
            self._queue.put((now, *MARKERS, Packet(now, text, 0)))
        return now

    def close(self) -> None:
        """Write what is left, and the file's end."""
        self._queue.put(None)
        self._thread.join()
        with contextlib.suppress(OSError):
            self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        try:
            while self._write_some():
                self._file.flush()
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.flush()
        except Exception as error:
            self.failed = True
            self._on_error(error if isinstance(error, OSError) else OSError(0, said(error)))

    def _write_some(self) -> bool:
        """Write for one flush period; False at the end."""
        until = monotonic_ns() + round(FLUSH * 1e9)
        while (left := until - monotonic_ns()) > 0:
            try:
                item = self._queue.get(timeout=left * 1e-9)
            except Empty:
                break
            if item is None:
                return False
            self._put(*item)
        return True

    def _put(self, arrival: int, node: str, output: str, packet: Packet | None) -> None:
        if (node, output) == MARKERS:
            body = packet.data.encode() if packet else b""
            self._writer.add_message(self._marker_channel(), arrival, body, arrival)
            return
        body = encode(packet.data) if packet else b""
        t, seq = (packet.t, packet.seq) if packet else (arrival, 0)
        self._writer.add_message(self._channels[node, output], arrival, body, t, seq % 2**32)

    def _marker_channel(self) -> int:
        if MARKERS not in self._channels:
            number = self._writer.register_channel(MARKER_TOPIC, "text", schema_id=0)
            self._channels[MARKERS] = int(number)
        return self._channels[MARKERS]


class Take:
    """A record, complete or cut off: its graph, and what its sources emitted.

    Raises GraphError when the file is no record of this engine.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.channels: dict[int, tuple[str, str, Kind]] = {}
        self.spec: dict[str, Any] = {}
        self.about: dict[str, str] = {}  # what the recorder was told, and its version
        try:
            self._read_head()
        except GraphError:
            raise
        except (ImportError, AttributeError, LookupError, ValueError) as error:
            raise GraphError(f"{self.path}: is no record of rt-engine: {said(error)}") from error

    def _read_head(self) -> None:
        for record in self._records():
            if isinstance(record, Metadata) and record.name == "graph":
                self.spec = json.loads(record.metadata["spec"])
            elif isinstance(record, Metadata) and record.name == "take":
                self.about = record.metadata
            elif isinstance(record, Channel) and record.topic != MARKER_TOPIC:
                _, node, output = record.topic.split("/")
                self.channels[record.id] = (node, output, _kind(record))
            elif isinstance(record, Message):
                break
        if not self.spec:
            raise ValueError("it holds no graph")

    def graph(self, spec: Mapping[str, Any] | None = None) -> Graph:
        """The recorded graph, or another of its nodes (`spec`); sources keep the recorded formats
        and need no device or file.
        """
        formats: dict[str, dict[str, Kind]] = {}
        for node, output, kind in self.channels.values():
            formats.setdefault(node, {})[output] = kind
        try:
            return build(self._cut(spec or self.spec, formats), str(self.path), formats)
        except GraphError as error:
            made = self.about.get("version", __version__)
            if made == __version__:
                raise
            other = f"recorded by rt-engine {made}, and this is {__version__}"
            raise GraphError(f"{error} ({other})") from None

    def _cut(self, spec: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The graph as it begins at what is recorded, without what only leads there."""
        nodes = copy.deepcopy(spec["nodes"])
        for name in set(spec.get("record", ())) & nodes.keys() & recorded.keys():
            nodes[name].pop("in", None)
        begins = [name for name, keys in nodes.items() if "in" not in keys]
        lost = [name for name in begins if name not in recorded and spec.get("record")]
        return prune({**spec, "nodes": nodes}, lost, str(self.path))

    def events(self) -> Iterator[Event]:
        """What the sources emitted, in order of arrival, as far as the file goes."""
        for record in self._records():
            if isinstance(record, Message) and record.channel_id in self.channels:
                node, output, kind = self.channels[record.channel_id]
                packet = None
                if record.data:
                    data = decode(record.data, kind.payload)
                    packet = Packet(record.publish_time, data, record.sequence)
                yield Event(record.log_time, node, output, packet)

    def _records(self) -> Iterator[Any]:
        try:
            file: BinaryIO = self.path.open("rb")
        except OSError as error:
            raise GraphError(f"{self.path}: cannot be read: {error.strerror}") from None
        # A record that was cut off ends in the middle of a message: what came before counts.
        with file, contextlib.suppress(McapError, EOFError, struct.error):
            yield from StreamReader(file).records


class Digest:
    """A tap that keeps a SHA-256 of everything each output emitted: times, numbers, payloads."""

    def __init__(self) -> None:
        self._hashes: dict[str, Any] = {}

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """Take a packet in."""
        if packet is not None and node != RUNNER:
            key = f"{node}.{output}"
            digest = self._hashes.setdefault(key, hashlib.sha256())
            digest.update(b"%d %d " % (packet.t, packet.seq) + encode(packet.data))

    def outputs(self) -> dict[str, str]:
        """Hexadecimal digest of each output that emitted anything."""
        return {name: digest.hexdigest() for name, digest in sorted(self._hashes.items())}

    def total(self) -> str:
        """One digest of all outputs."""
        return hashlib.sha256(json.dumps(self.outputs()).encode()).hexdigest()


def announce(writer: Writer, node: str, output: str, kind: Kind) -> int:
    """Open a channel of a record for an output; its number."""
    about = {
        "kind": f"{type(kind).__module__}.{type(kind).__name__}",
        "format": msgspec.json.encode(kind).decode(),
    }
    return int(writer.register_channel(f"/{node}/{output}", "msgpack", 0, about))


def _streams(graph: Graph, spec: dict[str, Any]) -> dict[tuple[str, str], Kind]:
    """What a record of `graph` holds: (node, output) and format."""
    cut = [name for name in spec.get("record", ()) if name in graph.nodes]
    held = [name for name, node in graph.nodes.items() if isinstance(node, Source)]
    held = [*cut, *(name for name in held if name not in cut and _needed(graph, name, cut))]
    found = {(n, o): p.format for n in held for o, p in outputs(graph.nodes[n]).items()}
    return {**found, (RUNNER, "controls"): Controls()}


def _needed(graph: Graph, name: str, cut: list[str]) -> bool:
    """Whether a replay needs node `name`, when it begins at the nodes `cut` as well."""
    after = {wire.node for wire in graph.wires if wire.source == name}
    replayed = [each for each in after if not graph.nodes[each].live_only]
    if not replayed:
        return not after or not cut or _says_more(graph.nodes[name])
    return any(each not in cut and _needed(graph, each, cut) for each in replayed)


def _says_more(node: Node) -> bool:
    """Whether a replay gives more of a node than pictures, though what it feeds is live only."""
    formats = [port.format for port in outputs(node).values()]
    return not isinstance(node, Source) and not all(isinstance(f, Images) for f in formats)


def _kind(channel: Channel) -> Kind:
    module, _, name = channel.metadata["kind"].rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    kind: Kind = msgspec.json.decode(channel.metadata["format"], type=cls)
    return kind
