"""What every benchmark here shares: the machine in words, tables, bars, and the result's file."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

__all__ = ["RESULTS", "Bar", "Table", "bar_table", "machine", "report", "summary"]

RESULTS = Path(__file__).parent / "results"


class Table(NamedTuple):
    """A table of a report; the cells are text, ready to print."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Bar(NamedTuple):
    """A figure that was to be reached: `what`, in words the `bar`, the `figure`, and whether."""

    what: str
    bar: str
    figure: str
    met: bool


def report(
    name: str, title: str, tables: Iterable[Table], notes: Iterable[str] = (), keep: bool = True
) -> None:
    """Print the tables with date and machine; if `keep`, write them to `results/NAME.md` too."""
    parts = [f"# {title}", f"{now()}. {machine()}."]
    for table in tables:
        parts += [f"## {table.title}", markdown(table)]
    listed = "\n".join(f"- {note}" for note in notes)
    parts += ["## Notes", listed] if listed else []
    text = "\n\n".join(parts) + "\n"
    print(text)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def markdown(table: Table) -> str:
    """The table as aligned Markdown, which reads well on a console too."""
    lines = [list(table.columns), *map(list, table.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    rule = ["-" * width for width in widths]
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in padded)


def bar_table(title: str, bars: Iterable[Bar]) -> Table:
    """Bars as a table that says PASS or MISS."""
    rows = [(bar.what, bar.bar, bar.figure, "PASS" if bar.met else "MISS") for bar in bars]
    return Table(title, ("what", "bar", "measured", ""), rows)


def summary(bars: Sequence[Bar]) -> str:
    """One line: how many bars are met, and which are missed."""
    missed = [f"{bar.what} ({bar.figure}, bar {bar.bar})" for bar in bars if not bar.met]
    head = f"{len(bars) - len(missed)} of {len(bars)} bars met"
    return f"{head}; missed: {'; '.join(missed)}" if missed else head


def machine() -> str:
    """Processor, cores, system, Python and the load of the moment."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "") if _linux() else ""
    load = ", load {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()) if _linux() else ""
    return (
        f"{_processor()}, {os.cpu_count()} cores; {system or platform.platform()}, "
        f"kernel {platform.release()}; Python {platform.python_version()}{load}"
    )


def now() -> str:
    """Date and time in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _linux() -> bool:
    return sys.platform == "linux"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
