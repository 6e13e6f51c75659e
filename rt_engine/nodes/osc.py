"""Open Sound Control: beats, expression and landmarks out, controls in."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated, Any, Literal

from msgspec import Meta
from pythonosc.osc_packet import OscPacket

from rt_engine import kinds
from rt_engine.core import SECOND, Controls, Hold, Input, Knob, Node, Output, Packet, Source
from rt_engine.core import Control as Change
from rt_engine.protocols import landmarks, osc
from rt_engine.protocols.agenda import Agenda
from rt_engine.protocols.osc_templates import EXPRESSION, templates
from rt_engine.udp import Address, Sender, address, listen

__all__ = ["Beats", "Control", "Expression", "Landmarks"]

MS = 1_000_000
RELEASE = 50 * MS  # how long the button of a beat is held down
SAME_BPM = 0.005
MOST_SAID = 100  # addresses that are complained about

Lines = dict[str, str | list[str]]
Host = Annotated[str, Meta(description="own address; 0.0.0.0 lets other machines in")]


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
        self._receivers = [address(receiver) for receiver in receivers]
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


class Expression(Node):
    """Phrases, dynamics and articulation as OSC messages over UDP.

    Events: "phrase" when a boundary is told at once, "confirmed" when it is told again;
    "dynamics" and "articulation" whenever they arrive. `messages` replaces the usual ones event
    by event (templates: `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    phrases = Input(kinds.Phrases, optional=True)
    expression = Input(kinds.Expressions, optional=True)
    to: Annotated[str | list[str], Meta(description="receivers, host:port")] = "127.0.0.1:9000"
    messages: Annotated[Lines, Meta(description="own templates by event; empty ones: none")] = {}

    def plan(self) -> None:
        receivers = [self.to] if isinstance(self.to, str) else self.to
        self._receivers = [address(receiver) for receiver in receivers]
        self._templates = templates("expression", self.messages, EXPRESSION)

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def on_phrases(self, packet: Packet) -> None:
        phrase = packet.data
        ago = max(self.clock.now() - packet.t, 0) / SECOND
        fields = {"index": phrase.index, "confidence": phrase.confidence, "ago": ago}
        self._send("confirmed" if phrase.confirmed else "phrase", fields)

    def on_expression(self, packet: Packet) -> None:
        now = packet.data
        loud = {"class": now.dynamics, "value": now.level, "confidence": now.dynamics_confidence}
        self._grade("dynamics", kinds.DYNAMICS, loud)
        joined = {"class": now.articulation, "value": now.detached}
        joined["confidence"] = now.articulation_confidence
        self._grade("articulation", kinds.ARTICULATIONS, joined)

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()

    def _grade(self, event: str, names: tuple[str, ...], fields: dict[str, Any]) -> None:
        if fields["class"] >= 0:
            self._send(event, {**fields, "name": names[fields["class"]]})

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])


class Control(Source):
    """Live settings and actions of any node, set by OSC messages over UDP.

    `/rt/<node>/<setting or action> values...` A message that cannot be understood is logged,
    once for each address, and answered with `/rt/error s` where `replies` is on. Time tags are
    not waited for.
    """

    device = True
    controls = Output(Controls)
    host: Host = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="own UDP port")] = 9001
    replies: Annotated[bool, Meta(description="answer /rt/error to what is not understood")] = False

    def plan(self) -> None:
        self.malformed = 0  # datagrams that were no OSC

    def open(self) -> None:
        self._socket = listen(self.host, self.port)
        self._said: set[str] = set()

    def read(self) -> None:
        try:
            data, sender = self._socket.recvfrom(65536)
        except TimeoutError:
            return
        t = self.clock.now()
        for path, values in self._messages(data):
            root, _, rest = path.removeprefix("/").partition("/")
            node, _, name = rest.partition("/")
            if root == "rt" and node and name and "/" not in name:
                self.controls.emit(t, Change(node, name, values))
            else:
                self._refuse(path, sender)

    def close(self) -> None:
        if hasattr(self, "_socket"):
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

    def _refuse(self, path: str, sender: Address) -> None:
        text = f"{path}: no control; send /rt/<node>/<setting or action> values..."
        if path not in self._said and len(self._said) < MOST_SAID:
            self._said.add(path)
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
        self._receivers = [address(receiver) for receiver in receivers]
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


def _common(state: kinds.Beat | kinds.TempoState) -> dict[str, Any]:
    names = ("bpm", "period", "confidence", "position", "meter")
    return {**{name: getattr(state, name) for name in names}, "hz": state.bpm / 60}
