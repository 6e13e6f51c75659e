"""The head of a JPEG picture, read before anything is unpacked: how large it will be."""

from __future__ import annotations

import struct

__all__ = ["jpeg_size"]

START = b"\xff\xd8"
BASELINE = (0xC0, 0xC1)  # SOF0 and SOF1; what a browser makes
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start of frame n; the others are tables
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
HEAD = struct.Struct(">HBHH")  # length, bits of a sample, height, width


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a sequential JPEG picture (ITU-T T.81, annex B).

    None: it is another format, broken, or progressive, which a few bytes can make slow to decode.
    """
    at = len(START)
    while data.startswith(START) and at + 2 + HEAD.size <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fills up
            at += 1
        elif marker in ALONE:
            at += 2
        elif marker in FRAMES:
            _, _, height, width = HEAD.unpack_from(data, at + 2)
            return (width, height) if marker in BASELINE and width and height else None
        else:
            at += 2 + max(2, HEAD.unpack_from(data, at + 2)[0])
    return None
