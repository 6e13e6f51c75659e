"""The report as one HTML file that needs no network; it prints on paper too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib.resources import files

import numpy as np

from rt_engine.kinds import Measured, PlayedNote
from rt_engine.violin.report import clips, plots, seen
from rt_engine.violin.report.plots import Axes
from rt_engine.violin.report.session import Session
from rt_engine.violin.report.summary import SURE, Summary, Worst
from rt_engine.violin.topics import TOPICS
from rt_engine.violin.tuning import note_name

__all__ = ["render"]

JUMP = 2.0  # semitones between two frames: the line breaks

Takes = Sequence[tuple[str, float, Summary]]
Tile = tuple[str, str, str, str, float]

TILES = (  # field of the summary, what it is called, unit, format, factor
    ("intonation", "Off the note, median", "cents", ".0f", 1),
    ("within", "Notes within 10 cents", "%", ".0f", 100),
    ("tuning", "Tuning against the reference", "cents", "+.0f", 1),
    ("timing", "Off the beat, median", "ms", ".0f", 1),
    ("tempo", "Tempo of the pulse", "BPM", ".0f", 1),
    ("stability", "Tempo spread", "%", ".1f", 1),
    ("vibrato_rate", "Vibrato rate", "Hz", ".1f", 1),
    ("vibrato_extent", "Vibrato extent, either side", "cents", ".0f", 1),
    ("dynamics", "Soft to loud", "dB", ".0f", 1),
    ("bow_changes", "Bow changes", "a minute", ".0f", 1),
)
SEEN = (  # the same, where a camera saw the bow
    ("strokes", "Strokes seen", "a minute", ".0f", 1),
    ("amount", "Bow for a stroke, median", "cm", ".0f", 1),
    ("straightness", "Straightness, a proxy", "of 1", ".2f", 1),
)
TRENDS = (
    ("intonation", "cents"),
    ("timing", "ms"),
    ("stability", "%"),
    ("vibrato_extent", "cents"),
)


def render(session: Session, summary: Summary, worst: Sequence[Worst], takes: Takes = ()) -> str:
    """The page. takes: those of the history, this one among them, oldest first."""
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    name = escape(session.name)
    parts = [
        f"<header><h1>{name}</h1><p>{_said(summary)}</p></header>",
        _tiles(summary, (*TILES, *SEEN) if session.strokes else TILES),
        _worst(session, worst),
        _over_time(session, worst),
        _notes(session),
        _cues(session),
        _history(takes),
        _about(),
        clips.script() if session.poses else "",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{name}: practice report</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _said(summary: Summary) -> str:
    minutes, seconds = divmod(round(summary.seconds), 60)
    return (
        f"{minutes}:{seconds:02d} min, {summary.notes:.0f} notes heard, "
        f"{summary.sure:.0f} of them with a sure pitch"
    )


def _tiles(summary: Summary, wanted: Sequence[Tile]) -> str:
    tiles = []
    for field, label, unit, form, factor in wanted:
        value = factor * getattr(summary, field)
        shown = "not sure" if math.isnan(value) else f"{value:{form}} <small>{unit}</small>"
        tiles.append(f'<div class="tile"><b>{shown}</b><span>{label}</span></div>')
    return f'<section class="tiles">{"".join(tiles)}</section>'


def _worst(session: Session, worst: Sequence[Worst]) -> str:
    if not worst:
        return _section("Where to look first", "<p>Too few sure notes to choose moments.</p>")
    cards = []
    for moment in worst:
        where = f"bar {moment.bar}, " if moment.bar else ""
        reasons = [
            f"{value:.0f} {unit}"
            for value, unit in ((moment.cents, "cents off"), (moment.late, "ms off the beat"))
            if not math.isnan(value)
        ]
        head = f"<h3>{where}{_clock(moment.start)} to {_clock(moment.stop)}</h3>"
        plot = _intonation(session, moment.start, moment.stop)
        moving = clips.clip(session, moment.start, moment.stop)
        cards.append(f"<article>{head}<p>{', '.join(reasons)}</p>{plot}{moving}</article>")
    return _section("Where to look first", "".join(cards))


def _over_time(session: Session, worst: Sequence[Worst]) -> str:
    end = max(session.seconds, 1.0)
    stretches = [(w.start, w.stop) for w in worst]
    titled = [
        ("Pitch (MIDI number)", _pitch(session, end, stretches)),
        ("Intonation (cents from the note)", _intonation(session, 0, end, stretches)),
        ("Timing (ms, late is up)", _timing(session, end, stretches)),
        ("Level (dBFS)", _level(session, end, stretches)),
        ("Tempo (BPM)", _tempo(session, end)),
        *seen.bow(session, end, stretches),
        *seen.posture(session, end, stretches),
    ]
    figures = [f"<figure><figcaption>{t}</figcaption>{p}</figure>" for t, p in titled if p]
    return _section("Over time (s)", "".join(figures))


def _pitch(session: Session, end: float, stretches: Sequence[tuple[float, float]]) -> str:
    if not len(session.curve):
        return ""
    sure = np.where(session.curve[:, 2] > 0.8, session.curve[:, 1], np.nan)
    if np.isnan(sure).all():
        return ""
    axes = Axes((0, end), (float(np.nanmin(sure)) - 1, float(np.nanmax(sure)) + 1), "", "pitch")
    return plots.curve(axes, session.curve[:, 0], sure, plots.bars(axes, stretches), JUMP)


def _intonation(
    session: Session, start: float, stop: float, stretches: Sequence[tuple[float, float]] = ()
) -> str:
    axes = Axes((start, stop), (-50, 50), "cents", "intonation")
    values = [
        (t, figure.value, f"{_name(note)} at {_clock(t)}: {figure.value:+.0f} cents")
        for t, note in session.notes
        if start <= t <= stop and (figure := note.intonation).reliability >= SURE
    ]
    band = TOPICS["intonation"].tolerance
    return plots.points(axes, values, band, plots.bars(axes, stretches))


def _timing(session: Session, end: float, stretches: Sequence[tuple[float, float]]) -> str:
    axes = Axes((0, end), (-150, 150), "ms", "timing")
    values = [
        (t, 1000 * figure.value, f"{_name(note)} at {_clock(t)}: {1000 * figure.value:+.0f} ms")
        for t, note in session.notes
        if (figure := note.timing).reliability >= SURE
    ]
    band = 1000 * TOPICS["timing"].tolerance
    return plots.points(axes, values, band, plots.bars(axes, stretches)) if values else ""


def _level(session: Session, end: float, stretches: Sequence[tuple[float, float]]) -> str:
    if not len(session.curve):
        return ""
    axes = Axes((0, end), (-70, 0), "dBFS", "level")
    marks = plots.bars(axes, stretches)
    return plots.curve(axes, session.curve[:, 0], session.curve[:, 3], marks)


def _tempo(session: Session, end: float) -> str:
    found = _figures(session, "tempo")
    if len(found) < 2:
        return ""
    bpm = np.array([value for _, value in found])
    axes = Axes((0, end), (float(bpm.min()) * 0.9, float(bpm.max()) * 1.1), "BPM", "tempo")
    return plots.points(axes, [(a, b, f"{b:.0f} BPM") for a, b in found])


def _figures(session: Session, field: str) -> list[tuple[float, float]]:
    figures: list[tuple[float, Measured]] = [(t, getattr(n, field)) for t, n in session.notes]
    return [(t, figure.value) for t, figure in figures if figure.reliability >= SURE]


def _notes(session: Session) -> str:
    cents: dict[tuple[int, int], list[float]] = {}
    for _, note in session.notes:
        if note.intonation.reliability >= SURE:
            cents.setdefault(divmod(note.target, 12), []).append(note.intonation.value)
    if not cents:
        return ""
    cells = {key: (float(np.mean(values)), len(values)) for key, values in cents.items()}
    numbers = [12 * octave + step for octave, step in cells]
    table = plots.heat(cells, min(numbers), max(numbers))
    text = "<p>Mean cents of every note, by octave: red is sharp, blue is flat.</p>"
    return _section("Notes", text + table)


def _cues(session: Session) -> str:
    if not session.cues:
        return ""
    rows = []
    for t, cue in session.cues:
        bar = f"bar {cue.bar}" if cue.bar else ""
        value = f"{cue.value:+.3g} {cue.unit}"
        cells = (_clock(t), bar, cue.topic, cue.text, value)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return _section("What the coach said", f"<table>{''.join(rows)}</table>")


def _history(takes: Takes) -> str:
    dates = [datetime.fromtimestamp(at).strftime("%d %b %H:%M") for _, at, _ in takes]
    figures = []
    for field, unit in TRENDS:
        values = [(d, getattr(s, field)) for d, (_, _, s) in zip(dates, takes, strict=True)]
        if plot := plots.trend(values, unit, field):
            title = f"{field.replace('_', ' ').capitalize()} ({unit}), take by take"
            figures.append(f"<figure><figcaption>{title}</figcaption>{plot}</figure>")
    return _section("Over takes", "".join(figures)) if figures else ""


def _about() -> str:
    return (
        "<footer><p>Only figures with a reliability of at least one half are shown. Measured from "
        "sound: what a microphone cannot hear, such as bow pressure, is not here. Bow changes are "
        "judged from dips and noise between notes. Bow and posture need the camera: strokes are "
        "those of the right hand, straightness is a proxy from the wrist's path in the picture, "
        "and posture is told against the player's own good one alone.</p></footer>"
    )


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{title}</h2>{inner}</section>"


def _name(note: PlayedNote) -> str:
    where = f" (bar {note.bar})" if note.bar else ""
    return (note_name(note.target) if note.target else "a note") + where


def _clock(seconds: float) -> str:
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths / 10:04.1f}"
