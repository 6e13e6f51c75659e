"""The browser as a device: whose pictures and sound are taken, and when they were captured."""

from __future__ import annotations

import time
from typing import Any

from rt_engine.core.clock import SECOND
from rt_engine.inlets import PICTURES, SOUND, Arrived, pass_on
from rt_engine.web.errors import PageError
from rt_engine.web.messages import Media

__all__ = ["Browser"]

SILENT = 2.0  # s after which another browser may take over
OLDEST = 2 * SECOND  # ns that a capture may lie back; what claims more came just now


class Browser:
    """Passes on what one browser at a time sends: one camera and one microphone a graph."""

    def __init__(self) -> None:
        self._owner: dict[str, tuple[Any, float]] = {}

    def take(self, viewer: object, media: Media, offset: float | None) -> None:
        """Pass on what `viewer` sent; `offset` (s) makes its time the engine's."""
        what = PICTURES if media.what == 1 else SOUND
        now = time.monotonic()
        owner, heard = self._owner.get(what, (viewer, now))
        if owner is not viewer and now - heard < SILENT:
            raise PageError(
                f"another browser already sends its {what}", "Stop sending there first."
            )
        self._owner[what] = (viewer, now)
        pass_on(what, Arrived(_captured(media, offset), media.data, media.rate))


def _captured(media: Media, offset: float | None) -> int:
    now = time.monotonic_ns()
    if offset is None:
        return now
    t = round((media.t + offset) * SECOND)
    return t if now - OLDEST <= t <= now else now
