"""FluidSynth: a General MIDI synthesiser, live with its own audio driver, or rendered to arrays."""

from __future__ import annotations

import ctypes as c
import os
import threading
import time
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.protocols.lateness import Lateness
from rt_engine.synth.fonts import find_font
from rt_engine.synth.library import driver_names, last_words, library

__all__ = ["Fluid", "FluidOut"]

SECOND = 1_000_000_000
DRIVERS = ("jack", "pipewire", "pulseaudio", "coreaudio", "wasapi", "dsound", "alsa")  # in order
POLYPHONY = 256
DRUMS = 9  # channel, from 0
SLACK = 20_000_000  # ns that notes are handed over ahead: what a wake-up may come late
LOOK = 0.02  # s between two looks at the driver's clock
LOOKS = 150  # 3 s: quartz drifts by less than 0.2 ms meanwhile
STALLED = 2.0  # s without progress after which the driver counts as gone


class Fluid:
    """A synthesiser without a driver: MIDI messages in, stereo blocks out.

    The level 0 dB is the library's gain 0.5, at which a full kit stays below full scale.
    """

    def __init__(self, font: str = "", rate: int = 48_000) -> None:
        """Raises LibraryError, FontError, and OSError for a file that is no sound font."""
        self.rate = rate
        self.fluid, file = library(), find_font(font)
        self.settings = self.fluid.new_fluid_settings()
        self.set_number("synth.sample-rate", rate)
        self.set_number("synth.gain", 0.5)
        self.fluid.fluid_settings_setint(self.settings, b"synth.polyphony", POLYPHONY)
        self.fluid.fluid_settings_setint(self.settings, b"synth.chorus.active", 0)
        self.synth = self.fluid.new_fluid_synth(self.settings)
        self.font = str(file)
        if self.fluid.fluid_synth_sfload(self.synth, os.fsencode(file), 1) < 0:
            self.close()
            raise OSError(f"sound font {self.font!r} cannot be read: {last_words()}")

    def set_number(self, name: str, value: float) -> None:
        """Set one of the library's settings; those of gain and reverb act at once."""
        self.fluid.fluid_settings_setnum(self.settings, name.encode(), float(value))

    def level(self, decibels: float) -> None:
        """Loudness of everything."""
        self.set_number("synth.gain", 0.5 * 10 ** (decibels / 20))

    def reverb(self, amount: float) -> None:
        """0 (dry) to 1."""
        self.fluid.fluid_settings_setint(self.settings, b"synth.reverb.active", int(amount > 0))
        self.set_number("synth.reverb.level", amount)

    def message(self, message: bytes) -> None:
        """Play a MIDI message now: note on and off, control change, program change."""
        status, channel = message[0] & 0xF0, message[0] & 0x0F
        if status == 0x90 and message[2]:
            self.fluid.fluid_synth_noteon(self.synth, channel, message[1], message[2])
        elif status in (0x80, 0x90):
            self.fluid.fluid_synth_noteoff(self.synth, channel, message[1])
        elif status == 0xB0:
            self.fluid.fluid_synth_cc(self.synth, channel, message[1], message[2])
        elif status == 0xC0:
            self.fluid.fluid_synth_program_change(self.synth, channel, message[1])

    def render(self, frames: int) -> npt.NDArray[np.float32]:
        """The next samples, (frames, 2), full scale 1.0."""
        sound = np.zeros((frames, 2), np.float32)
        place = sound.ctypes.data_as(c.c_void_p)
        self.fluid.fluid_synth_write_float(self.synth, frames, place, 0, 2, place, 1, 2)
        return sound

    def close(self) -> None:
        """Let go of the synthesiser and its sounds."""
        if self.synth:
            self.fluid.delete_fluid_synth(self.synth)
            self.fluid.delete_fluid_settings(self.settings)
            self.synth = None


