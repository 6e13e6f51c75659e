"""A MIDI file as a score: its beats and bars, its notes, and how loud and detached they are."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido
from mido.midifiles.meta import KeySignatureError

from rt_engine.kinds import Beat, Note

__all__ = ["Score", "read_score"]

LOUDEST, SOFTEST = 120, 30  # velocities that count as 1 and 0
DRUMS = 10  # channel
LEGATO, STACCATO = 0.95, 0.4  # share of the time to the next note that a note sounds
SHARE = 0.3  # detachment of a beat in which no note says anything


@dataclass(frozen=True)
class Score:
    """Times in s from the start of the file; a list each for beats, notes and expression."""

    beats: list[tuple[float, Beat]]
    notes: list[tuple[float, Note]]
    expression: list[tuple[float, float]]  # of each beat: level and detachment, 0 to 1
    seconds: float


def read_score(path: str | Path) -> Score:
    """The score of a file; ValueError that says why where it cannot be read."""
    try:
        file = mido.MidiFile(path, clip=True)
    except (OSError, EOFError, LookupError, ValueError, KeySignatureError) as error:
        missing = not Path(path).exists()
        reason = "no such file" if missing else str(error) or "it ends too early"
        raise ValueError(f"MIDI file {str(path)!r} cannot be read: {reason}") from None
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise ValueError(f"MIDI file {str(path)!r} has no common grid of beats")
    events, tick = [], 0
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        events.append((tick, message))
    seconds = _Times(events, file.ticks_per_beat)
    notes = _notes(events, seconds)
    if not notes:
        raise ValueError(f"MIDI file {str(path)!r} has no notes")
    beats = _beats(events, seconds, file.ticks_per_beat)
    return Score(beats, notes, _expression(beats, notes), seconds(tick))


class _Times:
    """Seconds of ticks, through the tempo map."""

    def __init__(self, events: list[tuple[int, Any]], division: int) -> None:
        self._ticks, self._seconds, self._rates = [0], [0.0], [0.5 / division]
        for tick, message in events:
            if message.type == "set_tempo":
                here = self(tick)
                self._ticks.append(tick)
                self._seconds.append(here)
                self._rates.append(message.tempo * 1e-6 / division)

    def __call__(self, tick: float) -> float:
        at = max(bisect_left(self._ticks, tick) - 1, 0)
        return self._seconds[at] + (tick - self._ticks[at]) * self._rates[at]


def _beats(
    events: list[tuple[int, Any]], seconds: _Times, division: int
) -> list[tuple[float, Beat]]:
    """Beats of the written metre: of 6/8 six eighths; a new signature begins a bar."""
    last = events[-1][0]
    signs = [(t, m.numerator, m.denominator) for t, m in events if m.type == "time_signature"]
    signs = signs if signs and signs[0][0] == 0 else [(0, 4, 4), *signs]
    found: list[tuple[float, Beat]] = []
    for (begin, meter, unit), (end, _, _) in zip(signs, [*signs[1:], (last, 0, 0)], strict=True):
        step = division * 4 / unit
        for count in range(max(0, round((end - begin) / step + 0.49))):
            t, after = (seconds(begin + (count + i) * step) for i in (0, 1))
            period = max(after - t, 1e-3)
            place = count % meter + 1
            found.append((t, Beat(len(found), place, meter, 60 / period, period, 1.0)))
    return found


def _notes(events: list[tuple[int, Any]], seconds: _Times) -> list[tuple[float, Note]]:
    sounding: dict[tuple[int, int], tuple[int, int]] = {}
    found = []
    for tick, message in events:
        if message.type not in ("note_on", "note_off"):
            continue
        key = message.channel, message.note
        if begun := sounding.pop(key, None):
            start, velocity = begun
            t = seconds(start)
            lasts = max(seconds(tick) - t, 0.01)
            found.append((t, Note(message.note, velocity, lasts, message.channel + 1)))
        if message.type == "note_on" and message.velocity:
            sounding[key] = tick, message.velocity
    return sorted(found, key=lambda pair: pair[0])


def _expression(
    beats: list[tuple[float, Beat]], notes: list[tuple[float, Note]]
) -> list[tuple[float, float]]:
    """Level by the loudest notes of a beat; detachment by how long melodic ones sound."""
    starts = [t for t, _ in notes]
    melodic = sorted({t for t, note in notes if note.channel != DRUMS})
    level, found = 0.5, []
    for t, beat in beats:
        own = notes[bisect_left(starts, t - 0.02) : bisect_left(starts, t + beat.period - 0.02)]
        if own:
            velocity = max(note.velocity for _, note in own)
            level = min(max((velocity - SOFTEST) / (LOUDEST - SOFTEST), 0.0), 1.0)
        found.append((level, _detached(own, melodic)))
    return found


def _detached(notes: list[tuple[float, Note]], starts: list[float]) -> float:
    """0 legato to 1 staccato: how much of the time to the next start the middle note sounds."""
    shares = []
    for t, note in notes:
        after = bisect_left(starts, t + 0.03)
        if note.channel != DRUMS and after < len(starts):
            shares.append(note.duration / (starts[after] - t))
    if not shares:
        return SHARE
    middle = sorted(shares)[len(shares) // 2]
    return min(max((LEGATO - middle) / (LEGATO - STACCATO), 0.0), 1.0)
