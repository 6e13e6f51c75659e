"""Notes to sound without a device: faster than real time, and the same samples on every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import Note
from rt_engine.protocols.midi_notes import NoteSchedule
from rt_engine.synth.limiter import STEP

__all__ = ["TAIL", "Voice", "blocks"]

SECOND = 1_000_000_000
TAIL = 2.0  # s that the last note may ring on
BLOCK = 128 * STEP  # samples; 0.17 s at 48 kHz


class Voice(Protocol):
    """What turns MIDI messages into sound: `Fluid` or `Builtin`."""

    rate: int

    def message(self, message: bytes) -> None:
        """Play a message from the next sample on."""

    def render(self, frames: int) -> npt.NDArray[np.float32]:
        """The next samples, (frames, 2)."""


def blocks(
    voice: Voice, notes: Iterable[tuple[int, Note]], seconds: float
) -> Iterator[npt.NDArray[np.float32]]:
    """The sound of `notes` (start in ns, note) in blocks of (n, 2), `seconds` in all.

    Starts and ends lie on a grid of 64 samples, as they do live.
    """
    schedule = NoteSchedule()
    for start, note in notes:
        duration = round(note.duration * SECOND)
        schedule.note(start, duration, note.channel, note.pitch, note.velocity)
    total = round(seconds * voice.rate)
    for at in range(0, total, BLOCK):
        steps = [_step(voice, schedule, k) for k in range(at, min(at + BLOCK, total), STEP)]
        yield np.concatenate(steps)[: total - at]


def _step(voice: Voice, schedule: NoteSchedule, at: int) -> npt.NDArray[np.float32]:
    now = at * SECOND // voice.rate
    while (event := schedule.next(now)) and event.due <= now:
        voice.message(event.message)
        schedule.sent(now)
    return voice.render(STEP)
