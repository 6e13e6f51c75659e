"""MIDI output ports: one of our own for others to connect to, or an existing one by its name."""

from __future__ import annotations

import time
from typing import Any, Protocol

from rt_engine.protocols.jack import JackOut
from rt_engine.protocols.lateness import Lateness
from rt_engine.quiet import quiet

__all__ = ["MidiOut", "choose", "open_out"]


class MidiOut(Protocol):
    """Where schedules send to."""

    lateness: Lateness

    @property
    def gone(self) -> int | None:
        """A file descriptor that becomes readable when the port dies."""

    @property
    def loss(self) -> str:
        """What has gone then, in words."""

    @property
    def ahead(self) -> int:
        """How many ns before its due time a message has to be sent."""

    def send(self, message: bytes, due: int) -> None:
        """Send what is due at engine time `due`, in ns."""

    def close(self) -> None:
        """Let go of the port."""


class RtMidiOut:
    """A port of python-rtmidi: what is sent leaves at once."""

    ahead = 0
    gone = None
    loss = "the MIDI port has gone"

    def __init__(self, api: str, client: str, name: str, to: str) -> None:
        import rtmidi

        apis = {rtmidi.get_api_name(number): number for number in rtmidi.get_compiled_api()}
        if api not in apis:
            raise OSError(f"no MIDI api {api!r} here (apis: {', '.join(apis)})")
        try:
            with quiet():
                self._port: Any = rtmidi.MidiOut(apis[api], client)
        except rtmidi.SystemError as error:
            raise OSError(f"the MIDI api {api!r} does not work here: {error}") from None
        self.lateness = Lateness()
        if to:
            ports = self._port.get_ports()
            self._port.open_port(ports.index(choose(to, ports, api)), name)
        else:
            self._port.open_virtual_port(name)

    def send(self, message: bytes, due: int) -> None:
        self._port.send_message(message)
        self.lateness.add(time.monotonic_ns() - due)

    def close(self) -> None:
        self._port.close_port()
        self._port.delete()


def open_out(api: str, client: str, name: str, to: str) -> MidiOut:
    """An open output. `api`: "alsa", "jack", any other that python-rtmidi has on this system,
    "rtmidi-jack" (JACK in whole periods, to compare), or "" for the first that works.
    `to`: an existing port or a part of its name; "" opens a port of our own called `name`.

    Raises OSError that says what exists.
    """
    if api == "jack":
        return _jack(client, name, to)
    if api:
        return RtMidiOut(api.removeprefix("rtmidi-"), client, name, to)
    errors = []
    for candidate in _apis():
        try:
            return open_out(candidate, client, name, to)
        except OSError as error:
            errors.append(str(error))
    raise OSError("; ".join(errors))


def choose(part: str, ports: list[str], api: str) -> str:
    """The port of this name, or the only one whose name has this part, in any case of letters."""
    if part in ports:
        return part
    found = [port for port in ports if part.lower() in port.lower()]
    if len(found) != 1:
        how = f"{len(found)} MIDI ports match" if found else "there is no MIDI port"
        names = ", ".join(map(repr, found or ports)) or "none"
        raise OSError(f"{how} {part!r} in {api} (ports: {names})")
    return found[0]


def _jack(client: str, name: str, to: str) -> JackOut:
    out = JackOut(client, name)
    try:
        if to:
            out.connect(choose(to, out.ports(), "jack"))
    except OSError:
        out.close()
        raise
    return out


def _apis() -> list[str]:
    """Apis in the order to try: the sequencer of the system first, JACK where it runs."""
    import rtmidi

    return [rtmidi.get_api_name(number) for number in rtmidi.get_compiled_api()]
