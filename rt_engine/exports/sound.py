"""Sound of a take as a WAV file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from rt_engine.core import Packet
from rt_engine.exports.material import Material
from rt_engine.kinds import Audio

__all__ = ["Line", "to_wav"]

HOLE = 0.05  # s: a longer gap between two blocks becomes silence
LONGEST = 3600.0  # s of silence that a wrong time stamp can make at most

Sound = npt.NDArray[np.float32]


class Line:
    """Blocks of sound in a row, with silence where some are missing; `write` takes them."""

    def __init__(self, material: Material, format: Audio, write: Callable[[Sound], object]) -> None:
        self._material, self._format, self._write = material, format, write
        self.samples = 0

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of sound."""
        if packet is None:
            return
        rate = self._format.rate
        missing = self._material.seconds(packet.t) - self.samples / rate
        if HOLE < missing < LONGEST or (not self.samples and missing > 0):
            self._silence(round(missing * rate))
        self._write(packet.data)
        self.samples += len(packet.data)

    def _silence(self, count: int) -> None:
        block = self._format.rate
        while count > 0:
            shape = (min(count, block), self._format.channels)
            self._write(np.zeros(shape[:1] if shape[1] == 1 else shape, np.float32))
            self.samples += shape[0]
            count -= shape[0]


def to_wav(material: Material, output: Path) -> str:
    """The first sound, float32 as it was; second 0 is the start of the take."""
    place = material.one(Audio)
    if place is None:
        raise material.lacks(".wav", "sound")
    form = material.places[place]
    assert isinstance(form, Audio)
    with soundfile.SoundFile(
        output, "w", form.rate, form.channels, subtype="FLOAT", format="WAV"
    ) as file:
        line = Line(material, form, file.write)
        material.play([place], line)
    return f"{line.samples / form.rate:.1f} s of {'.'.join(place)}"
