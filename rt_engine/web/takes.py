"""The folder of takes: names, lists, notes; what a page may see and change of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError
from rt_engine.folders import data_folder
from rt_engine.indexing import Index, promised
from rt_engine.record import Take
from rt_engine.web.errors import PageError

__all__ = ["SUFFIX", "Takes", "checked_name", "default_folder"]

SUFFIX = ".mcap"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}", re.ASCII)
NOTES = 20_000  # characters
CACHES = 16  # takes that open again without a replay
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of Windows


def default_folder() -> Path:
    """`takes` in the user's folder for data, by the habits of the system."""
    return data_folder() / "takes"


def checked_name(name: object) -> str:
    """`name` where it may be that of a take; PageError where it may not."""
    text = name if isinstance(name, str) else ""
    if not NAME.fullmatch(text) or text.endswith((".", " ")) or DEVICES.fullmatch(text):
        raise PageError(
            f"{str(name)[:80]!r} is no name for a take",
            "Use letters, digits, space, - _ and . ; begin with a letter or digit; 80 at most.",
        )
    return text


class Takes:
    """The takes in a folder, which is made when the first one is recorded."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._known: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}

    def path(self, name: object) -> Path:
        """The file of take `name`; PageError where there is none."""
        path = self.folder / (checked_name(name) + SUFFIX)
        if path.is_symlink() or not path.is_file() or path.name not in os.listdir(self.folder):
            raise PageError(f"no take {name!r}", "The list of takes has what there is.", 404)
        return path

    def free(self, wish: str) -> str:
        """`wish`, or `wish`-2, ...: a name that no take has."""
        name, number = checked_name(wish), 1
        while (self.folder / (name + SUFFIX)).exists():
            number += 1
            name = f"{wish[:74]}-{number}"
        return name

    def entries(self) -> list[dict[str, Any]]:
        """Every take, the newest first: name, graph, seconds, date, bytes, notes, whole."""
        files = sorted(self.folder.glob("*" + SUFFIX)) if self.folder.is_dir() else []
        found = [self._entry(file) for file in files if NAME.fullmatch(file.stem)]
        return sorted((f for f in found if f), key=lambda entry: entry["date"], reverse=True)

    def about(self, name: object) -> dict[str, Any]:
        """What the list says of take `name`, and its markers and outputs."""
        path = self.path(name)
        index = Index(path)
        try:
            outputs = [
                {"node": t.node, "output": t.output, "kind": type(t.kind).__name__,
                 "packets": len(t.times)}
                for t in index.tracks.values()
            ]  # fmt: skip
            marks = [{"t": marker.t, "text": marker.text} for marker in index.markers]
        finally:
            index.close()
        return {**(self._entry(path) or {}), "markers": marks, "outputs": outputs}

    def note(self, name: object, notes: object) -> None:
        """Keep `notes` beside take `name`."""
        path = self.path(name)
        if not isinstance(notes, str) or len(notes) > NOTES:
            raise PageError("these notes cannot be kept", f"At most {NOTES} characters of text.")
        part = path.with_suffix(".json.part")
        try:
            part.write_text(json.dumps({"notes": notes}, ensure_ascii=False), "utf-8")
            part.replace(path.with_suffix(".json"))
        except OSError as error:
            raise PageError(f"the notes cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)

    def remove(self, name: object) -> None:
        """Delete a take, its notes, what was exported and what was kept to show it."""
        path = self.path(name)
        with contextlib.suppress(FileNotFoundError):
            for file in self.exports(path.stem):
                file.unlink()
            self.export_folder(path.stem).rmdir()
        for file in (path.with_suffix(".json"), *self.cache(path).parent.glob(f"{path.stem}~*")):
            file.unlink(missing_ok=True)
        path.unlink()

    def cache(self, path: Path) -> Path:
        """Where the outputs that a replay of the take at `path` gives are kept."""
        found = path.stat()
        return self.folder / ".cache" / f"{path.stem}~{found.st_size}-{found.st_mtime_ns}{SUFFIX}"

    def tidy(self) -> None:
        """Delete what was kept to show takes, but for the newest few."""
        kept = [file for file in (self.folder / ".cache").glob("*" + SUFFIX) if file.is_file()]
        for file in sorted(kept, key=lambda file: file.stat().st_mtime)[:-CACHES]:
            file.unlink(missing_ok=True)

    def export_folder(self, name: str) -> Path:
        """Where what was made of take `name` lies."""
        return self.folder / "exports" / checked_name(name)

    def exports(self, name: str) -> list[Path]:
        """What was made of take `name`."""
        folder = self.export_folder(name)
        return sorted(f for f in _files(folder) if not f.is_symlink())

    def _entry(self, path: Path) -> dict[str, Any] | None:
        """A line of the list; None for what has just gone."""
        try:
            found = path.stat()
        except OSError:
            return None
        stamp = (found.st_size, found.st_mtime_ns)
        if self._known.get(path, (None, {}))[0] != stamp:
            self._known[path] = stamp, _measured(path)
        written = datetime.fromtimestamp(found.st_mtime, timezone.utc)
        entry = {"name": path.stem, "bytes": found.st_size, **self._known[path][1]}
        entry.setdefault("date", written.isoformat(timespec="seconds"))
        return {**entry, "notes": _notes(path), "files": [f.name for f in self.exports(path.stem)]}


def _files(folder: Path) -> list[Path]:
    """The files in a folder that is one, and no link to elsewhere."""
    inside = folder.is_dir() and not folder.is_symlink()
    return [file for file in folder.iterdir() if file.is_file()] if inside else []


def _measured(path: Path) -> dict[str, Any]:
    """Graph, length and date of a record, or why it is none."""
    try:
        take = Take(path)
        seconds, whole = _length(path)
    except (GraphError, OSError) as error:
        return {"error": str(error).replace(str(path), path.name), "seconds": 0.0, "graph": ""}
    found = {"graph": str(take.spec.get("name", "")), "seconds": seconds, "whole": whole,
             "from_start": take.about.get("begun") != "later"}  # fmt: skip
    return {**found, **({"date": take.about["date"]} if "date" in take.about else {})}


def _length(path: Path) -> tuple[float, bool]:
    """Seconds of a record, and whether it was closed: what was cut off is walked over."""
    whole = promised(path) > 0
    index = Index(path, 1 if whole else None)
    index.close()
    return index.length, whole


def _notes(path: Path) -> str:
    try:
        kept = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return str(kept["notes"])[:NOTES]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
