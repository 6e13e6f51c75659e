"""Simulated violinists with their sound: the set of takes that two models learn from."""

from rt_engine.models.violinists.store import make
from rt_engine.models.violinists.takes import Take, category, read

__all__ = ["Take", "category", "make", "read"]
