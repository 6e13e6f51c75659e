"""Presets: live settings under a name, in a file beside the graph file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rt_engine.core import Graph
from rt_engine.core.node import coerce, live_settings
from rt_engine.folders import config_folder
from rt_engine.web.errors import PageError

__all__ = ["Presets", "apply", "file_of", "settings_of"]

MOST = 200  # presets in one file
LONGEST = 60  # characters of a name

Settings = dict[str, Any]
"""Values by "node.setting"."""


def file_of(graph_file: str | Path | None, name: str) -> Path:
    """Where the presets of a graph are: beside its file as NAME.presets.yaml; in the user's
    folder for configuration where that may not be written, or where there is no file.
    """
    if graph_file:
        path = Path(graph_file).with_suffix(".presets.yaml")
        if os.access(path if path.exists() else path.parent, os.W_OK):
            return path
        name = Path(graph_file).stem
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name) or "graph"
    return config_folder() / "presets" / f"{plain}.presets.yaml"


def settings_of(graph: Graph) -> Settings:
    """All live settings of a running graph, as they are now."""
    return {
        f"{name}.{setting}": msgspec.to_builtins(getattr(node, setting))
        for name, node in graph.nodes.items()
        for setting in sorted(live_settings(type(node)))
    }


def apply(graph: Graph, settings: Settings, change: Callable[[str, str, Any], None]) -> list[str]:
    """Call `change(node, setting, value)` for all that differs; what does not exist or does not
    fit is skipped, and named.
    """
    skipped = []
    for place, value in settings.items():
        name, _, setting = place.partition(".")
        node = graph.nodes.get(name)
        if node is None or setting not in live_settings(type(node)):
            skipped.append(place)
            continue
        try:
            given = coerce(type(node), setting, value)
        except ValueError:
            skipped.append(place)
            continue
        if given != getattr(node, setting):
            change(name, setting, value)
    return skipped


class Presets:
    """The presets in one file; PageError says what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> dict[str, Settings]:
        """Every preset by name, in the order of the file."""
        try:
            content = yaml.safe_load(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}") from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise self._wrong(f"is not YAML: {' '.join(str(error).split())}") from None
        found = content.get("presets") if isinstance(content, dict) else None
        if not isinstance(found, dict):
            raise self._wrong("needs a key 'presets', a map of names to settings")
        for name, settings in found.items():
            if not isinstance(settings, dict) or not all("." in str(key) for key in settings):
                raise self._wrong(f"preset {name!r} is no map of node.setting to values")
        return {
            str(name): {str(place): value for place, value in settings.items()}
            for name, settings in found.items()
        }

    def get(self, name: object) -> Settings:
        """The settings of one."""
        found = self.all()
        if not isinstance(name, str) or name not in found:
            raise PageError(
                f"no preset {str(name)[:80]!r}", f"There is: {', '.join(found) or 'none'}.", 404
            )
        return found[name]

    def save(self, name: object, settings: Settings) -> None:
        """Keep `settings` under `name`, in place of what was there."""
        found, wanted = self.all(), _checked(name)
        if len(found) >= MOST and wanted not in found:
            raise PageError(f"there are {MOST} presets already", "Delete some of them.")
        self._write({**found, wanted: settings})

    def rename(self, name: object, new: object) -> None:
        """Give a preset another name, which none has."""
        self.get(name)
        found, wanted = self.all(), _checked(new)
        if wanted in found and wanted != name:
            raise PageError(f"there is a preset {wanted!r} already", "Choose another name.", 409)
        self._write({wanted if n == name else n: settings for n, settings in found.items()})

    def remove(self, name: object) -> None:
        """Delete one."""
        self.get(name)
        self._write({n: settings for n, settings in self.all().items() if n != name})

    def _write(self, presets: Mapping[str, Settings]) -> None:
        """The whole file, or none where nothing is left."""
        text = yaml.safe_dump({"presets": dict(presets)}, allow_unicode=True, sort_keys=False)
        part = self.path.with_suffix(".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, "utf-8")
            part.replace(self.path) if presets else self.path.unlink()
        except OSError as error:
            raise self._wrong(f"cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)

    def _wrong(self, what: str) -> PageError:
        return PageError(f"{self.path}: {what}", "Correct the file, or move it away.")


def _checked(name: object) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        raise PageError(f"{str(name)[:80]!r} is no name for a preset", f"1 to {LONGEST} letters.")
    return text
