"""MIDI files of notes and beats: type 1, with the tempo as it was played."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import mido

from rt_engine.kinds import Beat, Note

__all__ = ["TICKS", "BeatAt", "Timed", "midi_file", "write"]

SECOND = 1_000_000_000
TICKS = 480  # a beat
STEADY = 0.5  # s a beat where no beats are known: 120 BPM
NEAR = SECOND // 10  # ns: two beats closer than that are one
SLOWEST = 0xFFFFFF  # us a beat; a tempo event holds 24 bits

Timed = tuple[int, Note]
BeatAt = tuple[int, Beat]


class _Map:
    """From engine time (ns) to ticks, through the beats; the outer periods go on for ever."""

    def __init__(self, beats: Sequence[BeatAt], origin: int) -> None:
        """Tick 0 is at `origin`."""
        kept: list[BeatAt] = []
        for t, beat in sorted(beats, key=lambda pair: pair[0]):
            if not kept or t - kept[-1][0] > NEAR:
                kept.append((t, beat))
        self.beats = kept
        self._times = [t for t, _ in kept] or [origin]
        gaps = [b - a for a, b in pairwise(self._times)]
        last = round((kept[-1][1].period if kept else 0) * SECOND) or round(STEADY * SECOND)
        self.periods = [*gaps, last]  # ns from each beat to the next
        self._shift = 0
        self._shift = self.tick(origin)

    def tick(self, t: int) -> int:
        """Ticks from the origin; negative before it."""
        index = max(bisect_right(self._times, t) - 1, 0)
        past = (t - self._times[index]) / self.periods[index]
        return round((index + past) * TICKS) - self._shift

    def tempi(self) -> list[tuple[int, int]]:
        """(tick, microseconds a beat), from tick 0 on."""
        found = {0: self.periods[0]}
        found |= {self.tick(t): period for t, period in zip(self._times, self.periods, strict=True)}
        return [(k, min(period // 1000, SLOWEST)) for k, period in found.items() if k >= 0]


def midi_file(
    notes: Sequence[Timed],
    beats: Sequence[BeatAt] = (),
    origin: int | None = None,
    programs: Mapping[int, int] | None = None,
) -> mido.MidiFile:
    """A file with a track of tempo and metre, and one for each channel; channel 10 is "drums".

    `notes` and `beats`: engine time (ns) and payload. The file begins at time `origin`: by
    default the first beat, else the first note; a note before that starts with the file.
    `programs`: by channel, 1 to 16.
    """
    if origin is None:
        origin = min((t for t, _ in beats or notes), default=0)
    places = _Map(beats, origin)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    file.tracks.append(_conductor(places))
    for channel in sorted({note.channel for _, note in notes}):
        own = [(t, note) for t, note in notes if note.channel == channel]
        file.tracks.append(_track(channel, own, places, (programs or {}).get(channel)))
    return file


def write(file: mido.MidiFile, path: str | Path) -> None:
    """Write `file`; OSError names the path where that fails."""
    try:
        file.save(str(path))
    except OSError as error:
        raise OSError(f"{path}: cannot be written: {error.strerror}") from None


def _conductor(places: _Map) -> mido.MidiTrack:
    found = [(k, mido.MetaMessage("set_tempo", tempo=us)) for k, us in places.tempi()]
    meter = 0
    for t, beat in places.beats:
        if beat.meter not in (0, meter) and beat.position in (0, 1):
            meter = beat.meter
            signature = mido.MetaMessage("time_signature", numerator=meter, denominator=4)
            found.append((max(places.tick(t), 0), signature))
    return _spaced("tempo", found)


def _track(
    channel: int, notes: Sequence[Timed], places: _Map, program: int | None
) -> mido.MidiTrack:
    found = []
    if program is not None:
        found.append((0, mido.Message("program_change", channel=channel - 1, program=program)))
    for t, note in notes:
        start = max(places.tick(t), 0)
        end = max(places.tick(t + round(note.duration * SECOND)), start + 1)
        key = {"channel": channel - 1, "note": note.pitch}
        found.append((start, mido.Message("note_on", velocity=note.velocity, **key)))
        found.append((end, mido.Message("note_off", **key)))
    return _spaced("drums" if channel == 10 else f"channel {channel}", found)


def _spaced(name: str, events: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """A track of events at absolute ticks; at one tick, ends come before starts."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    last = 0
    for tick, event in sorted(events, key=lambda pair: (pair[0], pair[1].type == "note_on")):
        track.append(event.copy(time=tick - last))
        last = tick
    return track
