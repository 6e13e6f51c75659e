"""OpenCV, in one thread and without its chatter."""

from __future__ import annotations

import os
from types import ModuleType

from rt_engine.extras import require

__all__ = ["opencv"]


def opencv() -> ModuleType:
    """The cv2 module; MissingExtra with the line to type where it is missing."""
    # What is wrong with a file or a camera, our own errors say; FFmpeg's level -8 is silence.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2 = require("cv2")
    cv2.setLogLevel(0)
    cv2.setNumThreads(1)  # its own threads would take turns with those of the graph
    return cv2
