"""Graph files: YAML that reads from top to bottom, one node a line."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rt_engine.core.errors import GraphError, exists, said
from rt_engine.core.graph import Graph
from rt_engine.core.node import Node, Output, Source
from rt_engine.core.packet import Kind

__all__ = ["build", "catalog", "graph_files", "graph_folder", "known_as", "load", "read", "resolve"]

NAMESPACE = "rt_engine.nodes"
RESERVED = ("is", "in", "thread", "on_error")
KEYS = ("name", "description", "record", "nodes")


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = []
        for key, _ in node.value:
            if key.value in seen:
                text = f"key {key.value!r} is given twice"
                raise yaml.MarkedYAMLError(problem=text, problem_mark=key.start_mark)
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def load(path: str | Path, changes: Mapping[str, Any] | None = None) -> Graph:
    """The graph of a file. `changes`: "node.setting" to a value, "source" to a file.

    Raises GraphError: one message that names file, node, key, and what would be right.
    """
    return build(read(path, changes), str(path))


def read(path: str | Path, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of a graph file, with `changes` applied; GraphError where it has no form."""
    file = Path(path)
    spec = _read(file)
    nodes = {str(name): _node_spec(file, str(name), node) for name, node in spec["nodes"].items()}
    folder = str(file.parent.resolve())
    if folder not in sys.path:  # a user's own nodes lie beside the graph file
        sys.path.append(folder)
    for key, value in (changes or {}).items():
        _change(file, nodes, key, value)
    return {**spec, "name": str(spec.get("name", file.stem)), "nodes": nodes}


def build(
    spec: Mapping[str, Any], file: str = "", formats: Mapping[str, Mapping[str, Kind]] | None = None
) -> Graph:
    """The graph of what `read` gave. `formats` stands in for the `plan` of sources named there.

    Another node that is named there becomes a source of what it emitted.
    """
    graph = Graph(spec["name"], file)
    for name, keys in spec["nodes"].items():
        _add(graph, name, keys, list(spec["nodes"]), (formats or {}).get(name))
    return graph


def graph_folder() -> Path:
    """Where the graph files are: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent
    beside = package.parent / "graphs"
    return beside if beside.is_dir() else package / "graphs"


def graph_files() -> list[Path]:
    """The project's graphs; NAME.presets.yaml and NAME.midi.yaml, which the stage page keeps beside
    them, are none.
    """
    return sorted(path for path in graph_folder().glob("*.yaml") if "." not in path.stem)


def resolve(name: str) -> type[Node]:
    """The node class of "module.Class" under rt_engine.nodes, or of a full dotted path."""
    module, _, cls = name.rpartition(".")
    for home in (f"{NAMESPACE}.{module}", module) if module.strip(".") == module != "" else ():
        try:
            found = getattr(importlib.import_module(home), cls, None)
        except ModuleNotFoundError as error:
            if not f"{home}.".startswith(f"{error.name}."):
                raise  # the module is there, but something that it needs is not
            continue
        if inspect.isclass(found) and issubclass(found, Node):
            return found
    raise LookupError(f"no node class {name!r}{_choice(name)}")


def _choice(name: str) -> str:
    """What an unknown name may have meant: its module's nodes, else all modules."""
    names = list(catalog())
    module, _, cls = name.rpartition(".")
    beside = [known for known in names if known.startswith(f"{module}.")]
    if beside:
        return exists(name, beside, "nodes")
    same = [known for known in names if known.endswith(f".{cls}")]
    guess = f"; did you mean {same[0]!r}?" if same else ""
    modules = dict.fromkeys(f"{known.rpartition('.')[0]}.*" for known in names)
    return f"{guess} (nodes: {', '.join(modules)}; 'rt-engine nodes' lists them all)"


def known_as(cls: type[Node]) -> str:
    """The name that graph files use for a node class, wherever in its module it is written."""
    return f"{_home(cls)}.{cls.__name__}".removeprefix(f"{NAMESPACE}.")


def _home(cls: type[Node]) -> str:
    """The module of a node class; under rt_engine.nodes that may be a folder of files."""
    depth = NAMESPACE.count(".") + 2 if cls.__module__.startswith(f"{NAMESPACE}.") else None
    return ".".join(cls.__module__.split(".")[:depth])


def catalog() -> dict[str, type[Node]]:
    """Every node class of the project by the name that graph files use."""
    return dict(sorted(_classes()))


def _classes() -> Iterator[tuple[str, type[Node]]]:
    package = importlib.import_module(NAMESPACE)
    for info in pkgutil.iter_modules(package.__path__):
        try:
            module = importlib.import_module(f"{NAMESPACE}.{info.name}")
        except ImportError:  # of an extra that is not installed
            continue
        for name, cls in vars(module).items():
            own = inspect.isclass(cls) and issubclass(cls, Node) and name[0] != "_"
            if own and known_as(cls) == f"{info.name}.{name}":
                yield known_as(cls), cls


