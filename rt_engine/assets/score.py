"""The score of the bundled piece: who plays what, as text that reads like music.

A melody is a run of `pitch:beats` tokens (`r` rests), a drum lane has a character for every
sixteenth of a bar (`X` accent, `x` normal, `.` ghost note), and a bar of harmony is one chord or
two half-bar chords. Everything lies exactly on the grid: what is played is where the beats are.
"""

from __future__ import annotations

from dataclasses import dataclass

Lane = tuple[str, str]  # General MIDI drum, sixteen steps


@dataclass(frozen=True)
class Section:
    """Bars that share a tempo, a groove and a dynamic."""

    name: str
    bpm: float
    level: float  # multiplies every velocity
    chords: tuple[str, ...]  # a bar each
    groove: str = ""
    fill: str = ""  # replaces the groove in the last bar
    melody: str = ""
    lead: str = "vibraphone"


# bass note, then four voices that move by step from one chord to the next
VOICINGS = {
    "Am9": "A1 B3 C4 E4 G4",
    "Am7": "A1 G3 A3 C4 E4",
    "Fmaj7": "F1 A3 C4 E4 G4",
    "Fmaj9": "F1 G3 A3 C4 E4",
    "Cadd9": "C2 C4 D4 E4 G4",
    "Cmaj7": "C2 G3 B3 C4 E4",
    "G6": "G1 B3 D4 E4 G4",
    "G": "G1 G3 B3 D4 E4",
    "G7": "G1 G3 B3 D4 F4",
    "Em7": "E1 G3 B3 D4 E4",
    "Dm9": "D2 A3 C4 E4 F4",
    "E7sus": "E1 A3 B3 D4 E4",
    "E7": "E1 G#3 B3 D4 E4",
    "E7/G#": "G#1 G#3 B3 D4 E4",
}

GROOVES: dict[str, tuple[Lane, ...]] = {
    "": (),
    "end": (("kick", "X---------------"),),
    "pickup": (("snare", "--------------xX"),),
    "light": (
        ("closed hat", "x-.-x-.-x-.-x-.-"),
        ("kick", "X---------x-----"),
        ("stick", "----x-------x---"),
    ),
    "easy": (
        ("closed hat", "X-x-X-x-X-x-X---"),
        ("open hat", "--------------x-"),
        ("kick", "X-----x-X-------"),
        ("snare", "----X--.-.--X---"),
    ),
    "driving": (
        ("ride", "X-x-X-x-X-x-X-x-"),
        ("closed hat", "X-..X-..X-..X-.."),
        ("kick", "X-----x-X-x-----"),
        ("snare", "----X--.----X--."),
    ),
}

FILLS: dict[str, tuple[Lane, ...]] = {
    "short": (
        ("closed hat", "X-x-X-x-X-x-----"),
        ("kick", "X-----x-X-------"),
        ("snare", "----X-------X.xx"),
    ),
    "toms": (
        ("closed hat", "X-x-X-x---------"),
        ("kick", "X-----x-X---X---"),
        ("snare", "----X---Xx------"),
        ("high tom", "----------Xx----"),
        ("mid tom", "------------Xx--"),
        ("low tom", "--------------XX"),
    ),
    "stop": (
        ("ride", "X-x-X-x-X---X---"),
        ("kick", "X-----x-X---X---"),
        ("snare", "----X-------X---"),
    ),
}

INTRO = Section("intro", 104, 0.78, ("Am9", "Fmaj7"), "light", "short")

VERSE = Section(
    "verse",
    104,
    0.86,
    ("Am9", "Fmaj7", "Cadd9", "G6", "Am9", "Fmaj7", "Dm9", "E7sus E7"),
    "easy",
    "toms",
    """E5:1.5 D5:.5 C5:1 B4:1        A4:2.5 C5:.5 E5:1
       D5:1.5 C5:.5 D5:.5 E5:1.5     B4:3 r:.5 D5:.5
       E5:1.5 D5:.5 C5:1 G5:1        G5:.5 E5:2 C5:.5 D5:.5 E5:.5
       F5:1.5 E5:.5 D5:1 C5:.5 A4:.5 B4:2 G#4:1 B4:1""",
)

CHORUS = Section(
    "chorus",
    118,
    1.0,
    ("Fmaj9", "G", "Em7", "Am7", "Fmaj9", "G", "Cmaj7", "E7/G#"),
    "driving",
    "stop",
    """A4:.5 C5:.5 E5:1 D5:.5 C5:.5 E5:1 D5:1.5 B4:.5 G4:1 B4:1
       E5:.5 G5:.5 B5:1 A5:.5 G5:.5 E5:1 G5:1.5 E5:.5 C5:2
       A4:.5 C5:.5 E5:1 D5:.5 E5:.5 G5:1 B5:1.5 A5:.5 G5:1 D5:1
       E5:.5 G5:.5 C6:1 B5:.5 G5:.5 E5:1 G#5:1.5 E5:.5 D5:1 B4:1""",
    "jazz guitar",
)

BREAK = Section("break", 118, 0.7, ("E7sus",))  # four beats of a held chord, no drums, no bass

CODA = Section(
    "coda",
    118,
    1.06,
    ("Fmaj9", "G", "Em7 Am7", "Dm9 G7"),
    "driving",
    "toms",
    """A4:.5 C5:.5 E5:1 D5:.5 E5:.5 G5:1 B5:1.5 A5:.5 G5:1 D5:1
       E5:.5 G5:.5 B5:1 C6:.5 B5:.5 A5:1 A5:1 F5:.5 E5:.5 D5:1 B4:1""",
    "jazz guitar",
)

FINAL = Section("final", 118, 1.0, ("Cmaj7",), "end", melody="E5:4", lead="jazz guitar")

PIECE = (INTRO, VERSE, CHORUS, BREAK, CODA, FINAL)
