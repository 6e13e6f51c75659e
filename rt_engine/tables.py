"""Tables and bars of the console: what a run measured, in words and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from rt_engine.core import Spread, Stats

__all__ = ["latency_table", "sparkline"]

LEVELS = " ▁▂▃▄▅▆▇█"


def latency_table(stats: Mapping[str, Stats], seconds: float | None = None) -> Table:
    """Node by node: rate, and median / 99th percentile of wait, work and age in ms.

    The rate is that of the last moments, or, with `seconds`, the mean over so long a run.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node")
    for name in ("packets", "per s", "wait ms", "work ms", "age ms", "lost"):
        table.add_column(name, justify="right")
    for name, found in stats.items():
        spreads = [_spread(s) for s in (found.wait, found.work, found.age)]
        rate = f"{found.count / seconds if seconds else found.rate:.1f}"
        table.add_row(name, str(found.count), rate, *spreads, _lost(found))
    return table


def sparkline(values: Sequence[float], width: int) -> str:
    """The newest `width` values between 0 and 1 as a strip of bars."""
    cells = [min(max(v, 0.0), 1.0) for v in values][-width:]
    return "".join(LEVELS[round(v * (len(LEVELS) - 1))] for v in cells).rjust(width)


def _spread(spread: Spread) -> str:
    return f"{spread.p50 * 1e3:.2f} / {spread.p99 * 1e3:.2f}" if spread.max > 0 else "-"


def _lost(stats: Stats) -> str:
    parts = [
        f"[red]{stats.overruns} overrun[/red]" if stats.overruns else "",
        f"{stats.dropped} dropped" if stats.dropped else "",
        f"[red]{stats.restarts} restarts[/red]" if stats.restarts else "",
    ]
    return ", ".join(part for part in parts if part) or "0"
