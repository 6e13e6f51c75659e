"""How late a timed output is."""

from __future__ import annotations

from collections import deque

__all__ = ["Lateness"]

RECENT = 4096  # few enough to be sorted between two ticks


class Lateness:
    """Counts all, remembers the worst and the most recent ones; `add` may run in any thread."""

    def __init__(self) -> None:
        self.count = 0
        self._worst = 0
        self._recent: deque[int] = deque(maxlen=RECENT)

    def add(self, ns: int) -> None:
        """A message was sent `ns` after it was due."""
        self.count += 1
        self._worst = max(self._worst, ns)
        self._recent.append(ns)

    def summary(self) -> dict[str, float]:
        """Count and maximum of all, median and 99th percentile of the recent ones, in ms."""
        late = sorted(self._recent.copy()) or [0]
        p50, p99 = (late[int(q * (len(late) - 1))] * 1e-6 for q in (0.5, 0.99))
        return {"count": self.count, "p50": p50, "p99": p99, "max": self._worst * 1e-6}