def _read(file: Path) -> dict[str, Any]:
    try:
        spec = yaml.load(file.read_text("utf-8"), _Loader)
    except OSError as error:
        raise GraphError(f"{file}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise GraphError(f"{file}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(spec, dict) or not isinstance(spec.get("nodes"), dict) or not spec["nodes"]:
        raise GraphError(
            f"{file}: key 'nodes': a map of node names to nodes is needed, such as "
            "nodes: {mic: {is: audio.Microphone}}"
        )
    if unknown := set(map(str, spec)) - set(KEYS):
        raise GraphError(
            f"{file}: unknown key {min(unknown)!r}{exists(min(unknown), KEYS, 'keys')}"
        )
    _check_record(file, spec)
    return spec


def _check_record(file: Path, spec: dict[str, Any]) -> None:
    names = spec.get("record", [])
    if not isinstance(names, list):
        raise GraphError(f"{file}: key 'record': found {names!r}, needed a list of nodes")
    for name in names:
        if name not in spec["nodes"]:
            known = exists(str(name), spec["nodes"], "nodes")
            raise GraphError(f"{file}: key 'record': no node {name!r}{known}")


def _node_spec(file: Path, name: str, keys: Any) -> dict[str, Any]:
    if not isinstance(keys, dict) or not isinstance(keys.get("is"), str):
        raise GraphError(
            f"{file}: node {name!r}, 'is': a node is a map with its class, "
            f"such as {{is: audio.File, path: song.wav}}; found {keys!r}"
        )
    return {str(key): value for key, value in keys.items()}


def _change(file: Path, nodes: dict[str, dict[str, Any]], key: str, value: Any) -> None:
    name, _, setting = key.partition(".")
    if name not in nodes:
        raise GraphError(f"{file}: {key}={value}: no node {name!r}{exists(name, nodes, 'nodes')}")
    if setting:
        nodes[name][setting] = value
    elif isinstance(value, dict):
        nodes[name] = _node_spec(file, name, value)
    else:
        nodes[name] = _swapped(file, name, nodes[name], str(value))


def _swapped(file: Path, name: str, keys: dict[str, Any], path: str) -> dict[str, Any]:
    """The source `name` replaced by the source of its module that reads files like `path`."""
    module = sys.modules[_home(_class(Graph(file=str(file)), name, keys))]
    readers = {
        n: c
        for n, c in vars(module).items()
        if inspect.isclass(c) and issubclass(c, Source) and c.suffixes
    }
    for reader, cls in readers.items():
        if path.lower().endswith(cls.suffixes) or path.lower().startswith(cls.prefixes):
            known = {f.name for f in msgspec.structs.fields(cls.Settings)}
            kept = {k: v for k, v in keys.items() if k in known}
            return {**kept, "is": f"{keys['is'].rpartition('.')[0]}.{reader}", "path": path}
    readable = sorted({s for c in readers.values() for s in c.suffixes + c.prefixes})
    raise GraphError(
        f"{file}: {name}={path}: node {name!r} ({keys['is']}) cannot be replaced by "
        f"this file (what can: {' '.join(readable) or 'nothing'})"
    )


def _class(graph: Graph, name: str, keys: dict[str, Any]) -> type[Node]:
    try:
        return resolve(keys["is"])
    except Exception as error:  # whatever the import of a user's module may raise
        raise graph.error(name, "is", said(error)) from error


def _add(
    graph: Graph,
    name: str,
    keys: dict[str, Any],
    order: list[str],
    formats: Mapping[str, Kind] | None,
) -> None:
    cls = _class(graph, name, keys)
    if formats is not None and not issubclass(cls, Source):
        graph.add(name, _emitter(formats))
        return
    settings = {key: value for key, value in keys.items() if key not in RESERVED}
    known = [field.name for field in msgspec.structs.fields(cls.Settings)]
    for key in settings:
        if key not in known:
            raise graph.error(
                name,
                key,
                f"{keys['is']} has no such setting" + exists(key, [*known, *RESERVED], "keys"),
            )
    _check_reserved(graph, name, keys, order)
    try:
        node = cls(**settings)
    except Exception as error:
        raise graph.error(name, *_setting_error(error, settings)) from error
    if formats is not None:
        node.plan = lambda: _set_formats(node, formats)  # type: ignore[method-assign]
    graph.add(name, node, keys.get("in"), keys.get("thread"), keys.get("on_error"))


def _emitter(formats: Mapping[str, Kind]) -> Source:
    """A source of recorded outputs, in place of the node that emitted them."""
    ports = {name: Output(kind) for name, kind in formats.items()}
    made: type[Source] = type("Recorded", (Source,), {**ports, "__module__": __name__})
    return made()


def _set_formats(node: Node, formats: Mapping[str, Kind]) -> None:
    for output, found in formats.items():
        getattr(node, output).format = found


def _check_reserved(graph: Graph, name: str, keys: dict[str, Any], order: list[str]) -> None:
    wanted: dict[str, Any] = {"thread": bool, "on_error": str, "in": str | dict}
    for key, hint in wanted.items():
        if key in keys and not isinstance(keys[key], hint):
            need = {
                "thread": "true or false",
                "on_error": "stop or restart",
                "in": "node, node.output or a map of inputs to those",
            }[key]
            raise graph.error(name, key, f"found {keys[key]!r}, needed {need}")
    if keys.get("on_error", "stop") not in ("stop", "restart"):
        raise graph.error(name, "on_error", f"found {keys['on_error']!r}, needed stop or restart")
    origins = keys.get("in", {})
    for origin in origins.values() if isinstance(origins, dict) else [origins]:
        source = str(origin).partition(".")[0]
        if source in order[order.index(name) :]:
            raise graph.error(
                name,
                "in",
                f"{source!r} stands at or below it: a node may only use "
                "nodes above it; move it up" + exists("", graph.nodes, "above"),
            )


def _setting_error(error: Exception, settings: dict[str, Any]) -> tuple[str, str]:
    """The setting that an error is about, and what is wrong with it."""
    text = said(error)
    if type(error) is not ValueError:  # a kind of its own, as of a model's card, says it all
        return "settings", text
    reason, _, path = text.partition(" - at `$.")
    key = path.rstrip("`").split("[")[0].split(".")[0]
    if "missing required field" in text:
        return text.split("`")[1], "this setting is needed, and has no default"
    return key or "settings", f"{reason}, found {settings.get(key)!r}" if key else text
