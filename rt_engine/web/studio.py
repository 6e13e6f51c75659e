"""Choosing a graph and its devices on the page."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import Any

import msgspec

from rt_engine import devices
from rt_engine.core import GraphError, Source
from rt_engine.core.errors import exists
from rt_engine.graphfile import build, graph_files, read, resolve
from rt_engine.inlets import PICTURES, SOUND
from rt_engine.running import prune
from rt_engine.web.errors import PageError
from rt_engine.web.runs import Job
from rt_engine.web.settings import choices
from rt_engine.web.stage import Stage

__all__ = ["Start", "Studio"]

KINDS = {
    "audio.Microphone": ("microphone", "port"),
    "video.Camera": ("camera", "camera"),
    "midi.Control": ("midi", "port"),
    "web.Camera": ("camera", ""),
    "web.Microphone": ("microphone", ""),
}
BROWSER = {"web.Camera": PICTURES, "web.Microphone": SOUND}


class Start(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /api/start`."""

    graph: str
    changes: dict[str, Any] = {}
    without: list[str] = []
    demo: bool = False


class Studio:
    """The graphs of the project, and of `folders`; what devices there are; how one is started."""

    def __init__(self, stage: Stage, files: list[Path] | None = None) -> None:
        self._stage = stage
        self._more = files or []
        self._devices: dict[str, list[str]] | None = None
        self._cards: list[dict[str, Any]] | None = None
        self._lock = threading.Lock()

    def files(self) -> dict[str, Path]:
        """Graph files by name."""
        return {path.stem: path for path in [*graph_files(), *self._more]}

    def graphs(self) -> list[dict[str, Any]]:
        """What `GET /api/graphs` says."""
        with self._lock:
            if self._cards is None:
                self._cards = [_card(name, path) for name, path in self.files().items()]
            return self._cards

    def devices(self, again: bool) -> dict[str, list[str]]:
        """What `GET /api/devices` says; asked `again`, or the first time, the system is."""
        with self._lock:
            if again or self._devices is None:
                self._devices = _probe()
            return self._devices

    def start(self, asked: Start) -> None:
        """Build the graph, stop what runs, and start it. Raises what `build` does."""
        files = self.files()
        if asked.graph not in files:
            raise PageError(f"no graph {asked.graph!r}{exists(asked.graph, files, 'graphs')}")
        path = files[asked.graph]
        self._stage.runs.start(
            _bundled(asked, path, self._stage) if asked.demo else _plain(asked, path)
        )


def _plain(asked: Start, path: Path) -> Job:
    changes = dict(asked.changes)
    _check(changes, path)
    swapped = {key: str(changes.pop(key)) for key in list(changes) if str(changes[key]) in BROWSER}
    spec = read(path, changes)
    for name, cls in swapped.items():
        spec["nodes"][name] = _from_browser(spec, path, name, cls)
    spec = prune(spec, asked.without, str(path))
    return Job(build(spec, str(path)), spec, str(path), options={"table": False})


def _check(changes: dict[str, Any], path: Path) -> None:
    """A page chooses devices and numbers; names of files and addresses are the file's alone."""
    nodes = read(path)["nodes"]
    for key, value in changes.items():
        name, _, setting = key.partition(".")
        cls = nodes.get(name, {}).get("is", "")
        device = setting and setting == KINDS.get(cls, ("", ""))[1]
        lent = not setting and str(value) in BROWSER  # a source becomes the browser's
        harmless = device or lent or not _texts(value) - _choices_of(cls, setting)
        if name in nodes and not harmless:
            raise PageError(
                f"{key} may not be changed from the page",
                "Change it in the graph file, or on the command line.", 403,
            )  # fmt: skip


