"""The queue in front of a thread: lossless, or loud, or newest only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic_ns
from typing import Any

from rt_engine.core.packet import Packet

__all__ = ["Inbox", "Job", "LatestSlot", "Slot"]

Job = tuple[Callable[..., None], tuple[Any, ...]]


class Inbox:
    """Jobs of one thread, in order of arrival. `SimpleQueue` is the fastest there is."""

    put: Callable[[Job], None]
    now: Callable[[], int] = staticmethod(monotonic_ns)

    def __init__(self) -> None:
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self.closed = False
        self.put = self._queue.put

    def run(self) -> None:
        """Do the jobs until `end`."""
        get = self._queue.get
        while (job := get()) is not None:
            call, values = job
            call(*values)

    def run_pending(self) -> None:
        """Do only the jobs that are there now."""
        while not self._queue.empty():
            if job := self._queue.get():
                call, values = job
                call(*values)

    def end(self) -> None:
        """Let `run` return after the jobs that are already there."""
        self._queue.put(None)

    def close(self) -> None:
        """Let `run` return as soon as it can, and nobody wait any more."""
        self.closed = True
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            self.end()


class Slot:
    """One input's place in an inbox, with its policy and its counts.

    There is one sender and one receiver, and each count has one writer: no lock is needed.
    """

    def __init__(
        self,
        inbox: Inbox,
        deliver: Callable[[Packet, int], None],
        reset: Callable[[], None],
        lost: Callable[[], None],
        size: int,
        waits: bool,
    ) -> None:
        self.inbox, self.deliver, self.on_reset, self.on_lost = inbox, deliver, reset, lost
        self.size, self.waits = size, waits
        self.sent = self.taken = self.overruns = 0
        self.limit = size
        self._gap = self._waiting = False
        self._room: SimpleQueue[None] = SimpleQueue()
        self._jobs, self._now, self._work = inbox.put, inbox.now, self._take  # bound once

    @property
    def dropped(self) -> int:
        """Packets that a newer one replaced."""
        return 0

    def put(self, packet: Packet) -> None:
        """Queue `packet`; when full, wait if the sender may, else lose the packet loudly."""
        if self.sent - self.taken >= self.limit and not self._wait_for_room():
            return
        if self._gap:
            self._gap, self.limit = False, self.size
            self.reset()
        self.sent += 1
        self._jobs((self._work, (packet, self._now())))

    def reset(self) -> None:
        """Let the node forget its state, in order with the packets."""
        self._jobs((self.on_reset, ()))

    def _take(self, packet: Packet, put_at: int) -> None:
        self.taken += 1
        if self._waiting and self.sent - self.taken <= self.size // 2:
            self._waiting = False
            self._room.put(None)
        self.deliver(packet, self._now() - put_at)

    def _wait_for_room(self) -> bool:
        if not self.waits:
            self.overruns += 1
            if not self._gap:
                # One long gap is better than a reset before every other packet.
                self._gap, self.limit = True, (self.size + 1) // 2
                self.on_lost()
            return False
        while self.sent - self.taken >= self.size and not self.inbox.closed:
            self._waiting = True
            if self.sent - self.taken < self.size:  # taken between the two looks
                break
            try:
                self._room.get(timeout=0.1)  # wakes also to see a closed inbox
            except Empty:
                continue
        return not self.inbox.closed


class LatestSlot(Slot):
    """Keeps only the newest packet: the older one is dropped before the node works on it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._newest: deque[tuple[Packet, int, int]] = deque(maxlen=1)
        self._signalled = False
        self._asked = self._done = 0  # resets

    @property
    def dropped(self) -> int:
        """Packets that a newer one replaced."""
        return self.sent - self.taken - len(self._newest)

    def put(self, packet: Packet) -> None:
        """Replace what waits by `packet`."""
        self.sent += 1
        self._newest.append((packet, self._now(), self._asked))
        if not self._signalled:
            self._signalled = True
            self._jobs((self._take_newest, ()))

    def reset(self) -> None:
        """Let the node forget its state just before the next packet, whichever that is."""
        self._asked += 1

    def _take_newest(self) -> None:
        self._signalled = False  # before taking: a packet put after this signals anew
        try:
            packet, put_at, resets = self._newest.popleft()
        except IndexError:
            return
        self.taken += 1
        while self._done < resets:
            self._done += 1
            self.on_reset()
        self.deliver(packet, self._now() - put_at)
