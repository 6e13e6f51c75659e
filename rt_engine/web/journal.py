"""What the pages are told in lines: the log, with the cause in front of what follows from it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from rt_engine.web.streams import json_of

__all__ = ["Journal"]

KEPT = 200  # lines that a new viewer is told
ALSO = "also: "  # what failed after the first failure begins so
Line = dict[str, Any]


class Journal:
    """Lines of the log for everybody, and for those who come later.

    A graph that fails logs what else failed while it stops, before it can say what failed first.
    So lines that begin with "also: " wait from `begin` until `cause` or `end`.
    """

    def __init__(self, tell: Callable[[Line], None]) -> None:
        self._tell = tell
        self._kept: deque[str] = deque(maxlen=KEPT)
        self._late: list[Line] = []
        self._waiting = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A graph starts: nothing has failed yet."""
        with self._lock:
            self._waiting = True

    def add(self, line: Line) -> None:
        """Tell a line, or keep it back."""
        with self._lock:
            if self._waiting and line["level"] == "error" and line["text"].startswith(ALSO):
                self._late = [*self._late, line][-KEPT:]
                return
        self._kept.append(json_of(line))
        self._tell(line)

    def cause(self, error: Line) -> None:
        """Tell what failed first, then the rest."""
        self._tell(error)
        self.end()

    def end(self) -> None:
        """The graph has ended: nothing is kept back any more."""
        with self._lock:
            late, self._late, self._waiting = self._late, [], False
        for line in late:
            self.add(line)

    def lines(self) -> list[str]:
        """What a new viewer is told, as JSON."""
        return list(self._kept)
