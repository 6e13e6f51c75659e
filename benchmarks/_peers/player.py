"""A stranger that plays a sound file on a JACK server, in a process of its own.

    python player.py FILE.wav SECONDS_OF_SILENCE

Prints the engine time (ns, monotonic clock) at which sample 0 of the file entered JACK: the
start of its period, as the server's callback had it.
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
    place, started, done = -silence, [], threading.Event()

    def callback(out: Any, frames: int, *_: Any) -> None:
        nonlocal place
        now = time.monotonic_ns()
        if not started and place + frames > 0:
            started.append(now - place * 1_000_000_000 // rate)
        wanted = np.arange(place, place + frames)
        inside = (wanted >= 0) & (wanted < len(sound))
        out[:, 0] = np.where(inside, sound[np.clip(wanted, 0, len(sound) - 1)], 0.0)
        place += frames
        if place > len(sound):
            done.set()

    with sounddevice.OutputStream(rate, 0, channels=1, dtype="float32", callback=callback):
        print("ready", flush=True)
        while not started:
            time.sleep(0.01)
        print(started[0], flush=True)
        done.wait()


if __name__ == "__main__":
    main()
