"""Cameras: listed, found by number or by a part of their name, and opened."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rt_engine.video.opencv import opencv

__all__ = ["Device", "find_camera", "list_cameras", "open_camera"]

SYSFS = Path("/sys/class/video4linux")
PROBED = 4  # how many numbers are tried where the system has no list
WIDE = 640  # pixels; beyond this, a USB 2 camera sends its full rate only as JPEG


@dataclass(frozen=True, order=True)
class Device:
    """A camera: its number for OpenCV, and what the system calls it."""

    index: int
    name: str


def list_cameras() -> list[Device]:
    """The cameras of this machine; beyond Linux only their numbers are known."""
    if sys.platform != "linux":
        return [Device(i, f"camera {i}") for i in range(PROBED) if _opens(i)]
    found = []
    for folder in SYSFS.glob("video*"):
        # A camera has several device nodes; only the first of them gives pictures.
        if _line(folder / "index") in ("", "0"):
            found.append(Device(int(folder.name.removeprefix("video")), _line(folder / "name")))
    return sorted(found)


def find_camera(wanted: int | str) -> Device:
    """The camera of this number, or the only one whose name has this part.

    Raises OSError that lists what exists.
    """
    if isinstance(wanted, int) or wanted.isdecimal():
        index = int(wanted)
        known = {} if sys.platform != "linux" else {d.index: d.name for d in list_cameras()}
        return Device(index, known.get(index, f"camera {index}"))
    found = [d for d in list_cameras() if wanted.lower() in d.name.lower()]
    found = [d for d in found if d.name == wanted] or found
    if len(found) != 1:
        how = "there is no" if not found else f"{len(found)} cameras match:"
        raise OSError(f"{how} camera {wanted!r}{_known()}")
    return found[0]


def open_camera(device: Device, width: int, height: int, fps: float) -> Any:
    """The opened `cv2.VideoCapture`; OSError that lists the cameras when it does not open.

    The camera decides; it may give another size or rate than was asked for.
    """
    cv2 = opencv()
    capture = cv2.VideoCapture(device.index, _backend(cv2))
    if not capture.isOpened():
        raise OSError(f"camera {device.index} ({device.name}) cannot be opened{_known()}")
    if width > WIDE:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for key, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, width),
        (cv2.CAP_PROP_FRAME_HEIGHT, height),
        (cv2.CAP_PROP_FPS, fps),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ):
        capture.set(key, value)
    return capture


def _backend(cv2: Any) -> int:
    return int(cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)


def _opens(index: int) -> bool:
    cv2 = opencv()
    capture = cv2.VideoCapture(index, _backend(cv2))
    opened = bool(capture.isOpened())
    capture.release()
    return opened


def _line(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError:  # taken out just now
        return ""


def _known() -> str:
    names = ", ".join(f"{d.index} {d.name!r}" for d in list_cameras())
    return f" (cameras: {names or 'none'})"
