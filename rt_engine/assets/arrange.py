"""From the score to notes: what each instrument makes of harmony, groove and melody.

All times are beats from the beginning of the file; the first downbeat is at `PICKUP`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rt_engine.assets import score

BAR = 4.0
PICKUP = 1.0
PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
DRUMS = {  # General MIDI key, gain
    "kick": (36, 1.0),
    "stick": (37, 0.9),
    "snare": (38, 0.95),
    "closed hat": (42, 0.72),
    "low tom": (43, 1.0),
    "open hat": (46, 0.7),
    "mid tom": (47, 1.0),
    "crash": (49, 0.85),
    "high tom": (50, 1.0),
    "ride": (51, 0.68),
}
STROKES = {"X": 112, "x": 86, ".": 44}


@dataclass(frozen=True)
class Note:
    """A note of `length` beats; `pitch` is its MIDI number."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Chord:
    """A chord and the bass note that it leads to."""

    start: float
    length: float
    bass: int
    voices: tuple[int, ...]
    next_bass: int
    section: score.Section

    @property
    def fifth(self) -> int:
        """The bass a fifth up."""
        return self.bass + 7

    @property
    def leading(self) -> int:
        """A semitone from the bass note to come; the fifth where the bass stays."""
        if self.next_bass == self.bass:
            return self.fifth
        return self.next_bass + (1 if self.bass > self.next_bass else -1)

    def note(self, offset: float, length: float, pitch: int, velocity: float) -> Note:
        """Play `pitch` within this chord, with the section's dynamic."""
        return Note(self.start + offset, length, pitch, loudness(velocity * self.section.level))


def loudness(velocity: float) -> int:
    """Round to a MIDI velocity."""
    return max(1, min(127, round(velocity)))


def pitch(name: str) -> int:
    """MIDI number of a note name such as `G#4` (C4 = 60)."""
    return PITCH_CLASSES[name[0]] + ("#" in name) + 12 * (int(name[-1]) + 1)


def sections() -> Iterator[tuple[float, score.Section]]:
    """Every section with its first beat."""
    start = PICKUP
    for section in score.PIECE:
        yield start, section
        start += BAR * len(section.chords)


def harmony() -> list[Chord]:
    """The chords of the whole piece."""
    places = [
        (start + BAR * (bar + part / len(names)), BAR / len(names), voicing(name), section)
        for start, section in sections()
        for bar, names in enumerate(chords.split() for chords in section.chords)
        for part, name in enumerate(names)
    ]
    followers = [voices[0] for _, _, voices, _ in places[1:]] + [places[-1][2][0]]
    return [
        Chord(start, length, voices[0], tuple(voices[1:]), follower, section)
        for (start, length, voices, section), follower in zip(places, followers, strict=True)
    ]


def voicing(name: str) -> list[int]:
    """Bass note and voices of a chord."""
    return [pitch(note) for note in score.VOICINGS[name].split()]


def drums() -> Iterator[Note]:
    """Pickup, grooves and fills; a crash where the chorus groove enters, and at the end."""
    yield from _lanes(score.GROOVES["pickup"], PICKUP - BAR, score.INTRO.level)
    for start, section in sections():
        bars = [score.GROOVES[section.groove]] * len(section.chords)
        if section.fill:
            bars[-1] = score.FILLS[section.fill]
        if section.groove in ("driving", "end"):
            yield from _lanes((("crash", "X"),), start, section.level)
        for number, bar in enumerate(bars):
            yield from _lanes(bar, start + BAR * number, section.level)


def _lanes(bar: tuple[score.Lane, ...], start: float, level: float) -> Iterator[Note]:
    for drum, steps in bar:
        key, gain = DRUMS[drum]
        for step, stroke in enumerate(steps):
            if stroke != "-":
                velocity = loudness(STROKES[stroke] * gain * level)
                yield Note(start + step / 4, 0.2, key, velocity)


def bass() -> Iterator[Note]:
    """Root on one and three, fifth or leading note before them; eighths in the chorus."""
    for chord in harmony():
        if chord.section.groove == "end":
            yield chord.note(0, chord.length, chord.bass, 104)
        elif chord.section.groove:
            for half in range(0, int(chord.length), 2):
                last = chord.leading if half + 2 == chord.length else chord.fifth
                yield from _walk(chord, half, last)


def _walk(chord: Chord, half: int, last: int) -> Iterator[Note]:
    if chord.section.groove == "driving":
        line = ((chord.bass, 104), (chord.bass, 82), (chord.bass + 12, 92), (last, 86))
        for step, (key, velocity) in enumerate(line):
            yield chord.note(half + step / 2, 0.42, key, velocity)
    else:
        yield chord.note(half, 1.3, chord.bass, 100)
        yield chord.note(half + 1.5, 0.42, last, 84)


def keys() -> Iterator[Note]:
    """Chords on one, the and of two, and four; silent in the break; the last one rings."""
    comping = ((0.0, 1.2, 86), (1.5, 0.45, 76), (3.0, 0.6, 78))
    rhythms = {"": (), "end": ((0.0, BAR, 84),)}
    for chord in harmony():
        for offset, length, velocity in rhythms.get(chord.section.groove, comping):
            if offset < chord.length:
                yield from (chord.note(offset, length, key, velocity) for key in chord.voices)


def guitar() -> Iterator[Note]:
    """Broken chords in eighths, an octave above the keys, where the groove drives."""
    for chord in harmony():
        if chord.section.groove == "driving":
            order = (0, 2, 1, 3, 2, 3, 1, 2)[: int(2 * chord.length)]
            for step, voice in enumerate(order):
                velocity = 54 if step % 2 else 62
                yield chord.note(step / 2, 0.6, chord.voices[voice] + 12, velocity)


def pad() -> Iterator[Note]:
    """Held chords everywhere but in the intro: all that is left in the break."""
    for chord in harmony():
        if chord.section is not score.INTRO:
            yield from (chord.note(0, chord.length, key, 66) for key in chord.voices)


def lead(instrument: str) -> Iterator[Note]:
    """The melody where `instrument` has it, accented by metrical position."""
    for beat, section in sections():
        for token in section.melody.split() if section.lead == instrument else ():
            name, length = token.split(":")
            if name != "r":
                accent = 104 if (beat - PICKUP) % BAR == 0 else 96 if beat % 1 == 0 else 88
                velocity = loudness(accent * section.level)
                yield Note(beat, 0.94 * float(length), pitch(name), velocity)
            beat += float(length)
