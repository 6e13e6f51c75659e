"""Films: video files and series of pictures, one picture after the other with its time."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = [
    "SUFFIXES",
    "Film",
    "Frame",
    "Movie",
    "Pictures",
    "is_stream",
    "open_film",
    "open_stream",
]

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
RATE = 30.0  # pictures a second of a series, and of a file that does not say
OPEN_MS, READ_MS = 5000, 3000  # what a network may take


class Frame(NamedTuple):
    """A picture and its time in s from the start."""

    seconds: float
    image: Image


class Movie:
    """A video file. `fps` replaces its own time stamps by even steps; 0 keeps them.

    Raises ValueError when it holds no picture that can be read.
    """

    def __init__(self, path: str, fps: float = 0.0) -> None:
        self.path, self._fps = path, fps
        self.broken: list[str] = []  # what cannot be read is passed over by the decoder
        self._capture: Any = None
        self.rewind()
        first = self._read()
        if first is None:
            self.close()
            raise ValueError(f"video file {path!r} cannot be read: {_reason(path)}")
        self.height, self.width = first.shape[:2]
        self.rewind()

    def rewind(self) -> None:
        """Start again; opened anew, because seeking is not exact in every container."""
        cv2 = opencv()
        self.close()
        self._capture = cv2.VideoCapture(self.path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        own = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = self._fps or (own if 0 < own < 1000 else RATE)
        self._promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.position, self.duration = 0, 0.0
        self._first = 0.0

    def read(self) -> Frame | None:
        """The next picture; None at the end."""
        image = self._read()
        if image is None:
            return None
        seconds = self._seconds()
        self.position += 1
        self.duration = seconds + 1 / self.rate
        return Frame(seconds, image)

    @property
    def missing(self) -> float:
        """Seconds that the header promises and that are not there, once the end was reached."""
        lost = self._promised - self.position
        # headers count generously: some containers only estimate
        certain = lost > max(self.rate / 2, 0.05 * self._promised)
        return lost / self.rate if certain else 0.0

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()

    def _read(self) -> Image | None:
        good, image = self._capture.read()
        return image if good else None

    def _seconds(self) -> float:
        """Time of the picture just read: that of the container where it moves on."""
        stamp = self._capture.get(opencv().CAP_PROP_POS_MSEC) / 1000
        if self.position == 0:
            self._first = stamp
            return 0.0
        last = self.duration - 1 / self.rate
        return self.duration if self._fps or stamp - self._first <= last else stamp - self._first


class Pictures:
    """A series of picture files: a folder, or a pattern such as "shot_%04d.png" or "*.jpg".

    A file that cannot be read is left out, and its time passes. Raises ValueError when there
    is none, or when the first one cannot be read.
    """

    missing = 0.0

    def __init__(self, path: str, fps: float = 0.0) -> None:
        self.path, self.rate = path, fps or RATE
        self._files = _series(path)
        self.broken: list[str] = []
        first = self._load(self._files[0]) if self._files else None
        if first is None:
            reason = f"{self._files[0]} is no picture" if self._files else "no pictures there"
            raise ValueError(f"pictures {path!r} cannot be read: {reason}")
        self.height, self.width = first.shape[:2]
        self.rewind()

    def rewind(self) -> None:
        """Start again."""
        self.position, self.duration = 0, len(self._files) / self.rate

    def read(self) -> Frame | None:
        """The next picture; None at the end."""
        while self.position < len(self._files):
            file, seconds = self._files[self.position], self.position / self.rate
            self.position += 1
            if (image := self._load(file)) is not None:
                return Frame(seconds, image)
            if file not in self.broken:
                self.broken.append(file)
        return None

    def close(self) -> None:
        """Nothing is open."""

    def _load(self, file: str) -> Image | None:
        image: Image | None = opencv().imread(file)
        return image


Film = Movie | Pictures


def is_stream(path: str) -> bool:
    """Whether `path` is the address of a stream, which nobody can keep waiting."""
    address = urlsplit(path)
    remote = "://" in path and address.scheme != "file"
    return remote and (address.scheme == "rtsp" or Path(address.path).suffix not in SUFFIXES)


def open_film(path: str, fps: float = 0.0) -> Film:
    """A film from a video file, a folder or a pattern; ValueError says why it cannot be."""
    remote = "://" in path
    series = Path(path).is_dir() or "*" in path or re.search(r"%\d*d", path)
    return Pictures(path, fps) if series and not remote else Movie(path, fps)


def open_stream(address: str) -> Any:
    """The `cv2.VideoCapture` of an http or RTSP stream; OSError when nobody answers."""
    cv2 = opencv()
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise OSError(f"video stream {address} cannot be opened: nobody answers, or it is none")
    return capture


def _reason(path: str) -> str:
    file = Path(path)
    if "://" in path:
        return "nobody answers, or it is no video"
    if not file.exists():
        return "no such file"
    return "it is empty" if not file.stat().st_size else "it is broken, cut off, or no video"


def _series(path: str) -> list[str]:
    if Path(path).is_dir():
        return sorted(str(f) for f in Path(path).iterdir() if f.suffix.lower() in PICTURES)
    # %04d is any digits here: a gap in the numbers does not end the series
    return sorted(glob.glob(re.sub(r"%0?(\d*)d", "[0-9]*", path)), key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
