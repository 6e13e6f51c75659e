"""Records that begin and end while a graph runs: a tap that stands from the start, mostly idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from rt_engine.core import Graph, Packet
from rt_engine.core.node import Node, live_settings
from rt_engine.record import Recorder
from rt_engine.web.errors import PageError, remedy_of
from rt_engine.web.takes import SUFFIX, Takes

__all__ = ["Recording", "spec_now"]

TOLD = 0.5  # s between two messages about a record that grows
TEXT = 200  # characters of a marker


class Recording:
    """A tap. While nothing is recorded it costs one look at an attribute.

    `tell` is given what the pages are told; it may be called from any thread.
    """

    def __init__(self, takes: Takes, tell: Callable[[dict[str, Any]], None]) -> None:
        self.takes, self._tell = takes, tell
        self._recorder: Recorder | None = None
        self._graph: Graph | None = None
        self._spec: dict[str, Any] = {}
        self._begun = 0.0
        self._changing = threading.RLock()
        self._done = threading.Event()
        self._teller: threading.Thread | None = None

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet."""
        recorder = self._recorder
        if recorder is not None:
            recorder(node, output, packet)

    def attach(self, graph: Graph, spec: Mapping[str, Any], begin: str | None = None) -> None:
        """`graph` is about to run; `begin`: record it from its first packet, under this name."""
        with self._changing:
            self.detach()
            self._graph, self._spec = graph, dict(spec)
            if begin is not None:
                self._start(begin, {"begun": "first"})

    def detach(self) -> None:
        """The graph runs no more."""
        with self._changing:
            self.stop()
            self._graph = None

    def start(self, name: str = "") -> dict[str, Any]:
        """Begin a take of the running graph; what the pages are told.

        The take holds the graph with its settings as they are now. In a replay all nodes begin
        afresh, so their outputs equal those of the live run only in takes begun with the graph.
        """
        with self._changing:
            if self._graph is None:
                raise PageError("no graph runs, so there is nothing to record", "Start one.", 409)
            if self._recorder is not None:
                raise PageError(f"take {self._name!r} is being recorded", "Stop it first.", 409)
            self._start(name, {"begun": "later"})
            return self.state()

    def stop(self) -> str | None:
        """End the take; its name, None where nothing was recorded."""
        with self._changing:
            recorder, self._recorder = self._recorder, None
            if recorder is None:
                return None
            self._done.set()
            recorder.close()
            if self._teller is not None:
                self._teller.join()
            name = recorder.path.name.removesuffix(SUFFIX)
        self._tell({"is": "recording", "name": None, "last": name})
        return name

    def mark(self, text: object = "") -> float:
        """Put a marker into the take; seconds from its start."""
        if not isinstance(text, str) or len(text) > TEXT:
            raise PageError("this marker cannot be kept", f"At most {TEXT} characters of text.")
        recorder = self._recorder
        if recorder is None:
            raise PageError("nothing is recorded, so there is nothing to mark", "Record.", 409)
        recorder.mark(text)
        return time.monotonic() - self._begun

    def state(self) -> dict[str, Any]:
        """The name, length and size of the take that grows; name None: there is none."""
        recorder = self._recorder
        if recorder is None:
            return {"is": "recording", "name": None}
        return {
            "is": "recording",
            "name": self._name,
            "seconds": round(time.monotonic() - self._begun, 1),
            "bytes": recorder.path.stat().st_size,
        }

    @property
    def _name(self) -> str:
        return self._recorder.path.name.removesuffix(SUFFIX) if self._recorder else ""

    def _start(self, name: str, about: dict[str, str]) -> None:
        assert self._graph is not None
        now = datetime.now(timezone.utc)
        usual = f"{_plain(self._graph.name)} {now.astimezone():%Y-%m-%d %H.%M.%S}"
        path = self.takes.folder / (self.takes.free(name or usual) + SUFFIX)
        about = {**about, "date": now.isoformat(timespec="seconds")}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            spec = spec_now(self._graph, self._spec)
            recorder = Recorder(path, self._graph, spec, self._lost, about, fresh=True)
        except OSError as error:
            what = f"{path}: cannot be written: {error.strerror}"
            raise PageError(what, "Choose another folder with --takes.", 507) from None
        self._begun = time.monotonic()
        self._done.clear()
        self._recorder = recorder
        self._teller = threading.Thread(target=self._report, name="rt-recording", daemon=True)
        self._teller.start()

    def _report(self) -> None:
        while True:
            self._tell(self.state())
            if self._done.wait(TOLD):
                return

    def _lost(self, error: OSError) -> None:
        """The disk takes no more: said once, and the record ends; the graph goes on."""
        path = self._recorder.path if self._recorder else Path("the take")
        text = f"{path.name}: cannot be written any more: {error.strerror or error}"
        remedy = "Make room on the disk; what it holds is readable."
        self._tell({"is": "error", "text": text, "remedy": remedy or remedy_of(text)})
        threading.Thread(target=self.stop, name="rt-recording-lost", daemon=True).start()


def spec_now(graph: Graph, spec: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` with the live settings of the running `graph` as they are at this moment."""
    found = deepcopy(dict(spec))
    for name, keys in found["nodes"].items():
        if name in graph.nodes:
            keys.update(_changed(graph.nodes[name], keys))
    return found


def _changed(node: Node, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The live settings that the file names, or that are not as they were born."""
    values = {name: msgspec.to_builtins(getattr(node, name)) for name in live_settings(type(node))}
    return {
        name: value
        for name, value in sorted(values.items())
        if name in keys or value != _default(type(node), name)
    }


def _default(cls: type[Node], setting: str) -> Any:
    for field in msgspec.structs.fields(cls.Settings):
        if field.name == setting:
            made = field.default_factory
            return field.default if made is msgspec.NODEFAULT else made()
    return None


def _plain(name: str) -> str:
    """A graph's name as the beginning of a take's."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in " -_") else "-" for c in name)
    return kept.strip(" -_")[:40] or "take"
