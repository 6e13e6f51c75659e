"""The synthesiser's process: the engine may be busy, stop or die, the sound is on time and ends.

Started by `link` as `python -m rt_engine.synth.process`, with its settings as one JSON object.
Commands on its line are those of `rt_engine.protocols.midi_process`, and

    program CHANNEL NUMBER    gain DECIBELS    reverb AMOUNT    (channel 1 to 16, program 0 to 127)
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from rt_engine.protocols.midi_clock import ClockSchedule
from rt_engine.protocols.midi_process import Player, main
from rt_engine.synth.fluid import FluidOut
from rt_engine.synth.speaker import BuiltinOut

__all__ = ["SynthPlayer"]


class SynthPlayer(Player):
    """A player whose output is a synthesiser."""

    out: FluidOut | BuiltinOut

    def command(self, line: str) -> str | None:
        """Do what `line` says; the answer, if there is one. ValueError: it says nothing."""
        word, *values = line.split()
        if word == "program":
            channel, number = int(values[0]), int(values[1])
            self.out.voice.message(bytes([0xC0 | (channel - 1), number]))
        elif word == "gain":
            self.out.voice.level(float(values[0]))
        elif word == "reverb":
            self.out.voice.reverb(float(values[0]))
        else:
            return super().command(line)
        return None


@contextlib.contextmanager
def opened(settings: dict[str, Any]) -> Iterator[SynthPlayer]:
    """A player on the synthesiser of `settings`; at the end all is silent."""
    out: FluidOut | BuiltinOut
    if settings["voice"] == "builtin":
        out = BuiltinOut(settings["driver"], settings["rate"])
    else:
        names = ("font", "driver", "rate", "name")
        out = FluidOut(**{name: settings[name] for name in names})
    try:
        player = SynthPlayer(out, ClockSchedule(start="manual"))
        for command in settings["commands"]:
            player.command(command)
        try:
            yield player
        finally:
            player.silence()
    finally:
        out.close()


if __name__ == "__main__":
    os.environ["JACK_NO_START_SERVER"] = "1"  # a driver that is tried must not start a server
    sys.exit(main(json.loads(sys.argv[1]), opened))
