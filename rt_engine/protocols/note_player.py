"""Notes to receivers that take single messages: on at the due time, off after the duration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from rt_engine.protocols.midi_notes import NoteSchedule

__all__ = ["NotePlayer"]

SECOND = 1_000_000_000


class Played(Protocol):
    """The fields of a note."""

    pitch: int
    velocity: int
    duration: float
    channel: int


class NotePlayer:
    """Calls `on(channel, pitch, velocity, duration)` and `off(channel, pitch)` in its own thread.

    Channels are 1 to 16, durations in s. A note on a key that still sounds ends the older one
    first, and at the end none is left on.
    """

    def __init__(
        self, on: Callable[[int, int, int, float], None], off: Callable[[int, int], None]
    ) -> None:
        self._on, self._off = on, off
        self._schedule = NoteSchedule()
        self._durations: dict[tuple[int, int, int], float] = {}
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="notes", daemon=True)
        self._thread.start()

    def put(self, due: int, note: Played) -> None:
        """Play `note` at engine time `due` (ns); ValueError where it is no MIDI note."""
        with self._changed:
            duration = round(note.duration * SECOND)
            self._schedule.note(due, duration, note.channel, note.pitch, note.velocity)
            self._durations[due, note.channel, note.pitch] = note.duration
            self._changed.notify()

    def silence(self) -> None:
        """End all notes, and forget those that are planned."""
        with self._changed:
            self._durations.clear()
            for message in self._schedule.silence():
                self._play(0, message)

    def close(self) -> None:
        """End all notes; returns when the thread has ended."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()
        self.silence()

    def _run(self) -> None:
        with self._changed:
            while self._open:
                now = time.monotonic_ns()
                event = self._schedule.next(now)
                if event is None or event.due > now:
                    self._changed.wait(None if event is None else (event.due - now) * 1e-9)
                    continue
                self._play(event.due, event.message)
                self._schedule.sent(now)

    def _play(self, due: int, message: bytes) -> None:
        status, channel = message[0] & 0xF0, (message[0] & 0x0F) + 1
        if status == 0x90:
            duration = self._durations.pop((due, channel, message[1]), 0.0)
            self._on(channel, message[1], message[2], duration)
        elif status == 0x80:
            self._off(channel, message[1])
