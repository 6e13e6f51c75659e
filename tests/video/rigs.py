"""Films made on the spot, cameras that are none, and a little MJPEG server."""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import cv2
import numpy as np

from rt_engine.kinds import Pose

WIDTH, HEIGHT, FPS = 96, 64, 25


def shade(number):
    """A picture that tells its number by its brightness."""
    return np.full((HEIGHT, WIDTH, 3), 30 + 5 * number, np.uint8)


def number_of(image):
    return round((float(image.mean()) - 30) / 5)


def film(path, pictures, fps=FPS, code="MJPG"):
    """Write a film; `pictures` is a count of shades, or pictures."""
    shades = [shade(i) for i in range(pictures)] if isinstance(pictures, int) else pictures
    height, width = shades[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), fps, (width, height))
    assert writer.isOpened()
    for picture in shades:
        writer.write(picture)
    writer.release()
    return str(path)


def pose(person=0, width=WIDTH, height=HEIGHT, hands=None):
    """A person in the middle of the picture, every landmark somewhere else."""
    step = np.arange(33, dtype=np.float32)
    image = np.stack([width * (0.3 + step / 99), height * (0.2 + step / 66), step - 16], axis=1)
    world = np.stack([step / 33 - 0.5, 1 - step / 16, step / 330], axis=1)
    seen = np.linspace(0.5, 1, 33, dtype=np.float32)
    hand = None if hands is None else np.full((21, 3), hands, np.float32)
    return Pose(person, image, world, seen, width, height, hand, hand)


class FakeCapture:
    """What `cv2.VideoCapture` does, for a camera that gives `pictures` and is then pulled out.

    `later`: captures of further openings; the last one stays. Without pictures it does not open.
    """

    later: ClassVar[list[dict]] = []
    opened: ClassVar[list["FakeCapture"]] = []

    def __init__(self, *arguments):
        self.arguments = arguments
        plan = self.later.pop(0) if len(self.later) > 1 else self.later[0]
        self.pictures, self.rate = plan.get("pictures", []), plan.get("rate", 200.0)
        self.stamps, self.backend = plan.get("stamps"), plan.get("backend", "V4L2")
        self.hangs = plan.get("hangs", False)
        self.set_to, self.released, self.count = {}, False, 0
        self.opened.append(self)

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return bool(self.pictures) or self.hangs

    def getBackendName(self):  # noqa: N802
        return self.backend

    def set(self, key, value):
        self.set_to[key] = value
        return True

    def grab(self):
        while self.hangs and not self.released:
            time.sleep(0.01)
        time.sleep(1 / self.rate)
        self.count += 1
        return self.count <= len(self.pictures)

    def get(self, key):
        return self.stamps(self.count) if self.stamps and key == cv2.CAP_PROP_POS_MSEC else 0.0

    def retrieve(self):
        return True, self.pictures[self.count - 1]

    def read(self):
        return self.retrieve() if self.grab() else (False, None)

    def release(self):
        self.released = True


@contextlib.contextmanager
def faked(monkeypatch, *plans):
    """`cv2.VideoCapture` opens what `plans` say, one after the other."""
    FakeCapture.later, FakeCapture.opened = list(plans), []
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    yield FakeCapture.opened


class MjpegServer:
    """Sends shades as an endless MJPEG stream to everyone, until it is stopped."""

    def __init__(self, port=0, fps=50):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):  # noqa: N805 (the library's name; `self` is the server's)
                self._serve(handler)

            def log_message(handler, *arguments):  # noqa: N805
                """Nothing."""

        self.fps, self.stopping = fps, False
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/cam.mjpg"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def _serve(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        number = 0
        while not self.stopping:
            jpeg = cv2.imencode(".jpg", shade(number % 40))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            try:
                handler.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return
            number += 1
            time.sleep(1 / self.fps)

    def stop(self):
        self.stopping = True
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
