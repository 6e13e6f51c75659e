"""Where each message of a record lies, so that any moment of a long take is there at once.

A record of this engine has no chunks, so its messages are found by walking from head to head
without reading what lies between. A file that still grows, or was cut off, is walked as far as
it goes; `extend` goes on from there.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import sys
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from mcap.exceptions import McapError
from mcap.reader import make_reader

from rt_engine.core import SECOND, Kind, Packet
from rt_engine.core.packet import decode
from rt_engine.record import MARKERS, Take

__all__ = ["Index", "Marker", "Track", "promised"]

MAGIC = 8  # bytes before the first record
HEAD = struct.Struct("<BQ")  # opcode and length of what follows
MESSAGE, CHANNEL, DATA_END = 0x05, 0x04, 0x0F
LAST = b"\x89MCAP0\r\n"  # bytes at the end of a record that was closed
BROKEN = (McapError, EOFError, ValueError, OSError, struct.error, LookupError, AttributeError)
BODY = struct.Struct("<HIQQ")  # of a message: channel, sequence, arrival and own time, ns


@dataclass
class Track:
    """One output of a record: when each of its packets arrived (ns), and where it lies."""

    node: str
    output: str
    kind: Kind
    times: array[int] = field(default_factory=lambda: array("q"))
    places: array[int] = field(default_factory=lambda: array("q"))  # of the messages' bodies
    sizes: array[int] = field(default_factory=lambda: array("q"))

    def before(self, t: int) -> int:
        """How many packets had arrived at `t`, that of `t` included."""
        return bisect_right(self.times, t)


@dataclass(frozen=True)
class Marker:
    """A moment that a person marked: seconds from the start of the take, and a text."""

    t: float
    text: str


class Index:
    """The tracks of a record by (node, output). Raises GraphError where it is no record.

    `most`: messages that are looked for at once; `extend` finds the others. None: all of them.
    """

    def __init__(self, path: str | Path, most: int | None = None) -> None:
        self.path = Path(path)
        self.take = Take(path)
        self.first = self.last = 0  # ns: arrival of the first and of the newest packet
        self.ended = False  # whether the file says that nothing follows
        self._at = MAGIC
        self._file = self.path.open("rb", buffering=0)
        tracks = {n: Track(*place) for n, place in self.take.channels.items()}
        self._by_channel = tracks
        self.tracks = {(track.node, track.output): track for track in tracks.values()}
        self._marks = Track(*MARKERS, Kind())
        self._promised = promised(self.path)
        self.extend(most)

    @property
    def length(self) -> float:
        """Seconds from the first to the last packet; a record that was closed tells at once."""
        return (max(self.last, self._promised) - self.first) / SECOND

    @property
    def markers(self) -> list[Marker]:
        """What was marked, in order."""
        found = zip(self._marks.times, self._bodies(self._marks), strict=True)
        return [Marker((t - self.first) / SECOND, text.decode("utf-8", "replace"))
                for t, text in found]  # fmt: skip

    def extend(self, most: int | None = None) -> int:
        """Walk on to the end of the file, at most over `most` messages; how many there were."""
        size = os.fstat(self._file.fileno()).st_size
        if self.ended or size <= self._at:
            return 0
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            view.madvise(mmap.MADV_RANDOM)
            return self._walk(view, sys.maxsize if most is None else most)

    def packet(self, track: Track, number: int) -> Packet | None:
        """The packet at place `number` of a track; None: a reset."""
        self._file.seek(track.places[number])
        body = self._file.read(track.sizes[number])
        _, sequence, _, t = BODY.unpack_from(body)
        if len(body) == BODY.size:
            return None
        return Packet(t, decode(body[BODY.size :], track.kind.payload), sequence)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _walk(self, view: mmap.mmap, most: int) -> int:
        size, found = len(view), 0
        while self._at + HEAD.size <= size and found < most and not self.ended:
            opcode, length = HEAD.unpack_from(view, self._at)
            body = self._at + HEAD.size
            if body + length > size:
                break
            if opcode == MESSAGE and length >= BODY.size:
                found += self._add(view, body, length)
            elif opcode == CHANNEL:
                self._note_channel(view[body : body + length])
            self.ended = opcode == DATA_END
            self._at = body + length
        return found

    def _add(self, view: mmap.mmap, body: int, length: int) -> int:
        channel, _, arrival, _ = BODY.unpack_from(view, body)
        track = self._by_channel.get(channel)
        if track is None:
            return 0
        track.times.append(arrival)
        track.places.append(body)
        track.sizes.append(length)
        if track is not self._marks:
            self.first = self.first or arrival
            self.last = max(self.last, arrival)
        return 1

    def _note_channel(self, body: bytes) -> None:
        """Markers are announced where the first of them stands."""
        number, _, size = struct.unpack_from("<HHI", body)
        if body[8 : 8 + size].decode("utf-8", "replace").split("/")[1:] == list(MARKERS):
            self._by_channel[number] = self._marks

    def _bodies(self, track: Track) -> list[bytes]:
        found = []
        for place, size in zip(track.places, track.sizes, strict=True):
            self._file.seek(place + BODY.size)
            found.append(self._file.read(size - BODY.size))
        return found


def promised(path: Path) -> int:
    """When the last message arrived (ns), by the end of a record that was closed; else 0."""
    with path.open("rb") as file, contextlib.suppress(*BROKEN):
        file.seek(-len(LAST), os.SEEK_END)
        if file.read() != LAST:  # it was cut off: where the end should be are other bytes
            return 0
        file.seek(0)
        summary = make_reader(file).get_summary()
        if summary and summary.statistics:
            return summary.statistics.message_end_time
    return 0
