"""OSC 1.0 messages and bundles as bytes, with the type tags that were asked for.

Tags are given, never guessed: many receivers reject a message whose 0.0 arrives as an int.
Source: M. Wright, "The Open Sound Control 1.0 Specification" (2002).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["IMMEDIATELY", "Layout", "bundle", "message", "ntp_time", "string"]

IMMEDIATELY = 1  # the time tag that means "now"

_EPOCH = 2_208_988_800  # seconds from 1900 (NTP) to 1970 (Unix)
_SECOND = 1_000_000_000

_NUMBERS: dict[str, Callable[[Any], Any]] = {"i": int, "h": int, "f": float, "d": float, "t": int}
_PACKED = {"i": "i", "h": "q", "f": "f", "d": "d", "t": "Q"}
_BARE = "TFN"  # true, false, nil: a tag without bytes


def string(text: str) -> bytes:
    """`text` in UTF-8, ended by one to four zeros so that the length is a multiple of four."""
    raw = text.encode()
    if b"\0" in raw:
        raise ValueError(f"an OSC string cannot hold a zero byte: {text!r}")
    return raw + bytes(4 - len(raw) % 4)


def message(address: str, tags: str = "", values: Sequence[Any] = ()) -> bytes:
    """One message: `tags` has one letter of "ihfdtsbTFN" for each of `values`.

    Raises ValueError when address, tags and values do not fit together, and struct.error
    when a number does not fit its tag.
    """
    return Layout(address, tags).pack(values)


class Layout:
    """Address and tags of a message, prepared once; `pack` adds the values.

    Where all tags are numbers this is one `struct` call.
    """

    def __init__(self, address: str, tags: str) -> None:
        if not address.startswith("/"):
            raise ValueError(f"an OSC address begins with '/', found {address!r}")
        if unknown := set(tags) - {*_NUMBERS, *"sb", *_BARE}:
            raise ValueError(f"unknown OSC type tags {''.join(sorted(unknown))!r} in {tags!r}")
        self.tags = tags
        self._head = string(address) + string("," + tags)
        numbers = set(tags) <= set(_NUMBERS)
        self._struct = struct.Struct(">" + "".join(_PACKED[t] for t in tags)) if numbers else None

    def pack(self, values: Sequence[Any]) -> bytes:
        """The whole message with `values`, one for each tag."""
        if len(values) != len(self.tags):
            raise ValueError(f"{len(values)} values for the OSC type tags {self.tags!r}")
        if self._struct is None:
            return self._head + b"".join(map(_argument, self.tags, values))
        try:
            return self._head + self._struct.pack(*values)
        except struct.error:  # a float where an int belongs
            cast = [_NUMBERS[tag](value) for tag, value in zip(self.tags, values, strict=True)]
            return self._head + self._struct.pack(*cast)


def bundle(messages: Iterable[bytes], time: int = IMMEDIATELY) -> bytes:
    """Messages (or bundles) that belong together, with a 64-bit NTP time tag."""
    parts = [b"#bundle\0", struct.pack(">Q", time)]
    for element in messages:
        parts += [struct.pack(">i", len(element)), element]
    return b"".join(parts)


def ntp_time(unix: int) -> int:
    """Unix time in ns as an OSC time tag: 32 bits of seconds since 1900, 32 of fraction."""
    seconds, ns = divmod(unix, _SECOND)
    return (seconds + _EPOCH) % 2**32 << 32 | (ns << 32) // _SECOND


def _argument(tag: str, value: Any) -> bytes:
    if tag in _BARE:
        return b""
    if tag == "s":
        return string(str(value))
    if tag == "b":
        raw = bytes(value)
        return struct.pack(">i", len(raw)) + raw + bytes(-len(raw) % 4)
    return struct.pack(">" + _PACKED[tag], _NUMBERS[tag](value))
