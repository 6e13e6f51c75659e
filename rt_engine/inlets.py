"""Pictures and sound that browsers send, on their way to the nodes that take them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

__all__ = ["PICTURES", "SOUND", "Arrived", "Inlet", "inlet", "pass_on", "served", "serving"]

PICTURES, SOUND = "pictures", "sound"


class Arrived(NamedTuple):
    """What a browser captured at engine time `t` (ns); sound has a rate in Hz."""

    t: int
    data: bytes
    rate: int = 0


class Inlet:
    """What arrived for one node: at most `size` items wait, and the oldest gives way."""

    def __init__(self, size: int) -> None:
        self._items: deque[Arrived] = deque(maxlen=size)
        self._came = threading.Condition()

    def put(self, item: Arrived) -> None:
        """Called by the thread of the page."""
        with self._came:
            self._items.append(item)
            self._came.notify()

    def take(self, timeout: float) -> Arrived | None:
        """The oldest that waits; None after `timeout` s without one."""
        with self._came:
            self._came.wait_for(lambda: self._items, timeout)
            return self._items.popleft() if self._items else None


_lock = threading.Lock()
_open: dict[str, list[Inlet]] = {PICTURES: [], SOUND: []}
_pages = 0


@contextmanager
def serving() -> Iterator[None]:
    """A page is served for as long as this lasts."""
    global _pages
    _pages += 1
    try:
        yield
    finally:
        _pages -= 1


def served() -> bool:
    """Whether there is a page from which something can come."""
    return _pages > 0


@contextmanager
def inlet(what: str, size: int) -> Iterator[Inlet]:
    """An open inlet for PICTURES or SOUND."""
    own = Inlet(size)
    with _lock:
        _open[what].append(own)
    try:
        yield own
    finally:
        with _lock:
            _open[what].remove(own)


def pass_on(what: str, item: Arrived) -> bool:
    """Give `item` to every node that takes it; whether there was one."""
    with _lock:
        takers = list(_open[what])
    for taker in takers:
        taker.put(item)
    return bool(takers)
