"""Notes at their due times: note on, note off after the duration, and never a note that stays.

All times are integer ns on the engine clock.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from rt_engine.protocols.midi_clock import Event

__all__ = ["NoteSchedule"]

LATE = 100_000_000  # a note on later than this is dropped: out of time is worse than absent
SHORTEST = 1_000_000  # between a note on and its note off

Key = tuple[int, int]  # channel 0..15, pitch


class _Entry(NamedTuple):
    due: int
    on: bool  # note offs come first where the times are the same
    serial: int  # the same for the on and the off of one note
    key: Key
    velocity: int
    duration: int


class NoteSchedule:
    """Notes in; `next` says what is due when, `sent` moves on. `dropped` counts late notes.

    A note on a key that still sounds ends the older note first.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._heap: list[_Entry] = []
        self._serial = count()
        self._sounding: dict[Key, int] = {}  # which note, by its serial
        self._channels: set[int] = set()

    def note(self, due: int, duration: int, channel: int, pitch: int, velocity: int) -> None:
        """Plan a note: channel 1..16, pitch 0..127, velocity 1..127; ValueError outside that."""
        if not (1 <= channel <= 16 and 0 <= pitch <= 127 and 1 <= velocity <= 127):
            raise ValueError(f"{channel=}, {pitch=}, {velocity=} is no MIDI note")
        key = channel - 1, pitch
        heappush(self._heap, _Entry(due, True, next(self._serial), key, velocity, duration))

    def next(self, now: int) -> Event | None:
        """What is due next; None as long as nothing is."""
        while self._heap:
            head = self._heap[0]
            sounding = self._sounding.get(head.key)
            if head.on and now - head.due > LATE:
                self.dropped += 1
            elif head.on and sounding is None:
                return Event(head.due, _message(0x90, head.key, head.velocity))
            elif head.on or sounding == head.serial:
                return Event(head.due, _message(0x80, head.key))
            heappop(self._heap)  # dropped, or the off of a note that was ended before
        return None

    def sent(self, now: int) -> None:
        """What `next` said has been sent, at `now`."""
        head = self._heap[0]
        if self._sounding.pop(head.key, None) is not None:
            return  # that was a note off; `next` takes its entry away where it has one
        self._sounding[head.key] = head.serial
        self._channels.add(head.key[0])
        due = max(head.due + head.duration, now + SHORTEST)
        heappop(self._heap)
        heappush(self._heap, head._replace(due=due, on=False))

    def silence(self) -> list[bytes]:
        """Forget all plans; returns what ends every sound: note offs, then "all notes off"."""
        offs = [_message(0x80, key) for key in sorted(self._sounding)]
        self._heap.clear()
        self._sounding.clear()
        return offs + [bytes([0xB0 | channel, 123, 0]) for channel in sorted(self._channels)]


def _message(status: int, key: Key, velocity: int = 0) -> bytes:
    channel, pitch = key
    return bytes([status | channel, pitch, velocity])
