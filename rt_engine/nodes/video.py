"""Pictures in and out: a camera, a film or stream, a view of what was seen."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

from msgspec import Meta

from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, Source
from rt_engine.kinds import Frames, Images, Poses, Skeletons
from rt_engine.motion.people import chosen
from rt_engine.video import films, hand_flow
from rt_engine.video.cameras import find_camera, open_camera
from rt_engine.video.drawing import draw
from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image, Reader, exposed_at
from rt_engine.video.screens import Screen, open_screen

__all__ = ["Camera", "File", "HandFlow", "View"]

MS = 1_000_000
NAP = SECOND // 5  # the longest wait before a read returns
BREATH = 2 * MS  # after a picture: who takes it wakes up on the same core, and goes first
PENDING = 16  # pictures that wait for what is drawn over them
KEPT = 32  # overlays that wait for their picture

Mirror = Annotated[bool, Knob(description="left and right swapped, as in a mirror")]
Delay = Annotated[
    float,
    Knob(ge=-200, le=1000, unit="ms", description="from the exposure to the time stamp; see "
         "'calibrate av'"),
]  # fmt: skip


class Camera(Source):
    """A camera of this machine; each picture is the newest one that there is.

    Its time is that of the driver where the driver has a believable one, else that of its
    arrival, and `delay_ms` less. A camera that is gone is looked for and opened again.
    """

    device = True
    images = Output(Images)
    camera: Annotated[int | str, Meta(description="number, or a part of the name")] = 0
    size: Annotated[tuple[int, int], Meta(description="width and height to ask for")] = (640, 480)
    fps: Annotated[float, Meta(gt=0, le=1000, description="pictures a second to ask for")] = 30.0
    mirror: Mirror = False
    delay_ms: Delay = 0.0

    def plan(self) -> None:
        self.images.format = Images(*self.size, self.fps)
        self._size = self.size

    def open(self) -> None:
        device = find_camera(self.camera)
        capture = open_camera(device, *self.size, self.fps)
        self._reader = Reader(capture, f"camera {device.index} ({device.name})", self.clock.now)

    def read(self) -> None:
        """The newest picture; OSError when the camera gives no more."""
        if shot := self._reader.take():
            self._size = _said_once(self, shot.image, self._size)
            t = exposed_at(shot) - round(self.delay_ms * MS)
            self.images.emit(t, _turned(shot.image, self.mirror))

    def close(self) -> None:
        if hasattr(self, "_reader"):
            self._reader.close()


class File(Source):
    """A film at its own pace: a video file, a folder or pattern of pictures, or a stream.

    `path` may also be an http (MJPEG) or RTSP address: then nobody can keep it waiting, each
    picture is the newest one, its time is that of its arrival, and when it breaks it is opened
    again. The times of a film are those of its container, from the moment it started.
    """

    suffixes = (*films.SUFFIXES, "/")  # a folder of pictures ends so
    prefixes = ("http://", "https://", "rtsp://")
    images = Output(Images)
    path: Annotated[str, Meta(min_length=1, description="file, folder, pattern or address")]
    fps: Annotated[float, Meta(ge=0, le=1000, description="pictures a second; 0: the file's")] = 0.0
    loop: Annotated[bool, Meta(description="start again at the end")] = False
    mirror: Mirror = False
    delay_ms: Delay = 0.0

    def plan(self) -> None:
        self._live = films.is_stream(self.path)
        self.device = self._live  # type: ignore[misc]  # a class variable elsewhere
        if self._live:
            self.images.format, self._size = Images(rate=self.fps), (0, 0)
            return
        film = films.open_film(self.path, self.fps)
        self._size = (film.width, film.height)
        self.images.format = Images(film.width, film.height, film.rate)
        film.close()

    def open(self) -> None:
        if self._live:
            capture = films.open_stream(self.path)
            self._feed: Reader | films.Film = Reader(
                capture, f"video stream {self.path}", self.clock.now
            )
        else:
            self._feed = films.open_film(self.path, self.fps)

    def reset(self) -> None:
        self._start: int | None = None
        self._next: films.Frame | None = None
        self._free = 0  # ns, from when the next picture may be decoded
        self._cut = False
        if not isinstance(self._feed, Reader):
            self._feed.rewind()

    def read(self) -> bool | None:
        """One picture, once its time has come; False after the last."""
        if isinstance(self._feed, Reader):
            if shot := self._feed.take():
                self._emit(shot.arrival, shot.image)
            return None
        return self._play(self._feed)

    def close(self) -> None:
        if hasattr(self, "_feed"):
            self._feed.close()

    def _play(self, film: films.Film) -> bool:
        if self._start is None:
            self._start = self.clock.now()
        if self._next is None and not self.clock.wait_until(self._free):
            return False
        self._next = self._next or self._following(film)
        if self._next is None:
            return False
        t = self._start + round(self._next.seconds * SECOND)
        if not self.clock.wait_until(min(t, self.clock.now() + NAP)):
            return False
        if self.clock.now() >= t:
            self._emit(t, self._next.image)
            self._next, self._free = None, self.clock.now() + BREATH
        return True

    def _following(self, film: films.Film) -> films.Frame | None:
        """The next picture of the film, of its next round where it is a loop."""
        broken = len(film.broken)
        frame = film.read()
        for name in film.broken[broken:]:
            self.log.warning("picture %s cannot be read; left out", name)
        if frame is None and film.missing and not self._cut:
            self._cut = True
            self.log.warning(
                "video file %r breaks off at %.1f s, %.1f s before the end that it promises",
                self.path, film.duration, film.missing,
            )  # fmt: skip
        if frame is None and self.loop and film.position:
            self._start = (self._start or 0) + round(film.duration * SECOND)
            film.rewind()
            frame = film.read()
            if frame is None:
                raise OSError(f"{self.path!r} cannot be read any more")
        return frame

    def _emit(self, t: int, image: Image) -> None:
        self._size = _said_once(self, image, self._size)
        self.images.emit(t - round(self.delay_ms * MS), _turned(image, self.mirror))


class View(Node):
    """Pictures with the skeletons that were found in them.

    Shown in a window, or written to `path`: a film (.mp4, .avi), or pictures (.png, .jpg), one
    every `every` seconds, numbered. A picture waits until all wired overlays have come as far
    as it; one that the detector skipped has the overlay before it.
    """

    threaded = True
    images = Input(Images, size=8)
    poses = Input(Poses, optional=True)
    skeletons = Input(Skeletons, optional=True)
    path: Annotated[str, Meta(description='file to write; "" is a window')] = ""
    every: Annotated[float, Knob(gt=0, unit="s", description="between two pictures")] = 1.0
    fps: Annotated[float, Meta(ge=0, le=240, description="of a film; 0: that of the source")] = 0.0
    visibility: Annotated[float, Knob(ge=0, le=1, description="from which points are drawn")] = 0.5

    def plan(self) -> None:
        self.live_only = not self.path  # type: ignore[misc]  # a class variable elsewhere
        self._overlays = [name for name in ("poses", "skeletons") if name in self.formats]

    def open(self) -> None:
        opencv()
        rate = self.fps or self.images.format.rate or films.RATE
        self._screen: Screen = open_screen(self.path, rate, self.name, self.log)

    def reset(self) -> None:
        self._waiting: deque[Packet] = deque()
        self._seen: dict[str, deque[Packet]] = {n: deque(maxlen=KEPT) for n in self._overlays}

    def on_images(self, packet: Packet) -> None:
        self._waiting.append(packet)
        self._show()

    def on_poses(self, packet: Packet) -> None:
        self._seen["poses"].append(packet)
        self._show()

    def on_skeletons(self, packet: Packet) -> None:
        self._seen["skeletons"].append(packet)
        self._show()

    def close(self) -> None:
        if not hasattr(self, "_screen"):
            return
        while hasattr(self, "_waiting") and self._waiting:
            self._draw(self._waiting.popleft())
        self._screen.close()

    def _show(self) -> None:
        """Draw the pictures that need not wait any more."""
        come = [seen[-1].t if seen else None for seen in self._seen.values()]
        while self._waiting:
            t = self._waiting[0].t
            if any(c is None or c < t for c in come) and len(self._waiting) <= PENDING:
                return
            self._draw(self._waiting.popleft())

    def _draw(self, packet: Packet) -> None:
        if not self._screen.wants(packet.t, self.every):
            return
        overlays: dict[str, Any] = {
            name: next((p.data for p in reversed(seen) if p.t <= packet.t), [])
            for name, seen in self._seen.items()
        }
        self._screen.show(packet.t, draw(packet.data, visibility=self.visibility, **overlays))


class HandFlow(Node):
    """How pictures and hands in them move, as a network that hears music in video wants it.

    Seven numbers, fifty times a second: optical flow; of the left hand speed, velocity to the
    right and up; of the right hand the same; each over its largest of late. Magnitudes are 0 at
    rest, velocities 0.5. A frame comes with the first poses of a picture 20 ms or more after its
    time; while nobody is seen the hands rest. Pictures that the detector skips count for the flow.

    MOSA (2024), section IV A 3, made causal; see `rt_engine.video.hand_flow`.
    """

    images = Input(Images, size=8)
    poses = Input(Poses)
    flow = Output(Frames)
    person: Annotated[int, Knob(ge=-1, description="whose hands; -1: the first in sight")] = -1

    def plan(self) -> None:
        self.flow.format = Frames(hand_flow.FPS, hand_flow.SIZE, "hand flow")

    def open(self) -> None:
        opencv()

    def reset(self) -> None:
        self._followed = -1
        self._stream, self._pictures = hand_flow.HandFlow(), hand_flow.Flow()
        self._flows: deque[tuple[int, float]] = deque(maxlen=KEPT)  # until their poses come

    def on_images(self, packet: Packet) -> None:
        if packet.data.size:
            self._flows.append((packet.t, self._pictures.step(packet.data)))

    def on_poses(self, packet: Packet) -> None:
        moved = 0.0
        while self._flows and self._flows[0][0] <= packet.t:
            moved += self._flows.popleft()[1]
        hands, seen = hand_flow.UNSEEN
        if pose := chosen(packet.data, self.person, self._followed):
            hands, seen = hand_flow.hand_centres(pose)
            seen = seen * (pose.person == self._followed)  # another's hands did not move here
            self._followed = pose.person
        rows = self._stream.step(packet.t / SECOND, moved, hands, seen)
        for t, row in zip(rows.times.tolist(), rows.values, strict=True):
            self.flow.emit(round(t * SECOND), row)


def _turned(image: Image, mirror: bool) -> Image:
    """The picture, or its mirror image."""
    if not mirror:
        return image
    flipped: Image = opencv().flip(image, 1)
    return flipped


def _said_once(node: Camera | File, image: Image, size: tuple[int, int]) -> tuple[int, int]:
    """The size of `image`; one line in the log when it is another than `size`."""
    height, width = image.shape[:2]
    if size not in ((width, height), (0, 0)):
        node.log.warning("pictures are now %d x %d, not %d x %d", width, height, *size)
    return width, height
