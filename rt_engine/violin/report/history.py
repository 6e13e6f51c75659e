"""Takes over time, in a SQLite file of the user's own."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

from rt_engine.core import GraphError
from rt_engine.folders import data_folder
from rt_engine.violin.report.summary import Summary

__all__ = ["History", "default_path"]

COLUMNS = ", ".join(f"{name} REAL" for name in Summary._fields)
NAMES = ", ".join(("digest", "name", "recorded", *Summary._fields))


def default_path() -> Path:
    """`history.sqlite` in the user's folder for data, by the habits of the system."""
    return data_folder() / "history.sqlite"


class History:
    """Summaries of takes; one that is reported again replaces what was there.

    digest: names the content of a take. Raises GraphError where the file cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as base, base:
                base.execute(
                    "CREATE TABLE IF NOT EXISTS takes "
                    f"(digest TEXT PRIMARY KEY, name TEXT, recorded REAL, {COLUMNS})"
                )
                self._widen(base)
        except (OSError, sqlite3.Error) as error:
            raise GraphError(f"history {path}: cannot be used: {error}") from None

    def add(self, digest: str, name: str, recorded: float, summary: Summary) -> None:
        """Keep the figures of a take that was recorded at `recorded` (Unix time, s)."""
        values = [None if math.isnan(value) else float(value) for value in summary]
        marks = ", ".join("?" * (3 + len(values)))
        try:
            with self._open() as base, base:
                base.execute(
                    f"INSERT OR REPLACE INTO takes ({NAMES}) VALUES ({marks})",
                    [digest, name, recorded, *values],
                )
        except sqlite3.Error as error:
            raise GraphError(f"history {self.path}: cannot be used: {error}") from None

    def takes(self, last: int = 30) -> list[tuple[str, float, Summary]]:
        """Name, time and figures of the newest takes, oldest first."""
        wanted = NAMES.removeprefix("digest, ")
        try:
            with self._open() as base:
                rows = base.execute(
                    f"SELECT {wanted} FROM takes ORDER BY recorded DESC LIMIT ?", [last]
                ).fetchall()
        except sqlite3.Error as error:
            raise GraphError(f"history {self.path}: cannot be used: {error}") from None
        return [
            (name, recorded, Summary(*(math.nan if v is None else v for v in values)))
            for name, recorded, *values in reversed(rows)
        ]

    @staticmethod
    def _widen(base: sqlite3.Connection) -> None:
        """Add the figures that the file was made without."""
        there = {row[1] for row in base.execute("PRAGMA table_info(takes)")}
        for name in Summary._fields:
            if name not in there:
                base.execute(f"ALTER TABLE takes ADD COLUMN {name} REAL")

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.path))
