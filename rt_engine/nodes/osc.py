"""Open Sound Control: beats and landmarks out, controls in."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import Annotated, Any, Literal

from msgspec import Meta
from pythonosc.osc_packet import OscPacket

from rt_engine import kinds
from rt_engine.core import SECOND, Controls, Hold, Input, Knob, Node, Output, Packet, Source
from rt_engine.core import Control as Change
from rt_engine.protocols import landmarks, osc
from rt_engine.protocols.agenda import Agenda
from rt_engine.protocols.osc_templates import templates

__all__ = ["Beats", "Control", "Landmarks"]

MS = 1_000_000
RELEASE = 50 * MS  # how long the button of a beat is held down
SAME_BPM = 0.005
RECEIVE_BUFFER = 1 << 20  # bytes: a burst of some thousand messages
MOST_SAID = 100  # addresses that are complained about

Address = tuple[str, int]
Lines = dict[str, str | list[str]]


class Sender:
    """Sends datagrams to all receivers. That one does not listen is said once, and no more."""

    def __init__(self, receivers: list[Address], log: logging.Logger) -> None:
        """OSError when the name of a host is not known."""
        self._log = log
        self._sockets: dict[str, socket.socket] = {}
        self._silent: set[str] = set()
        for host, port in receivers:
            name = f"{host}:{port}"
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            except socket.gaierror as error:
                raise OSError(f"OSC receiver {name}: {error.strerror}") from None
            self._sockets[name] = receiver = socket.socket(*found[:2])
            receiver.setblocking(False)
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            receiver.connect(found[4])

    def send(self, datagrams: list[bytes]) -> None:
        """Send each of `datagrams` to everyone."""
        for datagram in datagrams:
            for name, receiver in self._sockets.items():
                self._send(name, receiver, datagram)

    def close(self) -> None:
        """Close the sockets."""
        for receiver in self._sockets.values():
            receiver.close()

    def _send(self, name: str, receiver: socket.socket, datagram: bytes) -> None:
        try:
            try:
                receiver.send(datagram)
            except ConnectionRefusedError:  # of the datagram before: this one did not leave yet
                self._complain(name, "nobody listens there (yet)")
                receiver.send(datagram)
        except OSError as error:
            if not isinstance(error, ConnectionRefusedError):
                self._complain(name, str(error))

    def _complain(self, name: str, reason: str) -> None:
        if name not in self._silent:
            self._silent.add(name)
            self._log.warning("OSC receiver %s: %s; sending on", name, reason)


class Beats(Node):
    """Beats, tempo and phase as OSC messages over UDP.

    Each beat is sent when it is due, plus `offset_ms`: events "beat", "downbeat", and a little
    later "release"; "next" goes out as soon as the beat is predicted. An input `tempo` adds
    "phase" and "transport", and "tempo" when it changes; without it "tempo" comes with the
    beats. The preset says which messages these events are, and `messages` replaces them
    event by event (templates: `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    beats = Input(kinds.Beats)
    tempo = Input(kinds.Tempo, keep="latest", optional=True)
    to: Annotated[str | list[str], Meta(description="receivers, host:port")] = "127.0.0.1:9000"
    preset: Annotated[
        Literal["native", "plain", "resolume", "qlc", "supercollider"],
        Meta(description="messages for a kind of receiver"),
    ] = "native"
    messages: Annotated[Lines, Meta(description="own templates by event; empty ones: none")] = {}
    bundle: Annotated[bool, Meta(description="the messages of an event in one bundle")] = False
    timetags: Annotated[bool, Meta(description="bundles sent ahead, tagged with due times")] = False
    offset_ms: Annotated[float, Knob(ge=-1000, le=1000, unit="ms", description="delay")] = 0.0
    rate: Annotated[float, Knob(gt=0, le=200, unit="Hz", description="of phase and tempo")] = 25.0

    def plan(self) -> None:
        receivers = [self.to] if isinstance(self.to, str) else self.to
        self._receivers = [_address(receiver) for receiver in receivers]
        self._templates = templates(self.preset, self.messages)

    def open(self) -> None:
        self._stack = contextlib.ExitStack()
        sender = Sender(self._receivers, self.log)
        self._send = self._stack.enter_context(contextlib.closing(sender)).send
        self._agenda = self._stack.enter_context(contextlib.closing(Agenda(self._send)))

    def reset(self) -> None:
        self._index: int | None = None
        self._bar = 0
        self._bpm, self._state, self._next_tempo = 0.0, "", 0

    def on_beats(self, packet: Packet) -> None:
        beat, now = packet.data, self.clock.now()
        due = packet.t + round(self.offset_ms * MS)
        if now - due > beat.period * SECOND / 2:
            self.log.warning("beat %d is not sent: %d ms late", beat.index, (now - due) // MS)
            return
        again = beat.index == self._index
        self._index, self._bar = beat.index, self._bar + (beat.position == 1 and not again)
        fields = self._fields(beat, due, due - now)
        if not again:
            self._send(self._datagrams(["next"], fields))
        events = ["beat", "downbeat"] if beat.position == 1 else ["beat"]
        if "tempo" not in self.formats and self._new_tempo(beat.bpm):
            events.append("tempo")
        fields["in_seconds"] = 0.0
        self._schedule(due, events, fields)
        self._schedule(due + RELEASE, ["release"], fields)

    def on_tempo(self, packet: Packet) -> None:
        tempo, now = packet.data, self.clock.now()
        state = "play" if tempo.playing else "stop"
        if state != self._state:
            self._state = state
            self._send(self._datagrams(["transport"], {"state": state}))
        if now < self._next_tempo:
            return
        self._next_tempo = now + round(SECOND / self.rate)
        age = now - packet.t - round(self.offset_ms * MS)
        beats, phase = divmod(tempo.phase + age / SECOND / max(tempo.period, 1e-3), 1)
        fields = {**_common(tempo), "phase": phase, "bar_phase": 0.0}
        if tempo.position and tempo.meter:
            place = (tempo.position - 1 + int(beats)) % tempo.meter
            fields |= {"position": place + 1, "bar_phase": (place + phase) / tempo.meter}
        events = ["tempo"] if self._new_tempo(tempo.bpm) else []
        self._send(self._datagrams([*events, "phase"] if tempo.playing else events, fields))

    def close(self) -> None:
        self._stack.close()

    def _fields(self, beat: kinds.Beat, due: int, left: int) -> dict[str, Any]:
        return {
            **_common(beat),
            "index": beat.index,
            "bar": self._bar,
            "in_seconds": max(left, 0) / SECOND,
            "unix_time": (time.time_ns() + left) / SECOND,
            "phase": 0.0,
            "bar_phase": (beat.position - 1) / beat.meter if beat.position and beat.meter else 0.0,
        }

    def _new_tempo(self, bpm: float) -> bool:
        old, self._bpm = self._bpm, bpm
        return abs(bpm - old) > SAME_BPM

    def _datagrams(
        self, events: list[str], fields: dict[str, Any], tag: int = osc.IMMEDIATELY
    ) -> list[bytes]:
        made = [t.encode(fields) for event in events for t in self._templates[event]]
        return [osc.bundle(made, tag)] if made and (self.bundle or self.timetags) else made

    def _schedule(self, due: int, events: list[str], fields: dict[str, Any]) -> None:
        """Send at `due`; with time tags now, and the receiver waits."""
        if self.timetags:
            tag = osc.ntp_time(time.time_ns() + due - self.clock.now())
            self._send(self._datagrams(events, fields, tag))
        elif datagrams := self._datagrams(events, fields):
            self._agenda.put((events[0], fields["index"]), due, datagrams)


class Control(Source):
    """Live settings and actions of any node, set by OSC messages over UDP.

    `/rt/<node>/<setting or action> values...` A message that cannot be understood is logged,
    once for each address, and answered with `/rt/error s` where `replies` is on. Time tags are
    not waited for.
    """

    device = True
    controls = Output(Controls)
    host: Annotated[str, Meta(description="own address; 0.0.0.0: every network")] = "0.0.0.0"
    port: Annotated[int, Meta(ge=1, le=65535, description="own UDP port")] = 9001
    replies: Annotated[bool, Meta(description="answer /rt/error to what is not understood")] = False

    def plan(self) -> None:
        self.malformed = 0  # datagrams that were no OSC

    def open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.settimeout(0.2)
        self._said: set[str] = set()
        try:
            self._socket.bind((self.host, self.port))
        except OSError as error:
            raise OSError(
                f"UDP port {self.port} on {self.host}: {error.strerror}; choose another port, "
                "or end the program that has it"
            ) from None

    def read(self) -> None:
        try:
            data, sender = self._socket.recvfrom(65536)
        except TimeoutError:
            return
        t = self.clock.now()
        for address, values in self._messages(data):
            root, _, rest = address.removeprefix("/").partition("/")
            node, _, name = rest.partition("/")
            if root == "rt" and node and name and "/" not in name:
                self.controls.emit(t, Change(node, name, values))
            else:
                self._refuse(address, sender)

    def close(self) -> None:
        self._socket.close()

    def _messages(self, data: bytes) -> list[tuple[str, list[Any]]]:
        try:
            packet = OscPacket(data)
            return [(m.message.address, m.message.params) for m in packet.messages]
        except Exception as error:  # python-osc lets errors of many kinds through
            self.malformed += 1
            if self.malformed == 1:
                self.log.warning("a datagram is no OSC (%s); more of them are only counted", error)
            return []

    def _refuse(self, address: str, sender: Address) -> None:
        text = f"{address}: no control; send /rt/<node>/<setting or action> values..."
        if address not in self._said and len(self._said) < MOST_SAID:
            self._said.add(address)
            self.log.warning("%s", text)
        if self.replies:
            with contextlib.suppress(OSError):
                self._socket.sendto(osc.message("/rt/error", "s", [text]), sender)


class Landmarks(Node):
    """Landmarks of bodies as OSC messages over UDP, as soon as they come.

    Forms (`rt_engine.protocols.landmarks` has addresses and types): "arr", the one message
    `/poses/arr` of PoseOSC and VisionOSC in pixels; "normalised", a message a point in fractions
    of the picture; "world", a message a point in metres. While nobody is seen only headers are
    sent; the size of the picture that they hold is that of `images`, where it is wired. Nothing
    is mirrored here: leave `mirror` of the camera off.
    """

    live_only = True
    poses = Input(kinds.Poses)
    images = Hold(kinds.Images)
    to: Annotated[str | list[str], Meta(description="receivers, host:port")] = "127.0.0.1:9527"
    form: Annotated[
        landmarks.Form | list[landmarks.Form], Meta(description="what is sent, one or several")
    ] = "arr"
    points: Annotated[Literal[17, 33], Meta(description="of arr: PoseNet's or MediaPipe's")] = 17

    def plan(self) -> None:
        receivers = [self.to] if isinstance(self.to, str) else self.to
        self._receivers = [_address(receiver) for receiver in receivers]
        self._forms = [self.form] if isinstance(self.form, str) else self.form

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def reset(self) -> None:
        found = self.formats.get("images", kinds.Images())
        self._size = (found.width, found.height)

    def on_poses(self, packet: Packet) -> None:
        if packet.data:
            self._size = (packet.data[0].width, packet.data[0].height)
        elif self.images is not None:
            height, width = self.images.data.shape[:2]
            self._size = (width, height)
        made = landmarks.datagrams(self._forms, packet.data, self._size, self.points)
        self._sender.send(made)

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is no receiver; write host:port, such as 127.0.0.1:9000")
    return host.strip("[]"), int(port)


def _common(state: kinds.Beat | kinds.TempoState) -> dict[str, Any]:
    names = ("bpm", "period", "confidence", "position", "meter")
    return {**{name: getattr(state, name) for name in names}, "hz": state.bpm / 60}
