"""Listening to JACK MIDI ports in the server's own cycle: when a message arrived, to the frame."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, ClassVar

from rt_engine.protocols.jack import JackClient

__all__ = ["MidiEar", "MidiEvent"]


class MidiEvent(ctypes.Structure):
    """jack_midi_event_t of midiport.h."""

    _fields_: ClassVar = [
        ("time", ctypes.c_uint32),
        ("size", ctypes.c_size_t),
        ("buffer", ctypes.POINTER(ctypes.c_ubyte)),
    ]


class MidiEar(JackClient):
    """A client called "ear"; a subclass reads the `events` of its ports in `process`."""

    def __init__(self) -> None:
        super().__init__("ear")
        self._event = MidiEvent()

    def events(self, port: Any, frames: int) -> Iterator[MidiEvent]:
        """What arrived at a port in this cycle of so many frames; each is gone with the next."""
        buffer = self.jack.jack_port_get_buffer(port, frames)
        for number in range(self.jack.jack_midi_get_event_count(buffer)):
            self.jack.jack_midi_event_get(ctypes.addressof(self._event), buffer, number)
            yield self._event
