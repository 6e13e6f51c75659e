"""MIDI output over JACK, exact to the sample: each message carries its own time in the cycle.

python-rtmidi puts all that it sends at the start of the next cycle, so that a clock jitters by
a whole period (2.7 ms at 128 frames, 21 ms at 1024); its `send` never returns once the server
has died; and its wheel brings a JACK library of its own, which finds no PipeWire. This module
uses the library of the system (`libjack.so.0`) through ctypes.

Source of the calls: the JACK API (jack.h, midiport.h), https://jackaudio.org/api/.
"""

from __future__ import annotations

import ctypes as c
import os
import time
from collections import deque
from heapq import heappop, heappush
from itertools import count
from typing import Any

from rt_engine.protocols.lateness import Lateness
from rt_engine.protocols.midi_clock import CLOCK

__all__ = ["JackOut"]

MIDI = b"8 bit raw midi"
IS_INPUT, IS_OUTPUT = 1, 2
NO_START_SERVER = 1
SECOND = 1_000_000_000
CYCLES = 16  # of which the least late one counts
TICK_GAP = 0.004  # s; ticks are that close at 625 BPM
SLACK = 20_000_000  # ns that the thread which hands over the messages may come late

PROCESS = c.CFUNCTYPE(c.c_int, c.c_uint32, c.c_void_p)
SHUTDOWN = c.CFUNCTYPE(None, c.c_void_p)
LOG = c.CFUNCTYPE(None, c.c_char_p)

_P, _S, _U32, _LONG = c.c_void_p, c.c_char_p, c.c_uint32, c.c_ulong
_CALLS: dict[str, tuple[Any, ...]] = {  # name: result, arguments
    "jack_set_error_function": (None, LOG),
    "jack_set_info_function": (None, LOG),
    "jack_client_open": (_P, _S, c.c_int, c.POINTER(c.c_int)),
    "jack_client_close": (c.c_int, _P),
    "jack_set_process_callback": (c.c_int, _P, PROCESS, _P),
    "jack_on_shutdown": (None, _P, SHUTDOWN, _P),
    "jack_activate": (c.c_int, _P),
    "jack_deactivate": (c.c_int, _P),
    "jack_get_buffer_size": (_U32, _P),
    "jack_get_sample_rate": (_U32, _P),
    "jack_get_ports": (c.POINTER(_S), _P, _S, _S, _LONG),
    "jack_free": (None, _P),
    "jack_port_register": (_P, _P, _S, _S, _LONG, _LONG),
    "jack_port_name": (_S, _P),
    "jack_connect": (c.c_int, _P, _S, _S),
    "jack_port_connected": (c.c_int, _P),
    "jack_port_by_name": (_P, _P, _S),
    "jack_port_get_buffer": (_P, _P, _U32),
    "jack_last_frame_time": (_U32, _P),
    "jack_midi_clear_buffer": (None, _P),
    "jack_midi_event_write": (c.c_int, _P, _U32, _S, c.c_size_t),
    "jack_midi_get_event_count": (_U32, _P),
    "jack_midi_event_get": (c.c_int, _P, _P, _U32),
}

_QUIET = LOG(lambda text: None)


def library() -> Any:
    """The JACK library of the system, quiet, with its prototypes set; OSError: there is none."""
    try:
        jack = c.CDLL("libjack.so.0")
    except OSError:
        raise OSError(
            "no JACK library (libjack.so.0); Debian: apt install libjack-jackd2-0"
        ) from None
    for name, (result, *arguments) in _CALLS.items():
        call = getattr(jack, name)
        call.restype, call.argtypes = result, arguments
    jack.jack_set_error_function(_QUIET)
    jack.jack_set_info_function(_QUIET)
    return jack


