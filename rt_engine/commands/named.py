"""Graphs and changes of them, as they are named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rt_engine.core import GraphError
from rt_engine.core.errors import exists

__all__ = ["changes_of", "graph_path"]


def graph_path(name: str) -> Path:
    """The file, or the project's graph of this name."""
    from rt_engine.graphfile import graph_files

    path = Path(name)
    if path.is_file():
        return path
    known = {p.stem: p for p in graph_files()}
    if path.stem in known and path.parent.name in ("", "graphs"):
        return known[path.stem]
    raise GraphError(
        f"{name}: no such graph file{exists(path.stem, known, 'graphs that come along')}"
    )


def changes_of(items: list[str]) -> dict[str, Any]:
    """The value of every KEY=VALUE, by its key; GraphError names the one that has no such form."""
    changes = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise GraphError(f"{item!r}: needed is NODE.SETTING=VALUE or SOURCE=FILE")
        try:
            changes[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            changes[key] = value
    return changes
