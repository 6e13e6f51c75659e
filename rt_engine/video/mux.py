"""Sound laid under a film, its pictures untouched where the container takes them as they are.

By PyAV (extra `soundtrack`): its wheels bring FFmpeg's libraries for every system, so that no
program has to be installed beside Python, and errors are exceptions in place of a log to read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.extras import require

__all__ = ["lay_under"]

COPIED = {"h264", "hevc", "av1", "vp9", "mpeg4"}  # codecs whose packets .mp4 holds as they are
CODECS = "libx264", "h264", "mpeg4"  # for all others, in order
FRAME = 1024  # samples of one AAC frame


def lay_under(
    film: str | Path, sound: Iterable[npt.NDArray[np.float32]], rate: int, output: str | Path
) -> bool:
    """Write `output`: the pictures of `film` with `sound`, blocks of (n, 2) at `rate` Hz.

    Sound of the film's own is left out. Returns whether the pictures were copied bit for bit;
    those of an old codec or of .avi, which knows no times, are coded again. Raises OSError where
    a file cannot be read or written, MissingExtra without PyAV.
    """
    av = require("av")
    try:
        with av.open(str(film)) as source, av.open(str(output), "w") as target:
            picture = source.streams.video[0]
            copied = picture.codec_context.name in COPIED and source.format.name != "avi"
            video = _copied(target, picture) if copied else _coded(av, target, picture)
            audio = target.add_stream("aac", rate=rate, layout="stereo")
            (_copy if copied else _code)(source, picture, target, video)
            _encode(av, target, audio, sound, rate)
    except av.FFmpegError as error:
        raise OSError(f"{film} -> {output}: {error.strerror}") from None
    return copied


def _copied(target: Any, picture: Any) -> Any:
    return target.add_stream_from_template(picture)


def _coded(av: Any, target: Any, picture: Any) -> Any:
    name = next(codec for codec in CODECS if codec in av.codecs_available)
    video = target.add_stream(name, rate=picture.average_rate)
    # 4:2:0 needs even sizes
    video.width, video.height = picture.width // 2 * 2, picture.height // 2 * 2
    video.pix_fmt = "yuv420p"
    video.codec_context.time_base = picture.time_base
    return video


def _copy(source: Any, picture: Any, target: Any, video: Any) -> None:
    for packet in source.demux(picture):
        if packet.dts is not None:  # the last one is empty: it flushes
            packet.stream = video
            target.mux(packet)


def _code(source: Any, picture: Any, target: Any, video: Any) -> None:
    for frame in source.decode(picture):
        fitted = frame.reformat(video.width, video.height, "yuv420p")
        fitted.pts, fitted.time_base = frame.pts, picture.time_base
        target.mux(video.encode(fitted))
    target.mux(video.encode(None))


def _encode(
    av: Any, target: Any, audio: Any, sound: Iterable[npt.NDArray[np.float32]], rate: int
) -> None:
    done = 0
    for block in sound:
        for at in range(0, len(block), FRAME):
            planes = np.ascontiguousarray(block[at : at + FRAME].T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate, done
            done += planes.shape[1]
            target.mux(audio.encode(frame))
    target.mux(audio.encode(None))
