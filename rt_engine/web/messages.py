"""What a page may say on its socket."""

from __future__ import annotations

import struct
from typing import Annotated, Any

import msgspec
from msgspec import Meta

__all__ = [
    "Act",
    "Clock",
    "Learn",
    "Media",
    "Said",
    "Set",
    "Take",
    "Unwatch",
    "Watch",
    "heard",
    "media",
]

Name = Annotated[str, Meta(max_length=64)]
Id = Annotated[int, Meta(ge=1, le=65_535)]
Values = Annotated[list[Any], Meta(max_length=16)]

PICTURE, SOUND = 1, 2
RATES = range(8000, 65_536)  # Hz
LONGEST = 1.0  # s of sound in one message
_HEAD = struct.Struct("<BBHd")


class Watch(msgspec.Struct, tag_field="do", tag="watch"):
    """See what an output emits, `rate` times a second; of output "" what the node sends."""

    id: Id
    node: Name
    output: Name = ""
    rate: Annotated[float, Meta(gt=0, le=120)] = 30.0


class Unwatch(msgspec.Struct, tag_field="do", tag="unwatch"):
    """See it no more."""

    id: Id


class Set(msgspec.Struct, tag_field="do", tag="set"):
    """Change a live setting."""

    node: Name
    name: Name
    value: Any


class Act(msgspec.Struct, tag_field="do", tag="act"):
    """Call an action."""

    node: Name
    name: Name
    values: Values = []


class Learn(msgspec.Struct, tag_field="do", tag="learn"):
    """Bind the next MIDI controller that moves to a live setting; `forget`: unbind it."""

    node: Name
    name: Name
    forget: bool = False


class Clock(msgspec.Struct, tag_field="do", tag="clock"):
    """Ask for the engine's time. `sent`: the browser's, in s; `offset`: what it has to be
    added to for the engine's, by the smallest round trip (`trip`, s) so far.
    """

    sent: float
    offset: float | None = None
    trip: float | None = None


class Take(msgspec.Struct, tag_field="do", tag="take"):
    """Steer the take that is open."""

    what: Name
    value: Any = None
    name: Name = ""


Said = Watch | Unwatch | Set | Act | Learn | Clock | Take


class Media(msgspec.Struct):
    """A JPEG picture, or mono sound in float32 with its rate in Hz, and the browser's time in s."""

    what: int
    rate: int
    t: float
    data: bytes


def heard(text: str) -> Said:
    """A message; msgspec.DecodeError or ValidationError says what is wrong with it."""
    return _decoder.decode(text)


def media(raw: bytes) -> Media:
    """A picture or a sound; ValueError when it is neither."""
    if len(raw) <= _HEAD.size:
        raise ValueError(f"a message of {len(raw)} bytes is no picture and no sound")
    what, _, rate, t = _HEAD.unpack_from(raw)
    if what not in (PICTURE, SOUND) or not -1e12 < t < 1e12:
        raise ValueError(f"unknown content {what} at {t} s; 1 is a JPEG picture, 2 is sound")
    found = Media(what, rate or 48_000, t, raw[_HEAD.size :])
    if what == SOUND:
        _check_sound(found)
    return found


def _check_sound(sound: Media) -> None:
    if len(sound.data) % 4:
        raise ValueError("sound is float32, four bytes a sample")
    if sound.rate not in RATES or len(sound.data) > 4 * LONGEST * sound.rate:
        raise ValueError(f"sound comes at 8000 to 65535 Hz, at most {LONGEST:g} s a message")


_decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
