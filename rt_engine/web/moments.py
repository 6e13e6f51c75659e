"""What a view has to be given so that it shows one moment of a take."""

from __future__ import annotations

from collections.abc import Iterable

from rt_engine import kinds
from rt_engine.core import SECOND, Packet
from rt_engine.indexing import Index, Track

__all__ = ["of_moment"]

WINDOW = SECOND * 2  # ns of what scrolls, that a jump shows at once
MOST = 256  # packets of one output in one moment
NEWEST = (kinds.Images, kinds.Poses, kinds.Skeletons)  # of which only the newest is drawn
SCROLLS = (kinds.Audio, kinds.Frames, kinds.Tempo)


def of_moment(index: Index, track: Track, since: int | None, moment: int) -> Iterable[Packet]:
    """The packets of a track that a view needs to show `moment`, after what it saw `since`."""
    kind, end = track.kind, track.before(moment)
    if since is None:
        begin = track.before(moment - WINDOW) if isinstance(kind, SCROLLS) else end - 1
    else:
        begin = track.before(since)
    if isinstance(kind, NEWEST):
        begin = max(begin, end - 1)
    found = (index.packet(track, n) for n in range(max(begin, end - MOST, 0), end))
    return (packet for packet in found if packet is not None)