class FluidOut:
    """FluidSynth on an audio device; a `MidiOut` that places notes to 64 samples.

    Its sequencer counts the samples that the driver takes; where these lie in time is learnt
    from how little the driver's periods are ever late. A note that is sent late sounds at once.
    `gone` becomes readable when the driver takes no more samples.
    """

    ahead = SLACK

    def __init__(
        self, font: str = "", driver: str = "", rate: int = 48_000, name: str = "rt-engine"
    ) -> None:
        """`driver`: one of the library's, or "" for the first that works here.

        Raises OSError that says which drivers failed and why, and as `Fluid` does.
        """
        self.voice = Fluid(font, rate)
        fluid, self.rate = self.voice.fluid, rate
        self.lateness = Lateness()
        self._sequencer = fluid.new_fluid_sequencer2(0)
        fluid.fluid_sequencer_set_time_scale(self._sequencer, float(rate))
        self._port = fluid.fluid_sequencer_register_fluidsynth(self._sequencer, self.voice.synth)
        self._event = fluid.new_fluid_event()
        fluid.fluid_event_set_source(self._event, -1)
        fluid.fluid_event_set_dest(self._event, self._port)
        self._driver: Any = None
        self.driver = self._drive(driver, name)
        self.loss = f"the sound driver {self.driver!r} takes no more samples"
        self.gone, self._write_gone = os.pipe()
        self._origins: deque[int] = deque(maxlen=LOOKS)
        self._open = True
        self._watch = threading.Thread(target=self._look, name="driver", daemon=True)
        self._watch.start()
        while not self._origins:  # until the driver has taken its first samples
            if not self._watch.is_alive():
                raise OSError(self.loss)
            time.sleep(0.001)

    def send(self, message: bytes, due: int) -> None:
        """Play `message` at engine time `due` in ns, plus the latency of the driver."""
        fluid, event = self.voice.fluid, self._event
        status, channel = message[0] & 0xF0, message[0] & 0x0F
        if status == 0x90:
            fluid.fluid_event_noteon(event, channel, message[1], message[2])
        elif status == 0x80:
            fluid.fluid_event_noteoff(event, channel, message[1])
        elif status == 0xB0:
            fluid.fluid_event_control_change(event, channel, message[1], message[2])
        elif status == 0xC0:
            fluid.fluid_event_program_change(event, channel, message[1])
        else:
            return
        tick = max(0, due - min(self._origins)) * self.rate // SECOND
        fluid.fluid_sequencer_send_at(self._sequencer, event, tick, 1)
        self.lateness.add(max(0, time.monotonic_ns() - due))

    def close(self) -> None:
        """End all sound and leave the device."""
        fluid = self.voice.fluid
        self._open = False
        self._watch.join()
        fluid.delete_fluid_audio_driver(self._driver)
        fluid.delete_fluid_event(self._event)
        fluid.delete_fluid_sequencer(self._sequencer)
        self.voice.close()
        os.close(self.gone)
        os.close(self._write_gone)

    def _drive(self, wanted: str, name: str) -> str:
        """Start the driver `wanted`, or the first that works; its name."""
        fluid, settings = self.voice.fluid, self.voice.settings
        here = driver_names(settings)
        if wanted and wanted not in here:
            raise OSError(f"FluidSynth has no driver {wanted!r} here (drivers: {', '.join(here)})")
        for key, text in (("audio.jack.id", name), ("midi.driver", "")):
            fluid.fluid_settings_setstr(settings, key.encode(), text.encode())
        fluid.fluid_settings_setint(settings, b"audio.jack.autoconnect", 1)
        failed = []
        for driver in [wanted] if wanted else [name for name in DRIVERS if name in here]:
            fluid.fluid_settings_setstr(settings, b"audio.driver", driver.encode())
            self._driver = fluid.new_fluid_audio_driver(settings, self.voice.synth)
            if self._driver:
                return driver
            failed.append(f"{driver}: {last_words() or 'does not open'}")
        raise OSError("no sound output for FluidSynth: " + "; ".join(failed))

    def _look(self) -> None:
        """Learn where the samples lie in time, and notice when they stop."""
        tick, moved = -1, time.monotonic()
        while self._open:
            found = int(self.voice.fluid.fluid_sequencer_get_tick(self._sequencer))
            # The library counts samples in 32 bits: after a day it has to begin anew.
            if found < tick or time.monotonic() - moved > STALLED:
                os.write(self._write_gone, b"x")
                return
            if found > tick:
                tick, moved = found, time.monotonic()
                self._origins.append(time.monotonic_ns() - tick * SECOND // self.rate)
            time.sleep(LOOK)
