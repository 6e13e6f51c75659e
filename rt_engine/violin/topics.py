"""What a coach listens for: topics, how much of each is fine, and how it is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rt_engine.kinds import BowStroke, Measured, PlayedNote, Posture

__all__ = [
    "SUBJECTS",
    "TOPICS",
    "Finding",
    "Topic",
    "Usual",
    "bowed",
    "findings",
    "held",
]


class Topic(NamedTuple):
    """A thing to be told. A mean of findings within `tolerance` of 0 is fine."""

    name: str
    unit: str
    tolerance: float  # in `unit`
    rank: int  # lower goes first: what is heard before what is seen
    notes: int  # findings that a mean is taken over
    over: str  # said when the mean lies above
    under: str  # and below
    subject: str = ""  # what it belongs to, and is told as, where that is not its name


class Finding(NamedTuple):
    """One figure about one topic; `value` is the distance from what would be right."""

    topic: str
    value: float
    reliability: float  # 0 to 1
    bar: int = 0  # of the score, from 1; 0 unknown


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("intonation", "cents", 12.0, 0, 4, "a little lower", "a little higher"),
        Topic("timing", "s", 0.035, 1, 5, "earlier: you drag", "later: you rush"),
        Topic("tempo", "%", 5.0, 2, 8, "you are getting faster", "you are getting slower"),
        Topic("tone", "", 0.1, 3, 6, "rougher than you were: settle the bow", ""),
        Topic("evenness", "dB", 3.0, 4, 4, "steadier: the tone swells within notes", ""),
        Topic("bow", "", 0.08, 5, 6, "", "straighter: keep the bow parallel to the bridge"),
        Topic("hand", "cm", 5.0, 6, 8, "the violin a little lower", "the violin higher", "posture"),
        Topic("elbow", "cm", 8.0, 7, 8, "right elbow lower", "right elbow higher", "posture"),
        Topic("shoulders", "degrees", 5.0, 8, 8, "left shoulder down", "right shoulder down",
              "posture"),
        Topic("head", "degrees", 8.0, 9, 8, "head upright: it leans left",
              "head upright: it leans right", "posture"),
    )
}  # fmt: skip

SUBJECTS = tuple(dict.fromkeys(topic.subject or topic.name for topic in TOPICS.values()))

STEADY_EVENNESS = 2.0  # dB within a note that is fine by itself: no bow is quite even


class Usual:
    """A player's own usual value: a slow mean of what was reliable."""

    def __init__(self, memory: float = 24.0) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget what is usual."""
        self._mean, self._weight = 0.0, 0.0

    def off(self, figure: Measured) -> Measured:
        """How far a figure lies above the usual, reliable once that is known; then take it in."""
        known = min(1.0, self._weight / 8)
        off = figure.value - self._mean
        share = figure.reliability / (self._weight + figure.reliability + 1e-9)
        self._mean += share * off
        self._weight = min(self._weight + figure.reliability, self.memory)
        return Measured(off, figure.reliability * known)


def findings(note: PlayedNote, tempo: Usual, noise: Usual) -> Iterator[Finding]:
    """What one note says of each topic. `tempo` and `noise` hold what is usual for the player."""
    pace = tempo.off(note.tempo)
    usual = note.tempo.value - pace.value
    faster = 100 * pace.value / usual if usual > 0 else 0.0
    rough = noise.off(note.noisiness)
    uneven = max(0.0, note.evenness.value - STEADY_EVENNESS)
    figures = {
        "intonation": note.intonation,
        "timing": note.timing,
        "tempo": Measured(faster, pace.reliability if abs(faster) < 25 else 0.0),
        "tone": Measured(max(0.0, rough.value), rough.reliability),
        "evenness": Measured(uneven, note.evenness.reliability),
    }
    for name, figure in figures.items():
        yield Finding(name, figure.value, figure.reliability, note.bar)


def bowed(stroke: BowStroke, usual: Usual) -> Iterator[Finding]:
    """What one stroke says: how much straighter it is than the player's strokes usually are."""
    off = usual.off(stroke.straightness)
    yield Finding("bow", off.value, off.reliability)


def held(posture: Posture) -> Iterator[Finding]:
    """What a posture says; nothing before the good one is known."""
    for name in ("hand", "elbow", "shoulders", "head"):
        figure: Measured = getattr(posture, name)
        if posture.calibrated:
            yield Finding(name, figure.value, figure.reliability)
