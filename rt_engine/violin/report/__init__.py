"""A page about one take: what was heard, where it was worst, and how it was before."""

from rt_engine.violin.report.history import History, default_path
from rt_engine.violin.report.page import render
from rt_engine.violin.report.session import Keeper, Session, listen
from rt_engine.violin.report.summary import Summary, summarise, worst

__all__ = [
    "History",
    "Keeper",
    "Session",
    "Summary",
    "default_path",
    "listen",
    "render",
    "summarise",
    "worst",
]
