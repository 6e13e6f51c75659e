"""What is to be done when: a thread that does each thing at its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

__all__ = ["Agenda"]


class Agenda:
    """Calls `do(payload)` in a thread of its own when each payload is due.

    A payload put under a key that is still waiting replaces the older one.
    """

    def __init__(self, do: Callable[[list[bytes]], None]) -> None:
        self._do = do
        self._waiting: dict[Hashable, tuple[int, list[bytes]]] = {}
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="agenda", daemon=True)
        self._thread.start()

    def put(self, key: Hashable, due: int, payload: list[bytes]) -> None:
        """Do `payload` at engine time `due` (ns)."""
        with self._changed:
            self._waiting[key] = due, payload
            self._changed.notify()

    def close(self) -> None:
        """Forget what waits; returns when the thread has ended."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while payload := self._wait():
            self._do(payload)

    def _wait(self) -> list[bytes] | None:
        """The next payload, when it is due; None at the end."""
        with self._changed:
            while self._open:
                left = None
                if self._waiting:
                    key, (due, payload) = min(self._waiting.items(), key=lambda item: item[1][0])
                    if (left := due - time.monotonic_ns()) <= 0:
                        del self._waiting[key]
                        return payload
                self._changed.wait(None if left is None else left * 1e-9)
        return None
