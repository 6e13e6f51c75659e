"""Scores as a violinist's events, from MIDI files and MusicXML (.musicxml, .xml, .mxl).

What is written is taken as it stands: repeats are not unfolded, grace notes are left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import mido

__all__ = ["Event", "read_score"]

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
TOGETHER = 1e-3  # quarters within which notes are one event


class Event(NamedTuple):
    """Notes that begin together."""

    quarter: float  # from the start of the score, in quarter notes
    pitches: tuple[int, ...]  # MIDI numbers, rising
    bar: int  # from 1
    beat: float  # in the bar, from 1, in units of the lower figure of the metre
    duration: float  # quarters, of the longest note


class _Note(NamedTuple):
    quarter: float
    pitch: int
    duration: float


class _Bar(NamedTuple):
    quarter: float  # where it begins
    unit: float  # quarters of a beat


def read_score(path: str | Path, part: int = 0) -> list[Event]:
    """The events of a score; ValueError names the file and what is wrong.

    part: of MusicXML, from 0; of MIDI all tracks are read together.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"score {str(path)!r}: no such file")
    suffix = file.suffix.lower()
    try:
        if suffix in (".mid", ".midi"):
            notes, bars = _midi(file)
        elif suffix in (".xml", ".musicxml", ".mxl"):
            notes, bars = _musicxml(_xml(file), part)
        else:
            raise ValueError("it must be .mid, .musicxml, .xml or .mxl")
    except (OSError, EOFError, ElementTree.ParseError, zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"score {str(path)!r} cannot be read: {error}") from None
    except ValueError as error:
        raise ValueError(f"score {str(path)!r}: {error}") from None
    if not notes:
        raise ValueError(f"score {str(path)!r} holds no notes")
    return list(_events(sorted(notes), bars))


def _events(notes: list[_Note], bars: list[_Bar]) -> Iterator[Event]:
    at = 0
    group: list[_Note] = []
    for note in [*notes, None]:
        if group and (note is None or note.quarter - group[0].quarter > TOGETHER):
            start = group[0].quarter
            while at + 1 < len(bars) and bars[at + 1].quarter <= start + TOGETHER:
                at += 1
            pitches = tuple(sorted({member.pitch for member in group}))
            beat = 1 + (start - bars[at].quarter) / bars[at].unit
            yield Event(start, pitches, at + 1, beat, max(n.duration for n in group))
            group = []
        if note is not None:
            group.append(note)


def _midi(file: Path) -> tuple[list[_Note], list[_Bar]]:
    song = mido.MidiFile(str(file))
    notes: list[_Note] = []
    metres: list[tuple[float, int, int]] = []
    for track in song.tracks:
        quarter = 0.0
        held: dict[tuple[int, int], float] = {}
        for message in track:
            quarter += message.time / song.ticks_per_beat
            if message.type == "time_signature":
                metres.append((quarter, message.numerator, message.denominator))
            elif message.type in ("note_on", "note_off"):
                key = (message.channel, message.note)
                if key in held:
                    start = held.pop(key)
                    notes.append(_Note(start, message.note, quarter - start))
                if message.type == "note_on" and message.velocity:
                    held[key] = quarter
    end = max((note.quarter for note in notes), default=0.0)
    return notes, list(_bars(sorted(metres), end))


def _bars(metres: list[tuple[float, int, int]], end: float) -> Iterator[_Bar]:
    """Bars of a list of metres (quarter, over, under); 4/4 where none is given."""
    if not metres or metres[0][0] > 0:
        metres = [(0.0, 4, 4), *metres]
    for (start, over, under), following in zip(metres, [*metres[1:], None], strict=True):
        stop = following[0] if following else end + 2 * TOGETHER  # the last note's bar too
        unit, quarter = 4 / under, start
        while quarter < stop - TOGETHER:
            yield _Bar(quarter, unit)
            quarter += over * unit


def _xml(file: Path) -> ElementTree.Element:
    if file.suffix.lower() != ".mxl":
        return ElementTree.parse(file).getroot()
    with zipfile.ZipFile(file) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        inner = next(e.get("full-path") for e in container.iter() if e.tag.endswith("rootfile"))
        return ElementTree.fromstring(archive.read(inner or ""))


def _musicxml(root: ElementTree.Element, part: int) -> tuple[list[_Note], list[_Bar]]:
    if root.tag != "score-partwise":
        raise ValueError(f"it is {root.tag!r}; needed is MusicXML 'score-partwise'")
    parts = root.findall("part")
    if not 0 <= part < len(parts):
        raise ValueError(f"no part {part}; it has {len(parts)}, counted from 0")
    notes: list[_Note] = []
    bars: list[_Bar] = []
    start, divisions, unit = 0.0, 1.0, 1.0
    for measure in parts[part].findall("measure"):
        divisions = float(measure.findtext("attributes/divisions", str(divisions)))
        unit = 4 / float(measure.findtext("attributes/time/beat-type", str(4 / unit)))
        bars.append(_Bar(start, unit))
        length, found = _measure(measure, divisions, start)
        _tie(notes, found)
        start += length
    return notes, bars


def _measure(
    measure: ElementTree.Element, divisions: float, start: float
) -> tuple[float, list[tuple[_Note, bool]]]:
    """Length in quarters, and the notes, each with whether a tie ends there."""
    at = longest = last = 0.0
    found: list[tuple[_Note, bool]] = []
    for element in measure:
        length = float(element.findtext("duration", "0")) / divisions
        if element.tag == "backup":
            at -= length
        elif element.tag == "forward":
            at += length
        elif element.tag == "note" and element.find("grace") is None:
            chord = element.find("chord") is not None
            begins = last if chord else at
            if (pitch := _pitch(element)) is not None:
                tied = any(tie.get("type") == "stop" for tie in element.findall("tie"))
                found.append((_Note(start + begins, pitch, length), tied))
            last = begins
            at = at if chord else at + length
        longest = max(longest, at)
    return longest, found


def _tie(notes: list[_Note], found: Iterable[tuple[_Note, bool]]) -> None:
    """Add notes; one whose tie ends there makes the one before longer."""
    for note, tied in found:
        for k in range(len(notes) - 1, -1, -1) if tied else ():
            end = notes[k].quarter + notes[k].duration
            if notes[k].pitch == note.pitch and abs(end - note.quarter) < TOGETHER:
                notes[k] = notes[k]._replace(duration=notes[k].duration + note.duration)
                break
        else:
            notes.append(note)


def _pitch(note: ElementTree.Element) -> int | None:
    """MIDI number as it sounds in C; None for a rest."""
    if (pitch := note.find("pitch")) is None:
        return None
    step = STEPS[pitch.findtext("step", "")]
    alter = float(pitch.findtext("alter", "0"))
    return round(12 * (int(pitch.findtext("octave", "")) + 1) + step + alter)
