"""A take that is looked at: any moment of it, in all views at once, at any speed.

The packets of the moment go to the hub as if the graph ran, so that the views need not know.
What the sources gave comes from the take; what the graph makes of it from the second record that
a process writes when the take is opened for the first time (`caching`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from rt_engine import kinds
from rt_engine.core import SECOND, GraphError, Packet
from rt_engine.indexing import Index, Track
from rt_engine.web.errors import PageError
from rt_engine.web.jobs import Job
from rt_engine.web.moments import of_moment
from rt_engine.web.playhead import TICK, Playhead, finite

__all__ = ["Looker", "Timeline"]

CHUNK = 5000  # messages of a long take that are looked for between two moments
TOLD = 0.1  # s between two messages while it plays
GROWS = 0.5  # s between two looks at a cache that grows
STEP = 1 / 30  # s, where there are no pictures to step over


class Looker(Protocol):
    """Takes the packets of a moment: the hub."""

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet."""

    def watched(self, node: str, output: str) -> bool:
        """Whether somebody looks at this output."""


class Timeline:
    """The open take at `path`; `kept` is the path of its cache. Closed by `close`.

    Raises GraphError where the file is no take.
    """

    def __init__(
        self,
        path: Path,
        kept: Path,
        hub: Looker,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.name, self._kept, self._hub, self._tell = path.stem, kept, hub, tell
        self._take = Index(path, CHUNK)
        self.whole = False  # whether all of it has been found
        self._cache: Index | None = None
        self._job = None if kept.exists() else Job("cache", str(path), str(kept))
        self._head = Playhead(lambda: self.length)
        self._shown = -1.0  # s, the last moment that was sent; -1: none
        self._again = False
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="rt-timeline", daemon=True)
        self._thread.start()

    @property
    def length(self) -> float:
        """Seconds."""
        return self._take.length

    def state(self) -> dict[str, Any]:
        """What the page is told."""
        with self._changed:
            head = self._head
            return {
                "is": "take", "name": self.name, "t": round(head.position, 4),
                "length": round(self.length, 4), "playing": head.playing,
                "speed": head.speed, "loop": list(head.loop) if head.loop else None,
                "cache": self.cached(),
                "problem": self._job.error if self._job else None,
            }  # fmt: skip

    def cached(self) -> float:
        """The share of the take whose derived outputs can be seen."""
        if self._job is None or self._job.file is not None:
            return 1.0
        return self._job.done

    def command(self, what: str, value: Any = None) -> None:
        """Play, pause, seek (s), speed, loop ([from, to] or None), step (-1 or 1)."""
        with self._changed:
            head = self._head
            calls: dict[str, Callable[[Any], None]] = {
                "play": head.play, "pause": head.pause, "seek": head.seek,
                "speed": head.set_speed, "loop": head.set_loop, "step": self._step,
            }  # fmt: skip
            if what not in calls:
                raise PageError(f"unknown command {what!r}", f"One of {', '.join(calls)}.")
            try:
                calls[what](value)
            except (TypeError, ValueError, OverflowError):
                raise PageError(
                    f"{what}: {str(value)[:40]} is no value for it", "A number."
                ) from None
            self._changed.notify_all()

    def again(self) -> None:
        """Somebody else looks: show the moment once more."""
        with self._changed:
            self._again = True
            self._changed.notify_all()

    def close(self) -> None:
        """Let go of the files; a cache that is not whole is given up."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        if self._job is not None and self._job.running:
            self._job.stop()
        self._take.close()
        if self._cache is not None:
            self._cache.close()

    def show(self, a: float, b: float) -> None:
        """Send what arrived from `a` to `b` s to the hub; a below 0: the moment `b` alone."""
        now, first = time.monotonic_ns(), self._take.first
        moment = first + round(b * SECOND)
        since = first + round(a * SECOND) if a >= 0 else None
        for index, track in self._tracks():
            if self._hub.watched(track.node, track.output):
                for packet in of_moment(index, track, since, moment):
                    t = now + round((packet.t - moment) / self._head.speed)
                    self._hub(track.node, track.output, Packet(t, packet.data, packet.seq))

    def refresh(self) -> None:
        """Look at the cache; what it now has of the moment that stands is shown."""
        moment = self._moment()
        reached, ended = self._reached()
        if self._cache is None:
            part = self._kept.with_suffix(self._kept.suffix + ".part")
            with contextlib.suppress(GraphError, OSError):
                self._cache = Index(self._kept if self._kept.exists() else part)
        elif not ended:
            self._cache.extend()
        now_reached, now_ended = self._reached()
        if (reached < moment <= now_reached) or (now_ended and not ended):
            self._again = True

    def _read_on(self) -> None:
        """Find more of the take; the moment is shown again when it is reached."""
        moment, reached = self._moment(), self._take.last
        self.whole = not self._take.extend(CHUNK)
        if reached < moment and (self.whole or moment <= self._take.last):
            self._again = True

    def _moment(self) -> int:
        return self._take.first + round(self._head.position * SECOND)

    def _reached(self) -> tuple[int, bool]:
        """How far the cache goes (ns), and whether that is all."""
        return (self._cache.last, self._cache.ended) if self._cache else (0, False)

    def _tracks(self) -> Iterator[tuple[Index, Track]]:
        for index in (self._take, self._cache):
            for track in index.tracks.values() if index else ():
                yield index, track  # type: ignore[misc]

    def _step(self, steps: Any) -> None:
        """On by pictures, else by `STEP`."""
        count = round(finite(steps))
        self._head.pause()
        pictures = next((t for _, t in self._tracks() if isinstance(t.kind, kinds.Images)), None)
        if pictures is None or not pictures.times:
            self._head.seek(self._head.position + count * STEP)
            return
        at = pictures.before(self._moment()) - 1 + count
        at = min(max(at, 0), len(pictures.times) - 1)
        self._head.seek((pictures.times[at] - self._take.first) / SECOND)

    def _run(self) -> None:
        told = looked = 0.0
        before = time.monotonic()
        while not self._ending:
            now = time.monotonic()
            if now - looked >= GROWS:
                looked = now
                self.refresh()
            if not self.whole:
                self._read_on()
            jumped = self._send(now - before)
            before = now
            if jumped or now - told >= (TOLD if self._head.playing else GROWS):
                told = now
                self._tell({**self.state(), "jumped": jumped})
            with self._changed:
                self._pause_until(
                    now + TICK if self._head.playing or not self.whole else now + GROWS
                )

    def _send(self, seconds: float) -> bool:
        """Show what is new after `seconds`; whether it is another place of the take."""
        with self._changed:
            self._head.advance(seconds)
            t, jumped, again = self._head.position, self._head.jumped, self._again
            self._head.jumped = self._again = False
        if t != self._shown or jumped or again:
            self.show(-1.0 if jumped or again else self._shown, t)
            self._shown = t
        return jumped

    def _pause_until(self, due: float) -> None:
        """Sleep; a command wakes it up, but not before a picture could be shown again."""
        while (
            not (self._ending or self._head.jumped or self._again)
            and (left := due - time.monotonic()) > 0
        ):
            woken = self._changed.wait(left)
            if woken and not self._head.playing:
                return
