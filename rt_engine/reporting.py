"""The command `rt-engine report`: a page about a take."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError, NodeError

__all__ = ["add_report_command"]


def add_report_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    report = commands.add_parser("report", help="a page about a recorded practice take")
    report.add_argument("take", help="MCAP file of record, with graphs/violin_practice.yaml")
    report.add_argument("-o", "--output", metavar="FILE", help="HTML file (the take's name)")
    report.add_argument("--force", action="store_true", help="write over an existing file")
    report.add_argument("--history", metavar="FILE", help="SQLite file (in the user's data folder)")
    report.add_argument("--no-history", action="store_true", help="neither read nor write it")
    report.set_defaults(call=_report)


def _report(options: argparse.Namespace) -> int:
    from rt_engine.violin.report import listen, render, summarise, worst

    take = Path(options.take)
    if take.is_dir():
        raise GraphError(f"{take}: a folder; needed is a recorded take (.mcap)")
    output = Path(options.output or take.with_suffix(".html"))
    if output.resolve() == take.resolve():
        raise GraphError(f"{output}: is the take itself; the report needs another name")
    if output.exists() and not options.force:
        raise GraphError(f"{output}: exists already; another name, or --force")
    try:
        session = listen(take)
    except NodeError as error:
        raise GraphError(f"{take}: {error}") from None
    summary = summarise(session)
    takes = [] if options.no_history else _remember(options.history, take, session.name, summary)
    page = render(session, summary, worst(session), takes)
    try:
        output.write_text(page, "utf-8")
    except OSError as error:
        raise GraphError(f"{output}: cannot be written: {error.strerror}") from None
    print(f"report: {output} ({len(session.notes)} notes, {session.seconds:.1f} s)")
    return 0


def _remember(path: str | None, take: Path, name: str, summary: Any) -> Any:
    """Keep the figures of this take in the history, and give those of all."""
    from rt_engine.violin.report import History, default_path

    history = History(path or default_path())
    digest = hashlib.sha256()
    with take.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    history.add(digest.hexdigest(), name, take.stat().st_mtime, summary)
    return history.takes()
