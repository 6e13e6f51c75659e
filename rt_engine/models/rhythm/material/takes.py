"""What is drawn for one excerpt: a piece, a passage of it, and what is made of its notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from rt_engine.models.rhythm.material import arrange
from rt_engine.models.rhythm.material.acoustics import babble, coloured
from rt_engine.models.rhythm.material.expression import Labels, expressive
from rt_engine.models.rhythm.material.fills import marked
from rt_engine.models.rhythm.material.render import RATE
from rt_engine.models.rhythm.material.scores import (
    START,
    Floats,
    Part,
    Score,
    onsets,
    transposed,
    warped,
)
from rt_engine.models.rhythm.material.sources import Piece

Rng = np.random.Generator

SECONDS = 40.0
TEMPI = (38.0, 250.0)  # BPM of what is kept
STRETCH, BAND = (0.8, 1.25), (0.62, 1.2)  # time against the original's
ATTEMPTS, STRIDE = 6, 1009  # pieces that are tried, and how far they lie apart in the order
KINDS = {  # shares of the excerpts; the more songs of the archive, the more kinds of music
    "band": 0.22,  # pop songs with instruments and drums
    "song": 0.07,  # pop songs without drums
    "archive": 0.34,
    "classical": 0.13,
    "drums": 0.09,
    "pattern": 0.04,
    "click": 0.01,
    "negative": 0.02,
    "expression": 0.08,
}


class Library(NamedTuple):
    """The pieces of one split, by source."""

    pop909: Sequence[Piece]
    asap: Sequence[Piece]
    archive: Sequence[Piece]
    groove: Sequence[Piece]


class Take(NamedTuple):
    """An excerpt as notes, or, where there are none, as sound; what it was made of."""

    score: Score
    source: str
    group: str
    piece: str
    sound: Floats | None = None
    levels: Floats | None = None
    dynamics: Labels | None = None
    articulation: Labels | None = None


def draw(kind: str, number: int, library: Library, split: str, rng: Rng) -> Take:
    """Take `number` of a kind; ValueError where none of the pieces that it falls on suits."""
    for attempt in range(ATTEMPTS):
        with suppress(ValueError):
            return DRAWN[kind](number + attempt * STRIDE, library, split, rng)
    raise ValueError(f"{kind} {number}: no piece suits")


def pick(pieces: Sequence[Piece], number: int, rng: Rng) -> Piece:
    """One of the pieces, its group after the others' in turn."""
    if not pieces:
        raise ValueError("no pieces")
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(piece.group, []).append(piece)
    order = np.random.default_rng([number // len(groups), len(groups)]).permutation(len(groups))
    members = list(groups.values())[int(order[number % len(groups)])]
    return members[int(rng.integers(len(members)))]


def passage(score: Score, rng: Rng, stretch: tuple[float, float] = STRETCH) -> Score:
    """A passage of `SECONDS` from some beat on, faster or slower, in another key.

    ValueError if less than half of it would be filled, or its tempo is out of `TEMPI`.
    """
    if len(score.beats) < 8:
        raise ValueError("few beats")
    tempo = 60.0 / np.median(np.diff(score.beats[:, 0]))
    factor = float(np.exp(rng.uniform(*np.log(stretch))))
    factor = float(np.clip(factor, tempo / TEMPI[1], tempo / TEMPI[0]))
    score = transposed(warped(score, factor), int(rng.integers(-5, 7)))
    last = score.beats[-1, 0] - SECONDS
    starts = score.beats[score.beats[:, 0] < last, 0]
    start = starts[int(rng.integers(len(starts)))] if len(starts) else score.beats[0, 0]
    lead = rng.uniform(0.3, 3.0) if rng.random() < 0.15 else rng.uniform(0.02, 0.3)
    return cut(warped(score, 1.0, lead - start), SECONDS)


def cut(score: Score, seconds: float) -> Score:
    """What starts from 0 to `seconds`; the last settings before remain. ValueError if sparse."""
    parts = []
    for part in score.parts:
        inside = (part.notes[:, START] >= 0) & (part.notes[:, START] < seconds)
        controls = part.controls[part.controls[:, 0] < seconds]
        if inside.any():
            parts.append(part._replace(notes=part.notes[inside], controls=controls))
    sounding = onsets(tuple(parts))
    if len(sounding) < 20 or sounding[-1] - sounding[0] < seconds / 2:
        raise ValueError("sparse")
    beats = score.beats[(score.beats[:, 0] >= 0) & (score.beats[:, 0] < seconds)]
    beats = beats[(beats[:, 0] > sounding[0] - 0.1) & (beats[:, 0] < sounding[-1] + 0.1)]
    marks = [
        None if p is None else p[(p >= 0) & (p < seconds)] for p in (score.phrases, score.phrases2)
    ]
    return Score(tuple(parts), beats, *marks)


def groove_for(library: Library, score: Score, rng: Rng) -> Score | None:
    """One of the drummers in 4/4 whose tempo is nearest the score's; None for another meter."""
    bars = np.diff(np.flatnonzero(score.beats[:, 1] == 1))
    if len(bars) and np.median(bars) != 4:
        return None
    tempo = 60.0 / np.median(np.diff(score.beats[:, 0]))

    def distance(piece: Piece) -> float:
        return abs(float(np.log2(float(piece.path.stem.split("_")[2]) / tempo)))

    fours = [piece for piece in library.groove if piece.path.stem.endswith("4-4")]
    near = sorted(fours, key=distance)[: max(12, len(fours) // 6)]
    return _read(near[int(rng.integers(len(near)))]) if near else None


def _read(piece: Piece) -> Score:
    return piece.read(piece.path)


def _take(score: Score, piece: Piece) -> Take:
    return Take(score, piece.source, piece.group, "/".join(piece.path.parts[-2:]))


def band(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A pop song in new clothes, with a drummer or drums by rule under it."""
    piece = pick(library.pop909, number, rng)
    score = passage(_read(piece), rng, BAND)  # the songs are ballads; bands play faster ones too
    drummer = groove_for(library, score, rng) if rng.random() < 0.8 else None
    drums = (
        arrange.beat_box(score.beats, rng)
        if drummer is None
        else arrange.drums_under(score.beats, drummer, rng)
    )
    drums = marked(drums, score.beats, score.phrases, rng)
    dressed = arrange.song_in_new_clothes(score, rng)
    return _take(dressed._replace(parts=(*dressed.parts, drums)), piece)


def song(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A pop song without drums, on the piano alone or in new clothes."""
    piece = pick(library.pop909, number, rng)
    score = passage(_read(piece), rng)
    if rng.random() < 0.5:
        program = int(rng.choice(arrange.PIANOS))
        parts = tuple(arrange.played(part, program) for part in score.parts)
        return _take(score._replace(parts=parts), piece)
    return _take(arrange.song_in_new_clothes(score, rng), piece)


def archive(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A General MIDI song, its instruments varied, its timing a little human."""
    piece = pick(library.archive, number, rng)
    score = arrange.varied(passage(_read(piece), rng), rng)
    return _take(arrange.humanised(score, rng.uniform(0, 0.012), rng), piece)


def classical(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A human performance of a piano piece, mostly on pianos."""
    piece = pick(library.asap, number, rng)
    score = passage(_read(piece), rng, (0.85, 1.18))
    program = int(rng.choice((0, 0, 0, 0, 1, 0, 6, 48, 46, 19, 4)))
    parts = tuple(arrange.played(part, program) for part in score.parts)
    return _take(score._replace(parts=parts), piece)


def drums(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A drummer alone, or with a bass and chords by rule."""
    piece = pick(library.groove, number, rng)
    score = passage(looped(_read(piece)), rng)
    parts = [part._replace(program=int(rng.choice(arrange.KITS))) for part in score.parts]
    if rng.random() < 0.5:
        parts += arrange.backing(score.beats, rng)
    return _take(score._replace(parts=tuple(parts)), piece)


def looped(score: Score) -> Score:
    """A short performance played again and again, whole bars long, until it lasts long enough."""
    meter = int(score.beats[:, 1].max())
    count = (len(score.beats) - 1) // meter * meter
    if count < meter:
        raise ValueError("less than a bar")
    span = score.beats[count, 0] - score.beats[0, 0]
    times = max(1, int(np.ceil(1.3 * SECONDS / span)))
    parts = []
    for part in score.parts:
        inside = part.notes[part.notes[:, START] < score.beats[count, 0] - 0.05]
        shifts = np.arange(times)[:, None, None] * np.array([span, span, 0, 0])
        parts.append(part._replace(notes=(inside + shifts).reshape(-1, 4)))
    shifts = np.arange(times)[:, None, None] * np.array([span, 0])
    return Score(tuple(parts), (score.beats[:count] + shifts).reshape(-1, 2))


def pattern(number: int, library: Library, split: str, rng: Rng) -> Take:
    """Drums, chords and bass by rule in some meter and at some tempo."""
    meter = int(rng.choice((4, 4, 4, 3, 3, 2)))
    bpm = float(np.exp(rng.uniform(*np.log((55, 210)))))
    score = arrange.humanised(arrange.pattern(meter, bpm, SECONDS, rng), rng.uniform(0, 0.012), rng)
    return Take(cut(score, SECONDS), "patterns", f"pattern {split} {number}", f"{meter} {bpm:.1f}")


def click(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A metronome."""
    meter, bpm = int(rng.choice((2, 3, 4, 4))), float(np.exp(rng.uniform(*np.log((45, 220)))))
    score = arrange.metronome(meter, bpm, SECONDS, rng)
    return Take(score, "patterns", f"click {split} {number}", f"{meter} {bpm:.1f}")


def negative(number: int, library: Library, split: str, rng: Rng) -> Take:
    """No beat at all: noise, voices, silence, or a drone."""
    count, kind = round(SECONDS * RATE), number % 4
    empty = Score((), np.empty((0, 2)))
    group = f"negative {split} {number}"
    if kind == 3:
        starts = np.cumsum(rng.exponential(7.0, 12))
        starts = starts[starts < SECONDS]
        pitches = rng.integers(30, 80, len(starts))
        notes = np.column_stack([starts, starts + 15, pitches, np.full(len(starts), 70)])
        drone = Part(notes, int(rng.choice(arrange.SUSTAINED)))
        return Take(empty._replace(parts=(drone,)), "negatives", group, "drone")
    sounds: tuple[Callable[[], Floats], ...] = (
        lambda: coloured(count, rng),
        lambda: babble(count, rng, voices=int(rng.integers(1, 5))),
        lambda: 1e-4 * rng.choice((0, 1)) * rng.standard_normal(count),
    )
    name = ("noise", "voices", "silence")[kind]
    return Take(empty, "negatives", group, name, sound=0.1 * sounds[kind]())


def expression(number: int, library: Library, split: str, rng: Rng) -> Take:
    """A melody alone with dynamics and articulation: see `expression`."""
    source = library.pop909 if number % 3 else library.asap
    piece = pick(source, number, rng)
    score = passage(_read(piece), rng)
    named = [part for part in score.parts if part.name == "MELODY"]
    line = named[0] if named else max(score.parts, key=lambda part: len(part.notes))
    played = expressive(score._replace(parts=(line,)), SECONDS, split, rng)
    take = _take(played.score, piece)
    return take._replace(
        levels=played.levels, dynamics=played.dynamics, articulation=played.articulation
    )


DRAWN: dict[str, Callable[[int, Library, str, Rng], Take]] = {
    "band": band,
    "song": song,
    "archive": archive,
    "classical": classical,
    "drums": drums,
    "pattern": pattern,
    "click": click,
    "negative": negative,
    "expression": expression,
}
