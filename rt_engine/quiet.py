"""Silence for C libraries that print while they start."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

__all__ = ["quiet"]

_lock = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what libraries of sound servers and of models print to stderr while they start."""
    with _lock:  # of two threads at once, the second would save the first one's silence
        saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)