class JackClient:
    """A client of the running JACK server. Subclasses do their work in `process`."""

    def __init__(self, name: str) -> None:
        """Raises OSError when there is no library or no server."""
        self.jack = jack = library()
        self.client = jack.jack_client_open(name.encode(), NO_START_SERVER, c.byref(c.c_int()))
        if not self.client:
            raise OSError("no JACK server runs here: start one, or choose another api")
        self.gone, self._write_gone = os.pipe()  # `gone` becomes readable when the server dies
        self.rate = int(jack.jack_get_sample_rate(self.client))
        self._frame = 0
        self._origins: deque[int] = deque(maxlen=CYCLES)
        # A callback lives as long as somebody holds it.
        self._callbacks = PROCESS(self._cycle), SHUTDOWN(self._lost)
        jack.jack_set_process_callback(self.client, self._callbacks[0], None)
        jack.jack_on_shutdown(self.client, self._callbacks[1], None)

    @property
    def period(self) -> int:
        """Length of a cycle in ns (the server may change it)."""
        return int(self.jack.jack_get_buffer_size(self.client)) * SECOND // self.rate

    def port(self, name: str, flags: int) -> Any:
        """A MIDI port of this client."""
        port = self.jack.jack_port_register(self.client, name.encode(), MIDI, flags, 0)
        if not port:
            raise OSError(f"JACK gives no MIDI port {name!r}")
        return port

    def ports(self, flags: int = IS_INPUT) -> list[str]:
        """Names of the MIDI ports of all clients."""
        found = self.jack.jack_get_ports(self.client, None, MIDI, flags)
        names = []
        for name in found or ():  # the array ends with a null pointer
            if name is None:
                break
            names.append(name.decode())
        self.jack.jack_free(found)
        return names

    def activate(self) -> None:
        """Let the cycles begin."""
        if self.jack.jack_activate(self.client):
            raise OSError("JACK does not activate this client")

    def process(self, frames: int) -> None:
        """Do the work of one cycle, in JACK's own thread, in much less time than a cycle."""

    def start(self) -> int:
        """Engine time at which this cycle started; to be called once in every `process`.

        Frames count evenly, and a wake-up comes late, never early: of the last cycles, the one
        that was least late tells where the frames lie in time. (JACK's own filter follows a
        stall of the machine for seconds.)
        """
        passed = self.jack.jack_last_frame_time(self.client) - self._frame
        self._frame += passed % 2**32  # JACK counts in 32 bits
        since_origin = self._frame * SECOND // self.rate
        self._origins.append(time.monotonic_ns() - since_origin)
        return min(self._origins) + since_origin

    def close(self) -> None:
        """Leave the server."""
        self.jack.jack_deactivate(self.client)  # else the last cycle counts as missed
        self.jack.jack_client_close(self.client)
        os.close(self.gone)
        os.close(self._write_gone)

    def _cycle(self, frames: int, _: Any) -> int:
        self.process(frames)
        return 0

    def _lost(self, _: Any) -> None:
        os.write(self._write_gone, b"x")


class JackOut(JackClient):
    """A MIDI output whose messages are exact to the sample, if sent `ahead` ns before they are due.

    Clock ticks keep a distance of 4 ms even where a stall of the machine makes them late.
    `lateness` says how late messages were put into their cycles.
    """

    def __init__(self, client: str, port: str) -> None:
        super().__init__(client)
        self.lateness = Lateness()
        self.loss = "the MIDI server has gone"
        self._waiting: list[tuple[int, int, bytes]] = []  # a heap: due, serial, message
        self._serial = count()
        self._next_tick = 0
        self._destination = b""
        self._port = self.port(port, IS_OUTPUT)
        self.activate()

    @property
    def ahead(self) -> int:
        """How long before its due time a message is best sent: each cycle is filled when it
        begins, and JACK's own thread is late much less often than the one that sends.
        """
        return self.period + SLACK

    def connect(self, destination: str) -> None:
        """Connect to the input port of another client."""
        source = self.jack.jack_port_name(self._port)
        if self.jack.jack_connect(self.client, source, destination.encode()):
            raise OSError(f"JACK does not connect to {destination!r}")
        self._destination = destination.encode()

    def send(self, message: bytes, due: int) -> None:
        """Send `message` at engine time `due`, or in the next cycle where that is later."""
        heappush(self._waiting, (due, next(self._serial), message))

    def process(self, frames: int) -> None:
        buffer = self.jack.jack_port_get_buffer(self._port, frames)
        self.jack.jack_midi_clear_buffer(buffer)
        start, earliest = self.start(), 0
        if self._destination and not self.jack.jack_port_connected(self._port):
            self._disconnected()
        while self._waiting and self._waiting[0][0] < start + frames * SECOND // self.rate:
            due, serial, message = heappop(self._waiting)
            frame = min(max((due - start) * self.rate // SECOND, earliest), frames - 1)
            gap = self._next_tick - self._frame  # frames of this cycle in which no tick may be
            if message == CLOCK and frame < gap:
                later = start + -(-gap * SECOND // self.rate)
                heappush(self._waiting, (later, serial, message))
                continue
            self.jack.jack_midi_event_write(buffer, frame, message, len(message))
            self.lateness.add(start + frame * SECOND // self.rate - due)
            if message == CLOCK:
                self._next_tick = self._frame + frame + round(TICK_GAP * self.rate)
            earliest = frame

    def _disconnected(self) -> None:
        """Say that the destination has gone; one that somebody only unplugged from us is there."""
        if not self.jack.jack_port_by_name(self.client, self._destination):
            self.loss = f"MIDI port {self._destination.decode()!r} has gone"
            self._destination = b""
            os.write(self._write_gone, b"x")
