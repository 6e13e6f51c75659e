"""A film of the conductor, with the sound that it conducts: no window, no camera, no waiting.

    python examples/conductor_film.py song.wav conductor.mp4 [--seconds 60] [body.style=grand ...]

Runs graphs/conductor.yaml in replay, draws 25 pictures a second and lays the sound under them. It
needs the extras `cpu`, `pose` (OpenCV) and `soundtrack` (PyAV).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from rt_engine.core import SECOND, Packet, Replay
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Beat
from rt_engine.running import prune
from rt_engine.video.mux import lay_under
from rt_engine.video.screens import Movie
from rt_engine.video.stage import Stage

RATE = 25.0  # pictures a second
SIZE = (960, 720)
BLOCK = 4096  # samples


class Camera:
    """Draws the frames of the body onto a film that begins with the sound."""

    def __init__(self, film: str, seconds: float) -> None:
        self._movie, self._stage = Movie(film, RATE, "mp4v"), Stage(*SIZE)
        self._seconds, self._start, self._count = seconds, -1, 0
        self._strikes: list[tuple[int, Beat]] = []

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of the run."""
        if packet is None:
            return
        if output == "audio" and self._start < 0:
            self._start = packet.t
        elif output == "ictus":
            self._strikes.append((packet.t, packet.data))
        elif output == "skeletons":
            self._draw(packet)

    def close(self) -> None:
        """Finish the film."""
        self._movie.close()

    def _draw(self, packet: Packet) -> None:
        due = self._start + round(self._count * SECOND / RATE)
        if packet.t < due or self._count >= self._seconds * RATE:
            return
        struck = [strike for strike in self._strikes if strike[0] <= packet.t]
        t, beat = struck[-1] if struck else (-SECOND, None)
        text = f"{beat.position} of {beat.meter}   {beat.bpm:.0f} BPM" if beat else ""
        picture = self._stage.draw(packet.t / SECOND, packet.data[0], t / SECOND, text)
        while due <= packet.t:
            self._movie.show(due, picture)
            self._count += 1
            due = self._start + round(self._count * SECOND / RATE)


def sound(path: str, seconds: float) -> Iterator[npt.NDArray[np.float32]]:
    """Blocks (n, 2) of the first `seconds` of a file."""
    with soundfile.SoundFile(path) as file:
        left = round(seconds * file.samplerate)
        while left > 0 and len(block := file.read(min(BLOCK, left), "float32", always_2d=True)):
            left -= len(block)
            yield block[:, [0, -1]]


def main() -> None:
    """Conduct a sound file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sound")
    parser.add_argument("film")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("settings", nargs="*", help="node.setting=value")
    given = parser.parse_args()
    changes: dict[str, Any] = {"mic": given.sound}
    changes |= dict(setting.split("=", 1) for setting in given.settings)
    path = graph_folder() / "conductor.yaml"
    spec = prune(read(path, changes), ["vmc", "osc", "view", "control", "show"], str(path))
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(silent := str(Path(folder) / "silent.mp4"), given.seconds)
        Replay(build(spec, str(path)), taps=[camera]).run()
        camera.close()
        rate = soundfile.info(given.sound).samplerate
        lay_under(silent, sound(given.sound, given.seconds), rate, given.film)


if __name__ == "__main__":
    main()
