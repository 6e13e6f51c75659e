"""A stranger that plays a sound file on a JACK server, in a process of its own.

    python player.py FILE.wav SECONDS_OF_SILENCE

Prints "ready", and at the end pairs of a sample's number and the engine time (ns, monotonic
clock) at which it entered JACK, the start of its period: a server that stands still for a moment
delays all that follows.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import numpy as np
import sounddevice
import soundfile


def main() -> None:
    """Play the file once."""
    sound, rate = soundfile.read(sys.argv[1], dtype="float32")
    silence = round(float(sys.argv[2]) * rate)
    place, told, done = -silence, [], threading.Event()

    def callback(out: Any, frames: int, *_: Any) -> None:
        nonlocal place
        told.append((place, time.monotonic_ns()))
        wanted = np.arange(place, place + frames)
        inside = (wanted >= 0) & (wanted < len(sound))
        out[:, 0] = np.where(inside, sound[np.clip(wanted, 0, len(sound) - 1)], 0.0)
        place += frames
        if place > len(sound):
            done.set()

    with sounddevice.OutputStream(rate, 0, channels=1, dtype="float32", callback=callback):
        print("ready", flush=True)
        done.wait()
    for pair in told:
        print(*pair)


if __name__ == "__main__":
    main()
