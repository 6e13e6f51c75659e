"""MIDI input: a port, and what its keys and controllers are wired to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rt_engine.protocols.midi_out import choose
from rt_engine.quiet import quiet

__all__ = ["Assignments", "Change", "MidiIn", "NoMidiError", "open_in"]

NOTE_OFF, NOTE_ON, CONTROLLER = 0x80, 0x90, 0xB0
PRESSED = 64  # value of a controller from which a button is down
LOOK = 1.0  # s between two looks whether the port is still there
POLL = 0.002  # s between two questions for messages
MEMORY = 2_000_000_000  # ns
SECOND = 1_000_000_000
SYSEX, CLOCK, SENSING = 0xF0, 0xF8, 0xFE
KINDS = ("cc", "button", "note")

Entry = str | Sequence[Any]


class NoMidiError(OSError):
    """No MIDI comes in here: no sequencer of the system, no JACK server, or no port of our own."""


class Change(NamedTuple):
    """A setting or an action of a node, and its values."""

    node: str
    name: str
    values: list[Any]


class Stamps:
    """When messages came: the library tells the time between them, and we ask late, never early."""

    def __init__(self) -> None:
        self._elapsed = 0
        self._origins: deque[tuple[int, int]] = deque()  # when asked, time of the first message

    def step(self, now: int, since_last: float) -> int:
        """Time (ns) of a message that was had at `now`, `since_last` s behind the last one."""
        self._elapsed += round(since_last * SECOND)
        self._origins.append((now, now - self._elapsed))
        while now - self._origins[0][0] > MEMORY:  # their clock and ours may drift apart
            self._origins.popleft()
        return self._elapsed + min(origin for _, origin in self._origins)


class MidiIn:
    """An open input of python-rtmidi. to: an existing port, or ""; it then is one of our own.

    timing: hear MIDI clock too. It is asked for its messages: a callback would make the system's
    thread wait for the interpreter, and JACK overwrites what is still being read then.
    """

    def __init__(self, api: str, client: str, name: str, to: str, timing: bool = False) -> None:
        import rtmidi

        apis = {rtmidi.get_api_name(number): number for number in rtmidi.get_compiled_api()}
        if api not in apis:
            raise OSError(f"no MIDI api {api!r} here (apis: {', '.join(apis)})")
        try:
            with quiet():
                self._port: Any = rtmidi.MidiIn(apis[api], client)
        except rtmidi.SystemError as error:
            raise NoMidiError(f"the MIDI api {api!r} does not work here: {error}") from None
        # Nothing is ignored there: a message that is takes the time since the last one with it.
        self._port.ignore_types(sysex=False, timing=False, active_sense=False)
        self._unheard = {SYSEX, SENSING} | (set() if timing else {CLOCK})
        self._stamps = Stamps()
        self._to, self._look_at = "", time.monotonic() + LOOK
        if to:
            ports = self._port.get_ports()
            self._to = choose(to, ports, api)
            self._port.open_port(ports.index(self._to), name)
        else:
            self._open_own(name, api)

    def receive(self, timeout: float) -> bytes | None:
        """The next message; None after `timeout` s. OSError: the port has gone."""
        found = self.arrival(timeout)
        return found[1] if found else None

    def arrival(self, timeout: float) -> tuple[int, bytes] | None:
        """The same, with the time at which it came (ns on the engine clock)."""
        end = time.monotonic() + timeout
        while True:
            if (found := self._port.get_message()) is not None:
                message, since_last = found
                t = self._stamps.step(time.monotonic_ns(), since_last)
                if message and message[0] not in self._unheard:
                    return t, bytes(message)
            elif (left := end - time.monotonic()) > 0:
                time.sleep(min(left, POLL))
            else:
                self._check()
                return None

    def close(self) -> None:
        """Let go of the port."""
        self._port.close_port()
        self._port.delete()

    def _open_own(self, name: str, api: str) -> None:
        try:
            self._port.open_virtual_port(name)
        except NotImplementedError:
            self._port.delete()
            text = f"the MIDI api {api!r} has no ports of our own; name an existing `port`"
            raise NoMidiError(text) from None

    def _check(self) -> None:
        if not self._to or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK
        if self._to not in self._port.get_ports():
            raise OSError(f"the MIDI port {self._to!r} has gone")


def open_in(api: str, client: str, name: str, to: str, timing: bool = False) -> MidiIn:
    """An open input. `api`: "alsa", "jack", ... or "" for the first that works here; `to`: an
    existing port or a part of its name, "" opens one of our own called `name`. timing: hear
    MIDI clock too.

    Raises OSError that says what exists; NoMidiError where none was asked for and none works.
    """
    import rtmidi

    found = [rtmidi.get_api_name(number) for number in rtmidi.get_compiled_api()]
    errors: list[OSError] = []
    for candidate in [api] if api else found:
        try:
            return MidiIn(candidate, client, name, to, timing)
        except OSError as error:
            errors.append(error)
    absent = not api and all(isinstance(error, NoMidiError) for error in errors)
    raise (NoMidiError if absent else OSError)("; ".join(map(str, errors)))


class Assignments:
    """What keys and controllers are wired to, and the changes that messages make.

    Keys of `entries` are "cc N" (a knob or fader), "button N" (a controller that is pressed and
    let go) and "note N". Values are "node.name", or that in a list with more:

    - cc: two ends, 0 and 1 by default: numbers are scaled, anything else is switched in the
      middle; or more values, that the way of the knob is shared out to
    - button, note: what is sent when it is pressed (none calls an action), and when it is let go

    channel: 1..16, 0 takes all. Raises ValueError that names the entry that is wrong.
    """

    def __init__(self, entries: Mapping[str, Entry], channel: int = 0) -> None:
        self._channel = channel
        self._last: dict[tuple[str, int], Any] = {}
        self._wired = dict(_parsed(key, entry) for key, entry in entries.items())

    def change(self, message: bytes) -> Change | None:
        """What a message changes; None: nothing, or nothing new."""
        if len(message) < 3 or (self._channel and (message[0] & 15) + 1 != self._channel):
            return None
        kind, number, value = message[0] & 0xF0, message[1], message[2]
        if kind == CONTROLLER:
            return self._turned(number, value) or self._pressed("button", number, value >= PRESSED)
        if kind in (NOTE_ON, NOTE_OFF):
            return self._pressed("note", number, kind == NOTE_ON and value > 0)
        return None

    def _turned(self, number: int, value: int) -> Change | None:
        if (found := self._wired.get(("cc", number))) is None:
            return None
        low, *between, high = found.values or [0.0, 1.0]
        scaled: Any = found.values[value * len(found.values) // 128] if found.values else 0.0
        if _is_number(low) and _is_number(high) and not between:
            scaled = low + (high - low) * value / 127
            scaled = round(scaled) if isinstance(low, int) and isinstance(high, int) else scaled
        return self._new(("cc", number), found, scaled, [scaled])

    def _pressed(self, kind: str, number: int, down: bool) -> Change | None:
        if (found := self._wired.get((kind, number))) is None:
            return None
        values = found.values[0 if down else 1 :][:1]
        if not down and not values:
            self._last[kind, number] = False
            return None
        return self._new((kind, number), found, down, values)

    def _new(
        self, key: tuple[str, int], found: Change, state: Any, values: list[Any]
    ) -> Change | None:
        if key in self._last and self._last[key] == state:
            return None
        self._last[key] = state
        return found._replace(values=values)


def _parsed(key: str, entry: Entry) -> tuple[tuple[str, int], Change]:
    kind, _, number = key.partition(" ")
    if kind not in KINDS or not number.isdecimal() or int(number) > 127:
        raise ValueError(f"{key!r}: expected 'cc N', 'button N' or 'note N' with N of 0 to 127")
    target, *values = [entry] if isinstance(entry, str) else list(entry) or [""]
    node, _, name = str(target).partition(".")
    if not node or not name:
        raise ValueError(f"{key!r}: {target!r} is no 'node.setting' or 'node.action'")
    cc = kind == "cc"
    if (len(values) == 1) if cc else (len(values) > 2):
        counts = "0, 2 or more" if cc else "0, 1 or 2"
        raise ValueError(f"{key!r}: {len(values)} values behind {target!r}, expected {counts}")
    return (kind, int(number)), Change(node, name, list(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
