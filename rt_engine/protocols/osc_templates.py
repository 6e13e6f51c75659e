"""What beats, notes and expression look like in OSC: users' templates, presets for receivers.

A template is one line, in the way protocols are written down: an address, then one word
`tag:value` for each argument. A value is a number, a word, or a field in braces, and an
address may hold fields too:

    /beat i:{index} i:{position} f:{bpm}
    /light/{position}/flash f:1

`{bpm:20..500}` maps a range to 0..1, for receivers that know only faders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rt_engine.protocols.osc import Layout

__all__ = ["EXPRESSION", "FIELDS", "NOTES", "PRACTICE", "PRESETS", "Template", "templates"]

_NOW = {"bpm", "hz", "period", "confidence", "position", "meter"}
_BEAT = frozenset({*_NOW, "index", "bar", "in_seconds", "unix_time"})
_TEMPO = frozenset({*_NOW, "phase", "bar_phase"})

# The events, in the order in which they are sent, and their fields. Times in seconds,
# `hz` beats a second, phases 0..1, `bar` counts the downbeats from 1.
FIELDS: dict[str, frozenset[str]] = {
    "next": _BEAT,  # as soon as the beat is predicted
    "beat": _BEAT,  # at the beat
    "downbeat": _BEAT,  # at the first beat of a bar
    "release": _BEAT,  # shortly after a beat: lets go of what it pressed
    "tempo": _TEMPO,  # when the tempo changes
    "phase": _TEMPO,  # all the time
    "transport": frozenset({"state"}),  # "play" and "stop"
}

_PHRASE = frozenset({"index", "confidence", "ago"})
_GRADE = frozenset({"class", "name", "value", "confidence"})

# The events of expression; `ago` in seconds, `value` 0..1 without steps.
EXPRESSION: dict[str, frozenset[str]] = {
    "phrase": _PHRASE,  # a phrase has begun, as it seems at once
    "confirmed": _PHRASE,  # the same when the next bar speaks for it
    "dynamics": _GRADE,
    "articulation": _GRADE,
}

_KEY = frozenset({"channel", "pitch"})

# The events of notes; `velocity` 1..127, `duration` in seconds.
NOTES: dict[str, frozenset[str]] = {
    "on": _KEY | {"velocity", "duration"},  # when it is due
    "off": _KEY,  # after its duration, and at the end
}

_PLAYED = (
    "pitch", "intonation", "tuning", "vibrato_rate", "vibrato_extent", "level", "evenness",
    "timing", "tempo", "bow_change", "brightness", "noisiness",
)  # fmt: skip

_STROKE = ("amount", "speed", "rate", "straightness")
_POSTURE = ("shoulders", "elbow", "head", "hand")

# The events of practice: a note and a stroke that have ended, the posture, a hint. Units as in
# `rt_engine.kinds`; a figure's `_sure` is its reliability.
PRACTICE: dict[str, frozenset[str]] = {
    "note": frozenset(
        {"index", "duration", "target", "name", "bar", "beat", "place"}
        | {*_PLAYED, *(f"{name}_sure" for name in _PLAYED)}
    ),
    "stroke": frozenset(
        {"index", "direction", "duration", *_STROKE, *(f"{name}_sure" for name in _STROKE)}
    ),
    "posture": frozenset({"calibrated", *_POSTURE, *(f"{name}_sure" for name in _POSTURE)}),
    "cue": frozenset({"index", "topic", "text", "value", "unit", "reliability", "bar"}),
}

Lines = Mapping[str, "str | Sequence[str]"]

PRESETS: dict[str, Lines] = {
    "native": {
        "next": "/beat/next f:{in_seconds} d:{unix_time} i:{position}",
        "beat": "/beat i:{index} i:{position} f:{bpm} f:{confidence} f:{period}",
        "downbeat": "/downbeat i:{bar}",
        "tempo": "/tempo f:{bpm}",
        "phase": "/phase f:{phase} f:{bar_phase}",
        "transport": "/transport s:{state}",
    },
    "plain": {
        "beat": "/beat i:{position}",
        "downbeat": "/downbeat",
        "tempo": "/bpm f:{bpm}",
    },
    # Resolume: the tempo is a fader from 20 to 500 BPM, resync puts its first beat on ours.
    "resolume": {
        "downbeat": "/composition/tempocontroller/resync i:1",
        "tempo": "/composition/tempocontroller/tempo f:{bpm:20..500}",
    },
    # QLC+ learns any address as a channel from 0 to 1; its buttons need the 0 to be let go.
    "qlc": {
        "beat": "/beat f:1",
        "downbeat": "/downbeat f:1",
        "release": ["/beat f:0", "/downbeat f:0"],
        "tempo": "/tempo f:{bpm:0..300}",
    },
    # sclang: `hz` is what a TempoClock calls its tempo.
    "supercollider": {
        "next": "/beat/next f:{in_seconds} i:{index} i:{position} f:{hz}",
        "beat": "/beat i:{index} i:{position} f:{hz} f:{confidence}",
        "downbeat": "/downbeat i:{bar}",
        "tempo": "/tempo f:{hz}",
        "phase": "/phase f:{phase} f:{bar_phase}",
        "transport": "/transport s:{state}",
    },
    "notes": {"on": "/note i:{channel} i:{pitch} i:{velocity} f:{duration}"},
    # The strokes of a conductor.
    "ictus": {
        "next": "/ictus/next f:{in_seconds} d:{unix_time} i:{position} i:{meter}",
        "beat": "/ictus i:{index} i:{position} i:{meter} f:{bpm} f:{period}",
    },
    "practice": {
        "note": [
            "/violin/note i:{index} i:{target} f:{intonation} f:{intonation_sure} f:{duration}",
            "/violin/place i:{bar} f:{beat} f:{place}",
            "/violin/vibrato f:{vibrato_rate} f:{vibrato_extent} f:{vibrato_extent_sure}",
            "/violin/timing f:{timing} f:{timing_sure}",
        ],
        "stroke": "/violin/stroke i:{index} i:{direction} f:{duration} f:{amount} f:{speed} "
        "f:{straightness} f:{amount_sure}",
        "posture": "/violin/posture f:{shoulders} f:{elbow} f:{head} f:{hand} i:{calibrated}",
        "cue": "/violin/cue s:{topic} s:{text} f:{value} s:{unit} f:{reliability} i:{bar}",
    },
    "expression": {
        "phrase": "/rt/phrase i:{index} f:{confidence} f:{ago}",
        "confirmed": "/rt/phrase/confirmed i:{index} f:{confidence} f:{ago}",
        "dynamics": "/rt/dynamics i:{class} s:{name} f:{value} f:{confidence}",
        "articulation": "/rt/articulation i:{class} s:{name} f:{value} f:{confidence}",
    },
}

Fields = Mapping[str, Any]

_FIELD = re.compile(r"\{(\w+)\}")
_VALUE = re.compile(r"\{(\w+)(?::(-?[\d.]+?)\.\.(-?[\d.]+))?\}")


class Template:
    """One line, compiled; `encode(fields)` gives the bytes of the message."""

    def __init__(self, line: str, known: frozenset[str]) -> None:
        """Raises ValueError, which names the word and what exists, for a line that cannot be."""
        self._address, *words = line.split() or [""]
        plain = _FIELD.sub(lambda field: _known(field[1], known), self._address)
        if bad := set(plain) & set("{}#*,?[]"):
            raise ValueError(f"OSC address {self._address!r} holds {''.join(sorted(bad))!r}")
        arguments = [_argument(word, known) for word in words]
        self._tags = "".join(tag for tag, _ in arguments)
        self._values = [value for _, value in arguments]
        self._fixed = plain == self._address
        self._layout = Layout(plain, self._tags)

    def encode(self, fields: Fields) -> bytes:
        """The message, with the values that the fields have now."""
        layout = self._layout
        if not self._fixed:
            layout = Layout(_FIELD.sub(lambda f: str(fields[f[1]]), self._address), self._tags)
        return layout.pack([value(fields) for value in self._values])


def templates(
    preset: str, own: Lines, events: Mapping[str, frozenset[str]] = FIELDS
) -> dict[str, list[Template]]:
    """Templates of each event: those of `preset`, with `own` lines in place of the preset's.

    events: with their fields. An empty line silences an event. Raises ValueError for an unknown
    event, field or tag.
    """
    if unknown := sorted(set(own) - set(events)):
        raise ValueError(f"unknown event {unknown[0]!r} (events: {', '.join(events)})")
    lines = {**PRESETS[preset], **own}
    listed = {event: [ls] if isinstance(ls, str) else ls for event, ls in lines.items()}
    return {
        event: [Template(line, known) for line in listed.get(event, ()) if line]
        for event, known in events.items()
    }


def _known(name: str, known: frozenset[str]) -> str:
    if name not in known:
        raise ValueError(f"no field {{{name}}} here (fields: {', '.join(sorted(known))})")
    return name


def _argument(word: str, known: frozenset[str]) -> tuple[str, Callable[[Fields], Any]]:
    """Tag and getter of `tag:value`."""
    tag, colon, value = word.partition(":")
    if not colon or len(tag) != 1 or tag not in "ihfds":
        raise ValueError(f"{word!r} is no argument; write tag:value, with a tag of i h f d s")
    if not (field := _VALUE.fullmatch(value)):
        return tag, _constant(tag, value)
    name, low, high = field.groups()
    _known(name, known)
    if low is None:
        return tag, lambda fields: fields[name]
    start, width = float(low), float(high) - float(low)
    if not width:
        raise ValueError(f"the range in {word!r} is empty")
    return tag, lambda fields: min(max((fields[name] - start) / width, 0.0), 1.0)


def _constant(tag: str, value: str) -> Callable[[Fields], Any]:
    if tag == "s":
        return lambda _: value
    try:
        number: float = int(value) if tag in "ih" else float(value)
    except ValueError:
        raise ValueError(f"{value!r} is no value for the tag {tag!r}") from None
    return lambda _: number
