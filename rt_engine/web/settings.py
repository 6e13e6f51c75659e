"""A graph in words for the page: nodes, ports, settings with their limits, actions, paths."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from rt_engine.core import Graph, Hold, Node, Source
from rt_engine.core.node import live_settings, meta, outputs
from rt_engine.graphfile import known_as
from rt_engine.motion.skeleton import BONES, PARENTS
from rt_engine.web.stats import BUDGET, paths

__all__ = ["choices", "describe", "described_settings"]

SIMPLE = {bool: "bool", int: "int", float: "float", str: "text"}


def describe(graph: Graph) -> dict[str, Any]:
    """The message "graph": everything that the page needs to draw and steer `graph`."""
    lanes = graph.lanes()
    return {
        "is": "graph",
        "name": graph.name,
        "file": graph.file,
        "nodes": [_node(graph, name, lanes[name]) for name in graph.nodes],
        "paths": [path.told() for path in paths(graph)],
        "budget": BUDGET,
        "bones": {"names": list(BONES), "parents": list(PARENTS)},
    }


def described_settings(node: Node) -> list[dict[str, Any]]:
    """Settings with type, unit, limits, default, value and choices."""
    live = live_settings(type(node))
    return [_setting(node, field, field.name in live) for field in _fields(node)]


def choices(hint: Any) -> list[Any] | None:
    """The values that a setting of this type can have; None: it is no choice."""
    bare = _bare(hint)
    return list(get_args(bare)) if get_origin(bare) is Literal else None


def _fields(node: Node) -> tuple[Any, ...]:
    return msgspec.structs.fields(type(node).Settings)


def _node(graph: Graph, name: str, lane: str) -> dict[str, Any]:
    node = graph.nodes[name]
    ports = node.ports
    source = isinstance(node, Source)
    return {
        "name": name,
        "is": known_as(type(node)),
        "doc": inspect.cleandoc(type(node).__doc__ or ""),
        "thread": lane,
        "outputs": [_output(port.name, port.format) for port in outputs(node).values()],
        "inputs": [
            {"name": w.input, "from": f"{w.source}.{w.output}",
             "hold": isinstance(ports[w.input], Hold)}
            for w in graph.into(name)
        ],
        "settings": described_settings(node),
        "actions": [_action(node, action) for action in sorted(type(node).actions)],
        "device": isinstance(node, Source) and node.device,
        "source": source,
        "sends": not source and bool({"to", "client"} & {f.name for f in _fields(node)}),
        "declared": node.latency,
    }  # fmt: skip


def _output(name: str, kind: Any) -> dict[str, Any]:
    return {"name": name, "kind": type(kind).__name__, "format": msgspec.to_builtins(kind)}


def _setting(node: Node, field: Any, live: bool) -> dict[str, Any]:
    about, hint = meta(field.type), _bare(field.type)
    low, high = (_limit(about, *names) for names in (("ge", "gt"), ("le", "lt")))
    factory = field.default_factory
    default = factory() if factory is not msgspec.NODEFAULT else field.default
    return {
        "name": field.name,
        "type": _type(hint),
        "live": live,
        "unit": (about.extra or {}).get("unit", ""),
        "min": low,
        "max": high,
        "default": None if default is msgspec.NODEFAULT else default,
        "needed": default is msgspec.NODEFAULT,
        "value": getattr(node, field.name),
        "choices": choices(hint),
        "description": about.description or "",
    }


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _limit(about: msgspec.Meta, *names: str) -> float | None:
    found = [value for name in names if (value := getattr(about, name)) is not None]
    return found[0] if found else None


def _type(hint: Any) -> str:
    """The kind of control that a type asks for."""
    if choices(hint):
        return "choice"
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [_type(_bare(arg)) for arg in get_args(hint) if arg is not type(None)]
        return inner[0] if len(set(inner)) == 1 else "text"
    if origin is tuple and len(get_args(hint)) == 2:
        return "pair"
    if origin in (list, dict, tuple):
        return "list"
    return SIMPLE.get(hint, "text")


def _action(node: Node, name: str) -> dict[str, Any]:
    """An action, and the arguments behind its time."""
    method: Callable[..., Any] = getattr(type(node), name)
    hints = get_type_hints(method, include_extras=True)
    found = list(inspect.signature(method).parameters.values())[2:]
    return {
        "name": name,
        "doc": inspect.cleandoc(method.__doc__ or ""),
        "args": [_argument(parameter, hints.get(parameter.name, str)) for parameter in found],
    }


def _argument(parameter: inspect.Parameter, hint: Any) -> dict[str, Any]:
    bare = _bare(hint)
    about: dict[str, Any] = {"name": parameter.name, "type": _type(bare)}
    if parameter.default is not parameter.empty:
        about["default"] = parameter.default
    if parameter.kind is parameter.VAR_POSITIONAL:
        about["many"] = True
    return about | ({"choices": found} if (found := choices(bare)) else {})
