"""A capture, read in a thread of its own, so that nobody ever sees an old picture."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Image", "Reader", "Shot", "exposed_at"]

Image = npt.NDArray[np.uint8]

PATIENCE = 5.0  # s without a picture after which a capture counts as lost
JOIN = 0.5  # s to wait for the thread at the end; a driver that hangs is left behind
PLAUSIBLE = 1_000_000_000  # ns: the largest age of a picture that a driver may stamp


class Shot(NamedTuple):
    """A picture, when it arrived (ns on the engine clock) and the capture's own stamp (ms)."""

    image: Image
    arrival: int
    stamp: float


class Reader:
    """Grabs pictures as fast as they come and keeps only the newest.

    Buffers of drivers and networks hold old pictures when they are not emptied all the time.
    `capture` is a `cv2.VideoCapture`, released at the end; `now` gives ns.
    """

    def __init__(
        self, capture: Any, name: str, now: Callable[[], int], patience: float = PATIENCE
    ) -> None:
        self.name, self.ended = name, False
        self._capture, self._now, self._patience = capture, now, round(patience * 1e9)
        self._stamp_key = _stamp_key(capture)
        self._shot: Shot | None = None
        self._changed = threading.Condition()
        self._last = now()
        self._thread = threading.Thread(target=self._run, name=f"rt-{name}", daemon=True)
        self._thread.start()

    def take(self, timeout: float = 0.2) -> Shot | None:
        """The newest picture that was not taken yet, or None after `timeout` s.

        Raises OSError when the capture has ended, or has been silent for too long.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._shot or self.ended, timeout)
            shot, self._shot = self._shot, None
        if shot is None and self.ended:
            raise OSError(f"{self.name} gives no more pictures")
        if shot is None and self._now() - self._last > self._patience:
            raise OSError(f"{self.name} has been silent for {self._patience / 1e9:.3g} s")
        self._last = shot.arrival if shot else self._last
        return shot

    def close(self) -> None:
        """End the thread."""
        self.ended = True
        self._thread.join(JOIN)

    def _run(self) -> None:
        try:
            while not self.ended and (shot := self._next()):
                with self._changed:
                    self._shot = shot
                    self._changed.notify()
        finally:
            self._capture.release()
            with self._changed:
                self.ended = True
                self._changed.notify()

    def _next(self) -> Shot | None:
        """The next picture that can be decoded; None at the end."""
        while self._capture.grab():
            arrival = self._now()
            stamp = self._capture.get(self._stamp_key) if self._stamp_key is not None else 0.0
            good, image = self._capture.retrieve()  # decoding comes after the time was taken
            if good:
                return Shot(image, arrival, stamp)
        return None


def exposed_at(shot: Shot) -> int:
    """When the picture was taken, in ns: by the driver where its stamp can be, else on arrival.

    V4L2 stamps on the monotonic clock, which is the engine's; a driver that counts otherwise
    gives a time that is not just before the arrival.
    """
    stamp = round(shot.stamp * 1e6)
    return stamp if 0 <= shot.arrival - stamp < PLAUSIBLE else shot.arrival


def _stamp_key(capture: Any) -> int | None:
    """The property that holds the driver's time; elsewhere it is a position in the stream."""
    from rt_engine.video.opencv import opencv

    return int(opencv().CAP_PROP_POS_MSEC) if capture.getBackendName() == "V4L2" else None
