"""Pictures of a take as a film: with the people found in them and the sound beside them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.core import SECOND, Packet
from rt_engine.exports.material import Material, Place
from rt_engine.exports.sound import Line
from rt_engine.extras import require
from rt_engine.kinds import Audio, Beats, Images, Poses, Skeletons

__all__ = ["to_film"]

CODECS = ("libx264", "h264", "mpeg4")  # the first that there is
TICKS = 90_000  # a second, of the times in the film
STAGE_RATE = 30.0  # pictures a second, where they are drawn

Image = npt.NDArray[np.uint8]


class _Film:
    """A film that grows by pictures at their own times (ns)."""

    def __init__(self, path: Path, origin: int) -> None:
        self._av = require("av")
        self._origin, self._last, self.count = origin, -1, 0
        self._file = self._av.open(str(path), "w")
        self._stream: Any = None

    def add(self, t: int, image: Image) -> None:
        """Add a picture; one that is not later than the last is left out."""
        tick = round((t - self._origin) * TICKS / SECOND)
        if tick <= self._last:
            return
        self._last, self.count = tick, self.count + 1
        if self._stream is None:
            self._stream = self._opened(image)
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame = frame.reformat(self._stream.width, self._stream.height, "yuv420p")
        frame.pts, frame.time_base = tick, Fraction(1, TICKS)
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is left."""
        if self._stream is not None:
            self._file.mux(self._stream.encode(None))
        self._file.close()

    def _opened(self, image: Image) -> Any:
        codec = next(name for name in CODECS if name in self._av.codecs_available)
        stream = self._file.add_stream(codec, rate=30)
        stream.width, stream.height = image.shape[1] // 2 * 2, image.shape[0] // 2 * 2  # 4:2:0
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        stream.codec_context.time_base = Fraction(1, TICKS)
        return stream


class _Camera:
    """Pictures with what was found in them: drawn when the next one comes, as by then all that
    the graph makes of a picture is there.
    """

    def __init__(self, film: _Film, pictures: Place) -> None:
        self._film, self._pictures = film, pictures
        self._waiting: Packet | None = None
        self._found: dict[type, Any] = {}

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet."""
        if packet is None:
            return
        if (node, output) == self._pictures:
            self.flush()
            self._waiting = packet
        elif packet.data:
            self._found[type(packet.data[0])] = packet.data
        else:
            self._found.clear()

    def flush(self) -> None:
        """Draw the picture that waits."""
        from rt_engine.kinds import Pose, SkeletonPose
        from rt_engine.video.drawing import draw

        if self._waiting is not None and self._waiting.data.size:
            poses, bodies = self._found.get(Pose, []), self._found.get(SkeletonPose, [])
            overlay = draw(self._waiting.data, poses, [] if poses else bodies)
            self._film.add(self._waiting.t, overlay)
        self._waiting = None


class _Stage:
    """Drawn bodies, where there are no pictures."""

    def __init__(self, film: _Film) -> None:
        from rt_engine.video.stage import Stage

        self._film, self._stage = film, Stage(960, 720)
        self._next, self._struck = 0, -float(SECOND)
        self._strikes: list[int] = []

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet."""
        if packet is None:
            return
        if not isinstance(packet.data, list):
            self._strikes = [*self._strikes[-7:], packet.t]
        elif packet.t >= self._next:
            self._next = packet.t + round(SECOND / STAGE_RATE * 0.9)
            struck = max((t for t in self._strikes if t <= packet.t), default=-SECOND)
            pose = packet.data[0] if packet.data else None
            self._film.add(packet.t, self._stage.draw(packet.t / SECOND, pose, struck / SECOND))


def to_film(material: Material, output: Path) -> str:
    """Pictures of the camera with the people in them, else the bodies drawn; with the sound of
    the take, if it has any. Needs the extras "soundtrack" and "pose".
    """
    require("av"), require("cv2")
    pictures, bodies = material.one(Images), material.of(Skeletons)
    if pictures is None and not bodies:
        raise material.lacks(output.suffix, "pictures and no skeletons")
    silent = output.with_name(f"{output.stem}.silent{output.suffix}")
    film = _Film(silent, material.origin)
    try:
        try:
            _draw(material, film, pictures)
        finally:
            film.close()
        if not film.count:
            raise material.lacks(output.suffix, "picture in all its length")
        return f"{film.count} pictures, {_with_sound(material, silent, output)}"
    finally:
        silent.unlink(missing_ok=True)


def _draw(material: Material, film: _Film, pictures: Place | None) -> None:
    if pictures is None:
        ictus = sorted(material.of(Beats), key=lambda place: place[1] != "ictus")[:1]
        material.play([material.of(Skeletons)[-1], *ictus], _Stage(film))
        return
    wish, material.wish = material.wish, ""
    overlays = [*material.of(Poses)[-1:], *material.of(Skeletons)[-1:]]
    material.wish = wish
    camera = _Camera(film, pictures)
    material.play([pictures, *overlays], camera)
    camera.flush()


def _with_sound(material: Material, silent: Path, output: Path) -> str:
    from rt_engine.video.mux import lay_under

    wish, material.wish = material.wish, ""
    place = material.one(Audio)
    if place is None or not material.is_source(place):
        silent.replace(output)
        return "no sound"
    form = material.places[place]
    assert isinstance(form, Audio)
    lay_under(silent, _blocks(material, place, form), form.rate, output)
    material.wish = wish
    return f"with the sound of {'.'.join(place)}"


def _blocks(material: Material, place: Place, form: Audio) -> Iterator[npt.NDArray[np.float32]]:
    """The sound in stereo, from the origin of the film."""
    made: list[npt.NDArray[np.float32]] = []
    line = Line(material, form, made.append)
    material.play([place], line)
    for block in made:
        wide = block[:, None] if block.ndim == 1 else block
        yield np.ascontiguousarray(wide[:, [0, min(1, wide.shape[1] - 1)]], np.float32)
