"""A JSON schema of graph files, made from the node classes, for editors."""

from __future__ import annotations

from typing import Any

import msgspec

from rt_engine.core import Input, Node, Output
from rt_engine.core.node import Hold, live_settings, meta
from rt_engine.graphfile import catalog

__all__ = ["describe", "graph_schema"]


def graph_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) that a graph file must match."""
    nodes = [_node_schema(name, cls) for name, cls in catalog().items()]
    own = {"type": "object", "properties": {"is": {"not": {"enum": list(catalog())}}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rt-engine graph",
        "type": "object",
        "required": ["nodes"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "description": {"type": "string"},
            "record": {"type": "array", "items": {"type": "string"}},
            "nodes": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": r"^[A-Za-z][\w-]*$"},
                "additionalProperties": {"required": ["is"], "anyOf": [*nodes, own]},
            },
        },
    }


def describe(name: str, cls: type[Node]) -> str:
    """A node in plain text: what it is, its ports, its settings with ranges and defaults."""
    lines = [name, *(f"    {line.strip()}".rstrip() for line in _doc(cls).splitlines())]
    for port in cls.ports.values():
        what = {Input: "input", Output: "output", Hold: "hold"}[type(port)]
        extra = " (optional)" if getattr(port, "optional", False) else ""
        lines.append(f"  {what:8}{port.name}: {type(port.kind).__name__}{extra}")
    live = live_settings(cls)
    for field in msgspec.structs.fields(cls.Settings):
        lines.append("  " + _setting(field, field.name in live))
    lines += [f"  action  {action}" for action in sorted(cls.actions)]
    return "\n".join(lines)


def _doc(cls: type[Node]) -> str:
    return (cls.__doc__ or "").strip()


def _setting(field: Any, live: bool) -> str:
    about = meta(field.type)
    default = _default(field)
    limits = ((">=", about.ge), (">", about.gt), ("<=", about.le), ("<", about.lt))
    bounds = [f"{sign} {limit}" for sign, limit in limits if limit is not None]
    unit = (about.extra or {}).get("unit", "")
    parts = [f"= {default!r}" if default is not None else "(needed)", unit, *bounds]
    text = " ".join(part for part in parts if part)
    name = "live" if live else "setting"
    return f"{name:8}{field.name} {text}" + (f": {about.description}" if about.description else "")


def _default(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


def _node_schema(name: str, cls: type[Node]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.schema(cls.Settings)
    found = found["$defs"][cls.__name__] if "$defs" in found else found
    wiring = {"type": "string"}
    properties = {
        "is": {"const": name, "description": _doc(cls).split("\n")[0]},
        "in": {"anyOf": [wiring, {"type": "object", "additionalProperties": wiring}]},
        "thread": {"type": "boolean"},
        "on_error": {"enum": ["stop", "restart"]},
        **found.get("properties", {}),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["is", *found.get("required", [])],
        "additionalProperties": False,
    }
