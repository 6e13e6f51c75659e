"""Where drawn pictures go: a window, a film, numbered pictures, or nowhere."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any, Protocol

from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = ["Screen", "has_display", "open_screen"]

SECOND = 1_000_000_000
LONGEST_STILL = 2.0  # s of one picture in a film while none came
PICTURES = (".png", ".jpg", ".jpeg")
CODES = {".mp4": "mp4v", ".avi": "MJPG"}


class Screen(Protocol):
    """Takes pictures with their times in ns."""

    def wants(self, t: int, every: float) -> bool:
        """Whether a picture of time `t` is used at all; `every` s in a series of pictures."""
        ...

    def show(self, t: int, image: Image) -> None:
        """Show or write it."""
        ...

    def close(self) -> None:
        """Close the window or the file."""
        ...


def open_screen(path: str, rate: float, title: str, log: logging.Logger) -> Screen:
    """What `path` asks for; "" is a window, if there is a display.

    Raises OSError for a file that cannot be written.
    """
    if not path:
        return Window(title) if has_display() else Nowhere(log)
    suffix = Path(path).suffix.lower()
    if not Path(path).parent.is_dir():
        raise OSError(f"{path}: there is no folder {str(Path(path).parent)!r}")
    if suffix in PICTURES:
        return Series(Path(path))
    if suffix in CODES:
        return Movie(path, rate, CODES[suffix])
    known = " ".join((*CODES, *PICTURES))
    raise OSError(f"{path}: no such format (formats: {known})")


class Window:
    """A window; OpenCV wants it used by the thread that opened it."""

    def __init__(self, title: str) -> None:
        self._title = title
        opencv().namedWindow(title)

    def wants(self, t: int, every: float) -> bool:
        return True

    def show(self, t: int, image: Image) -> None:
        cv2 = opencv()
        cv2.imshow(self._title, image)
        cv2.waitKey(1)

    def close(self) -> None:
        opencv().destroyWindow(self._title)


class Nowhere:
    """No display: said once, and nothing is drawn."""

    def __init__(self, log: logging.Logger) -> None:
        log.warning("no display here: nothing is shown; set 'path' to write .png or .mp4")

    def wants(self, t: int, every: float) -> bool:
        return False

    def show(self, t: int, image: Image) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Series:
    """Numbered pictures: view.png becomes view-0001.png, view-0002.png ..."""

    def __init__(self, path: Path) -> None:
        self._path, self._count, self._last = path, 0, 0

    def wants(self, t: int, every: float) -> bool:
        return not self._count or t - self._last >= every * SECOND

    def show(self, t: int, image: Image) -> None:
        self._count, self._last = self._count + 1, t
        name = self._path.with_stem(f"{self._path.stem}-{self._count:04d}")
        if not opencv().imwrite(str(name), image):
            raise OSError(f"{name}: cannot be written")

    def close(self) -> None:
        """Every picture was closed at once."""


class Movie:
    """A film of even rate: a picture stands as long as it did in the world."""

    def __init__(self, path: str, rate: float, code: str) -> None:
        self._path, self._rate, self._code = path, rate, code
        self._writer: Any = None
        self._size = (0, 0)
        self._start, self._written = 0, 0
        self._image: Image | None = None

    def wants(self, t: int, every: float) -> bool:
        return True

    def show(self, t: int, image: Image) -> None:
        """Write the picture before it up to time `t`; of two in one step the later one stays."""
        if self._writer is None:
            self._start = t
            self._open(image)
        due = round((t - self._start) * self._rate / SECOND)
        longest = round(LONGEST_STILL * self._rate)
        if due - self._written > longest:
            self._start += round((due - self._written - longest) * SECOND / self._rate)
            due = self._written + longest
        self._fill(due)
        fits = image.shape[1::-1] == self._size
        self._image = image if fits else opencv().resize(image, self._size)

    def close(self) -> None:
        if self._writer is not None:
            self._fill(self._written + 1)
            self._writer.release()

    def _open(self, image: Image) -> None:
        cv2 = opencv()
        self._size = (image.shape[1], image.shape[0])
        code = cv2.VideoWriter.fourcc(*self._code)
        self._writer = cv2.VideoWriter(self._path, code, self._rate, self._size)
        if not self._writer.isOpened():
            raise OSError(f"{self._path}: cannot be written")

    def _fill(self, due: int) -> None:
        while self._image is not None and self._written < due:
            self._writer.write(self._image)
            self._written += 1


def has_display() -> bool:
    """Asked before OpenCV is: its window system ends the process where there is none."""
    if "GUI:                           NONE" in opencv().getBuildInformation():
        return False
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform != "linux" or any(map(os.environ.get, names))
