"""Records of a run: what came out of every source, in MCAP, readable after a crash.

One channel per output, "/node/output": log time is the arrival on the engine clock, publish
time the packet's own, both in ns; the payload is `rt_engine.core.packet.encode`, and empty for
a reset. "/!/controls" has the controls of all nodes, as they were applied. The graph is
in the metadata, so a record replays by itself. Messages are not gathered into chunks: after a
kill at most what the operating system had not been given is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic_ns
from typing import Any, BinaryIO

import msgspec
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from rt_engine.core import Controls, Event, Graph, GraphError, Kind, Packet, Source
from rt_engine.core.errors import said
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.core.packet import decode, encode
from rt_engine.graphfile import build

__all__ = ["Digest", "Recorder", "Take"]

FLUSH = 0.25  # s between two writes to the disk


class Recorder:
    """A tap that writes what the sources of `graph` emit; its disk never delays them.

    `on_error` is called once, in the writing thread, when the file cannot be written any
    more (a full disk, a payload without byte form); what was written until then stays readable.
    """

    def __init__(
        self,
        path: str | Path,
        graph: Graph,
        spec: dict[str, Any],
        on_error: Callable[[OSError], None],
    ) -> None:
        self.path, self.failed = Path(path), False
        self._on_error = on_error
        self._queue: SimpleQueue[tuple[int, str, str, Packet | None] | None] = SimpleQueue()
        self._file = self.path.open("wb", buffering=1 << 16)
        self._writer = Writer(self._file, use_chunking=False)
        self._writer.start(profile="", library="rt-engine")
        self._writer.add_metadata("graph", {"spec": json.dumps(spec, default=str)})
        self._channels = {key: self._channel(*key, kind) for key, kind in _streams(graph).items()}
        self._file.flush()
        self._thread = threading.Thread(target=self._write, name="rt-record", daemon=True)
        self._thread.start()

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """Note what `node` emitted just now, if it is a source."""
        if (node, output) in self._channels and not self.failed:
            self._queue.put((monotonic_ns(), node, output, packet))

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

    def _channel(self, node: str, output: str, kind: Kind) -> int:
        about = {
            "kind": f"{type(kind).__module__}.{type(kind).__name__}",
            "format": msgspec.json.encode(kind).decode(),
        }
        topic = f"/{node}/{output}"
        return int(self._writer.register_channel(topic, "msgpack", schema_id=0, metadata=about))

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
            arrival, node, output, packet = item
            channel = self._channels[node, output]
            body = encode(packet.data) if packet else b""
            t, seq = (packet.t, packet.seq) if packet else (arrival, 0)
            self._writer.add_message(channel, arrival, body, t, seq % 2**32)
        return True


class Take:
    """A record, complete or cut off: its graph, and what its sources emitted.

    Raises GraphError when the file is no record of this engine.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.channels: dict[int, tuple[str, str, Kind]] = {}
        self.spec: dict[str, Any] = {}
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
            elif isinstance(record, Channel):
                _, node, output = record.topic.split("/")
                self.channels[record.id] = (node, output, _kind(record))
            elif isinstance(record, Message):
                break
        if not self.spec:
            raise ValueError("it holds no graph")

    def graph(self) -> Graph:
        """The recorded graph; sources keep the recorded formats and need no device or file."""
        formats: dict[str, dict[str, Kind]] = {}
        for node, output, kind in self.channels.values():
            formats.setdefault(node, {})[output] = kind
        return build(self.spec, str(self.path), formats)

    def events(self) -> Iterator[Event]:
        """What the sources emitted, in order of arrival, as far as the file goes."""
        for record in self._records():
            if isinstance(record, Message):
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


def _streams(graph: Graph) -> dict[tuple[str, str], Kind]:
    """What a record of `graph` holds: (node, output) and format."""
    sources = {name: node for name, node in graph.nodes.items() if isinstance(node, Source)}
    found = {(s, n): o.format for s, node in sources.items() for n, o in outputs(node).items()}
    return {**found, (RUNNER, "controls"): Controls()}


def _kind(channel: Channel) -> Kind:
    module, _, name = channel.metadata["kind"].rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    kind: Kind = msgspec.json.decode(channel.metadata["format"], type=cls)
    return kind
