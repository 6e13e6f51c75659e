"""MIDI learn: the next controller that moves is bound to a live setting, and stays so.

What is bound is kept beside the graph file as NAME.midi.yaml, in the form of the setting `map` of
`midi.Control`, so that it can be moved into the graph.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import yaml

from rt_engine.core import Graph
from rt_engine.core.node import live_settings
from rt_engine.protocols.midi_in import Assignments, MidiIn, NoMidiError, open_in
from rt_engine.web.errors import PageError, remedy_of
from rt_engine.web.messages import Learn
from rt_engine.web.settings import described_settings

__all__ = ["Learner", "entry_of"]

CONTROLLER = 0xB0
PATIENCE = 0.05  # s that one port is waited for
Entries = dict[str, Any]


def entry_of(graph: Graph, node: str, name: str) -> list[Any]:
    """What a controller bound to this setting is wired to: the setting and its two ends, or all its
    choices.
    """
    about = next(s for s in described_settings(graph.nodes[node]) if s["name"] == name)
    if about["type"] == "bool":
        return [f"{node}.{name}", False, True]
    if about["choices"]:
        return [f"{node}.{name}", *about["choices"]]
    low = about["min"] if about["min"] is not None else 0
    high = about["max"] if about["max"] is not None else max(1, 2 * (about["default"] or 0))
    number = int if about["type"] == "int" else float
    return [f"{node}.{name}", number(low), number(high)]


class Learner:
    """Listens to MIDI in a thread of its own, from when something is bound or to be learnt.

    `control(node, name, value)` sets; `tell` and `log` are those of the stage; `place(file, name)`
    says where the bindings of a graph are kept.
    """

    def __init__(
        self,
        control: Callable[..., None],
        tell: Callable[[dict[str, Any]], None],
        place: Callable[[str | None, str], Path],
        opening: Callable[[], list[MidiIn]] | None = None,
    ) -> None:
        self._control, self._tell, self._place = control, tell, place
        self._opening = opening or _open_all
        self._graph: Graph | None = None
        self._path = Path()
        self._entries: Entries = {}
        self._assigned = Assignments({})
        self._wanted: Learn | None = None
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ports: list[MidiIn] = []
        self._thread: threading.Thread | None = None

    def enter(self, graph: Graph | None, file: str | None) -> None:
        """Another graph runs now, or none does."""
        self._graph, self._wanted = graph, None
        self._entries = {}
        if graph is not None:
            self._path = self._place(file, graph.name).with_suffix("").with_suffix(".midi.yaml")
            self._entries = _read(self._path, graph)
        self._assigned = Assignments(self._entries)
        if self._entries:
            self._do(self._listen)

    def bindings(self) -> dict[str, Any]:
        """The message "bindings": which controller sets what."""
        split = [(key, *str(entry[0]).split(".")) for key, entry in self._entries.items()]
        return {"is": "bindings", "bindings": [dict(zip(("cc", "node", "name"), s, strict=True))
                                               for s in split]}  # fmt: skip

    def learn(self, asked: Learn) -> None:
        """Bind the next controller that moves, or forget one. PageError: no such setting."""
        graph = self._graph
        if graph is None or asked.node not in graph.nodes:
            raise PageError("no graph with that node runs", "Start one first.")
        if asked.name not in live_settings(type(graph.nodes[asked.node])):
            raise PageError(f"{asked.node}.{asked.name} is no live setting", "Reload the page.")
        if asked.forget:
            self._keep({k: e for k, e in self._entries.items() if e[0] != _target(asked)})
            self._say(asked, "forgotten")
        else:
            self._wanted = asked
            self._do(self._wait_for)

    def close(self) -> None:
        """End the thread, let go of the ports."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(2)

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rt-learn", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                job()
        finally:
            for port in self._ports:
                port.close()

    def _next(self) -> Callable[[], None] | None:
        """The next job; while there are none, the ports are heard."""
        if not self._ports:
            return self._jobs.get()
        with contextlib.suppress(Empty):
            return self._jobs.get_nowait()
        return self._hear

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # bound, but no MIDI here today: nothing to hear
            self._ports = self._ports or self._opening()

    def _wait_for(self) -> None:
        asked = self._wanted
        try:
            self._ports = self._ports or self._opening()
        except OSError as error:
            self._wanted = None
            self._say(asked, "failed", text=str(error), remedy=remedy_of(str(error)))
        else:
            self._say(asked, "waiting")

    def _hear(self) -> None:
        for port in list(self._ports):
            try:
                message = port.receive(PATIENCE)
            except OSError:  # pulled out
                self._ports.remove(port)
                port.close()
                continue
            if message is not None:
                self._heard(message)

    def _heard(self, message: bytes) -> None:
        graph, asked = self._graph, self._wanted
        if asked is not None and graph is not None and message[0] & 0xF0 == CONTROLLER:
            self._wanted = None
            key = f"cc {message[1]}"
            others = {k: e for k, e in self._entries.items() if e[0] != _target(asked)}
            self._keep({**others, key: entry_of(graph, asked.node, asked.name)})
            self._say(asked, "bound", cc=key)
        elif change := self._assigned.change(message):
            self._control(change.node, change.name, *change.values)

    def _keep(self, entries: Entries) -> None:
        self._entries, self._assigned = entries, Assignments(entries)
        self._tell(self.bindings())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(yaml.safe_dump(entries, sort_keys=True), "utf-8")
        except OSError as error:
            text = f"{self._path}: cannot be written: {error.strerror}"
            self._tell({"is": "error", "text": text, "remedy": "The binding lasts until the end."})

    def _say(self, asked: Learn | None, state: str, **more: str) -> None:
        if asked is not None:
            names = {"node": asked.node, "name": asked.name}
            self._tell({"is": "learn", **names, "state": state, **more})


def _target(asked: Learn) -> str:
    return f"{asked.node}.{asked.name}"


def _read(path: Path, graph: Graph) -> Entries:
    """What the file binds of settings that this graph has; a broken file binds nothing."""
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
        Assignments(found)
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError):
        return {}
    return {key: entry for key, entry in found.items() if _exists(graph, entry)}


def _exists(graph: Graph, entry: Any) -> bool:
    node, _, name = str(entry[0]).partition(".") if isinstance(entry, list) else ("", "", "")
    return node in graph.nodes and name in live_settings(type(graph.nodes[node]))


def _open_all() -> list[MidiIn]:
    """A port of our own, and every port there is; OSError where MIDI does not work here."""
    from rt_engine.doctor import midi_ports

    ports: list[MidiIn] = []
    with contextlib.suppress(NoMidiError):
        ports.append(open_in("", "rt-engine", "learn", ""))
    names = [name for found in midi_ports().values() for name in found["inputs"]]
    for name in names:
        if "rt-engine" not in name:
            with contextlib.suppress(OSError):
                ports.append(open_in("", "rt-engine", "learn", name))
    if not ports:
        raise NoMidiError("no MIDI system answers")
    return ports