def _texts(value: Any) -> set[str]:
    """The words in a value, at any depth."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if value and isinstance(value, str) else set()


def _choices_of(cls: str, setting: str) -> set[str]:
    """The words that a setting allows."""
    try:
        fields = msgspec.structs.fields(resolve(cls).Settings)
    except Exception:  # a class that is not there is told when the graph is built
        return set()
    return {c for f in fields if f.name == setting for c in choices(f.type) or ()}


def _from_browser(spec: dict[str, Any], path: Path, name: str, cls: str) -> dict[str, Any]:
    """A source replaced by the browser's; settings that both have stay."""
    if name not in spec["nodes"]:
        raise GraphError(f"{path}: no node {name!r}{exists(name, spec['nodes'], 'nodes')}")
    known = {field.name for field in msgspec.structs.fields(resolve(cls).Settings)}
    return {**{k: v for k, v in spec["nodes"][name].items() if k in known}, "is": cls}


def _bundled(asked: Start, path: Path, stage: Stage) -> Job:
    """The graph on its bundled material, as `demo` runs it."""
    from rt_engine.demos import DEMOS
    from rt_engine.demos.run import prepared

    name = _demo_of(path.stem)
    if name is None:
        raise PageError(
            f"graph {path.stem!r} has no bundled material{exists(path.stem, DEMOS, 'demos')}",
            "Choose its devices instead.",
        )
    _check(asked.changes, path)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rt-engine-")))
        show = DEMOS[name]()
        left_out: list[str] = []
        spec, graph = prepared(show, path, folder, left_out.append, changes=asked.changes)
        closing = stack.pop_all()

    def close() -> None:
        if verdict := show.verdict():
            stage.log({"is": "log", "level": "info", "node": "", "text": verdict})
        closing.close()

    for text in left_out:
        stage.log({"is": "log", "level": "info", "node": "", "text": text})
    return Job(graph, spec, str(path), taps=[show.note], options={"table": False}, close=close)


def _demo_of(graph: str) -> str | None:
    from rt_engine.demos import DEMOS, GRAPHS

    return next((name for name in DEMOS if GRAPHS.get(name, name) == graph), None)


def _card(name: str, path: Path) -> dict[str, Any]:
    """A graph as the page shows it for a choice."""
    about = {"name": name, "title": name.replace("_", " ").capitalize(), "description": ""}
    try:
        spec = read(path)
    except GraphError as error:
        return {**about, "description": str(error), "sources": [], "demo": None, "broken": True}
    demo = _demo_of(name)
    sources = [_source(node, keys, demo) for node, keys in spec["nodes"].items()]
    about["description"] = str(spec.get("description", ""))
    return {**about, "sources": [s for s in sources if s], "demo": demo, "broken": False}


def _source(node: str, keys: dict[str, Any], demo: str | None) -> dict[str, Any] | None:
    """A source that can be chosen on the page."""
    try:
        cls = resolve(keys["is"])
    except Exception:  # a module that cannot be imported here is told when the graph is started
        return None
    if not issubclass(cls, Source) or keys["is"].endswith("osc.Control"):
        return None
    kind, setting = KINDS.get(keys["is"], ("other", ""))
    bundled = demo is not None and kind in ("microphone", "camera")
    value = keys.get(setting, "") if setting else ""
    return {"node": node, "is": keys["is"], "kind": kind, "setting": setting, "value": value,
            "bundled": bundled}  # fmt: skip


def _probe() -> dict[str, list[str]]:
    """The names of what is plugged in; slow, and where something is missing, empty."""
    from rt_engine.doctor import midi_ports
    from rt_engine.video.cameras import list_cameras

    found: dict[str, list[str]] = {"audio_in": [], "audio_out": [], "midi_in": [], "midi_out": []}
    with contextlib.suppress(OSError):
        found["audio_in"] = [d["name"] for d in devices.list_devices("input")]
        found["audio_out"] = [d["name"] for d in devices.list_devices("output")]
    ports = midi_ports().values()
    found["midi_in"] = sorted({name for p in ports for name in p["inputs"]})
    found["midi_out"] = sorted({name for p in ports for name in p["outputs"]})
    found["cameras"] = []
    with contextlib.suppress(OSError, ImportError):
        found["cameras"] = [camera.name or str(camera.index) for camera in list_cameras()]
    return found
