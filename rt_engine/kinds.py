"""The kinds of streams in this project: formats of the wires, and payloads.

Times of packets: audio carries the time of its first sample, a frame of features the time of
the centre of its window, an event its own moment, which may lie in the future (a due time).
"""

from __future__ import annotations

import msgspec
import numpy as np

from rt_engine.core.packet import Kind

__all__ = [
    "Audio",
    "Beat",
    "Beats",
    "Frames",
    "Note",
    "Notes",
    "Onset",
    "Onsets",
    "Tempo",
    "TempoState",
]


class Audio(Kind, frozen=True):
    """Sound: float32, full scale 1.0, shape (n,) for one channel, else (n, channels)."""

    payload = np.ndarray
    rate: int = 0  # Hz
    channels: int = 1


class Frames(Kind, frozen=True):
    """One vector of features a packet: float32, shape (size,)."""

    payload = np.ndarray
    rate: float = 0.0  # frames a second
    size: int = 0
    content: str = ""  # "log-mel", "onset strength", ...


class Beat(msgspec.Struct, frozen=True):
    """A beat, heard or predicted."""

    index: int  # counts from the start of tracking
    position: int  # in the bar: 1 is the downbeat, 0 unknown
    meter: int  # beats a bar, 0 unknown
    bpm: float
    period: float  # s to the next beat
    confidence: float  # 0 (none) to 1


class Beats(Kind, frozen=True):
    """Beats; the packet's time is that of the beat itself, and often ahead of the clock."""

    payload = Beat


class TempoState(msgspec.Struct, frozen=True):
    """Where the music stands now."""

    bpm: float
    period: float  # s a beat
    confidence: float  # 0 to 1
    phase: float  # 0 (on the beat) to 1
    position: int  # of the beat in the bar, 1 is the downbeat, 0 unknown
    meter: int  # beats a bar, 0 unknown
    playing: bool  # whether music is followed now


class Tempo(Kind, frozen=True):
    """The running tempo, several times a second."""

    payload = TempoState


class Note(msgspec.Struct, frozen=True):
    """A MIDI note; the packet's time is the due time of its start."""

    pitch: int  # MIDI number
    velocity: int  # 1 to 127
    duration: float  # s
    channel: int = 1  # 1 to 16


class Notes(Kind, frozen=True):
    """Notes to be played."""

    payload = Note


class Onset(msgspec.Struct, frozen=True):
    """The start of a sound."""

    strength: float


class Onsets(Kind, frozen=True):
    """Onsets, at the time of each."""

    payload = Onset
