"""The Virtual Motion Capture protocol: bodies to Unity, Unreal, Godot, Blender, and from others."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, Source, action
from rt_engine.motion.people import Follower
from rt_engine.nodes.osc.sending import TimedNotes, To, addresses
from rt_engine.protocols import vmc, vrm
from rt_engine.protocols.agenda import Agenda
from rt_engine.protocols.note_player import NotePlayer
from rt_engine.protocols.vmc_reader import Reader, Received
from rt_engine.udp import Sender, listen

__all__ = ["Notes", "Receive", "Send"]

Host = Annotated[str, Meta(description="own address; 0.0.0.0 lets other machines in")]

SILENT = SECOND  # ns without a frame after which nobody is there


class Send(Node):
    """A body as VMC frames over UDP, to one or several receivers.

    An input `notes` rides along as MIDI notes when they are due, an input `beats` as relayed
    messages (/VMC/Thru/beat, /VMC/Thru/downbeat, /VMC/Thru/tempo). Blend shapes are set by the
    action `blend`, with names of VRM 0 or VRM 1. While nobody is seen, frames say so.
    """

    threaded = True
    live_only = True
    skeletons = Input(kinds.Skeletons, keep="latest")
    notes = Input(kinds.Notes, optional=True)
    beats = Input(kinds.Beats, optional=True)
    to: To = "127.0.0.1:39539"
    person: Annotated[int, Meta(ge=1, description="which of the people, counted from 1")] = 1
    packing: Annotated[
        vmc.Packing,
        Meta(description="bundles that fit the network, one bundle a frame, or single messages"),
    ] = "packets"
    positions: Annotated[
        str,
        Meta(description="rest positions of the bones: rest (built in), omit (zeros), or a .vrm"),
    ] = "rest"
    names: Annotated[
        Literal["vrm0", "vrm1"], Meta(description="names of the blend shapes: Joy or happy")
    ] = "vrm0"
    upper_body: Annotated[bool, Meta(description="without hips and legs")] = False
    cut: Annotated[list[str], Meta(description='bones not to send, such as "Jaw" or "*Toes"')] = []
    rate: Annotated[float, Knob(gt=0, le=240, unit="Hz", description="frames at most")] = 60.0
    mirror: Annotated[bool, Knob(description="left and right exchanged, as in a mirror")] = False
    travel: Annotated[
        vmc.Travel, Knob(description="what moves over the floor: the hips, the root, or nothing")
    ] = "hips"

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        cut = vmc.select(self.cut) | (vmc.LOWER_BODY if self.upper_body else frozenset())
        given: dict[str, Any] = {}
        if self.positions == "omit":
            given = {"rest": None}
        elif self.positions != "rest":
            avatar = vrm.read(self.positions)
            given = avatar._asdict()
            del given["version"]
        self._performer = vmc.Performer(cut=cut, packing=self.packing, **given)
        self._blends: dict[str, float] = {}

    def open(self) -> None:
        self._stack = contextlib.ExitStack()
        sender = self._stack.enter_context(contextlib.closing(Sender(self._receivers, self.log)))
        self._send = sender.send
        self._agenda = self._stack.enter_context(contextlib.closing(Agenda(sender.send)))
        self._player = self._stack.enter_context(contextlib.closing(_note_player(sender)))
        self._start = self.clock.now()
        for name in ("mirror", "travel"):
            self.on_setting(name)

    def reset(self) -> None:
        self._next = 0
        self._follower = Follower(self.person)

    def on_setting(self, name: str) -> None:
        if name in ("mirror", "travel"):
            setattr(self._performer, name, getattr(self, name))

    @action
    def blend(self, t: int, name: str, value: float) -> None:
        """Set a blend shape, 0 to 1; every frame from now on has it."""
        self._blends[vmc.blend_name(name, self.names)] = float(value)

    def on_skeletons(self, packet: Packet) -> None:
        period = round(SECOND / self.rate)
        if packet.t < self._next - period // 2:  # half a period early is jitter
            return
        self._next = max(self._next + period, packet.t)
        time = max(packet.t - self._start, 0) / SECOND
        frame = self._performer.frame(self._follower.choose(packet.data), time, self._blends)
        if packet.t > self.clock.now():  # made ahead of time: it waits for its moment
            self._agenda.put(("frame", packet.seq), packet.t, frame)
        else:
            self._send(frame)

    def on_notes(self, packet: Packet) -> None:
        try:
            self._player.put(packet.t, packet.data)
        except ValueError as error:
            self.log.warning("left out: %s", error)

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        sent = [vmc.thru("beat", "position", beat.position), vmc.thru("tempo", "bpm", beat.bpm)]
        if beat.position == 1:
            sent.append(vmc.thru("downbeat", "index", beat.index))
        self._agenda.put(("beat", beat.index), packet.t, sent)

    def close(self) -> None:
        if hasattr(self, "_stack"):
            self._stack.close()


class Notes(TimedNotes):
    """Notes alone over VMC, /VMC/Ext/Midi/Note at their due times: drums for an avatar's world.

    `vmc.Send` takes notes too, beside a body. At the end every note is switched off.
    """

    to: To = "127.0.0.1:39539"

    def plan(self) -> None:
        self._receivers = addresses(self.to)

    def _player_of(self, sender: Sender) -> NotePlayer:
        return _note_player(sender)


class Receive(Source):
    """A body from another performer: VMC datagrams over UDP, bundles or single messages.

    An empty list says that nothing has come for a second.
    """

    device = True
    skeletons = Output(kinds.Skeletons)
    host: Host = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="own UDP port")] = 39540

    def plan(self) -> None:
        self.malformed = 0  # messages that could not be read

    def open(self) -> None:
        self._socket = listen(self.host, self.port)

    def reset(self) -> None:
        self._reader = Reader()
        self._heard: int | None = None

    def read(self) -> None:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            self._notice_silence()
            return
        t = self.clock.now()
        for frame in self._reader.feed(data):
            self._heard = t
            self.skeletons.emit(t, [_skeleton(frame)])
        if self._reader.malformed and not self.malformed:
            self.log.warning("a message cannot be read as VMC; more of them are only counted")
        self.malformed = self._reader.malformed

    def close(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def _notice_silence(self) -> None:
        now = self.clock.now()
        if self._heard is not None and now - self._heard > SILENT:
            self._heard = None
            self.log.warning("the performer is silent")
            self.skeletons.emit(now, [])


def _note_player(sender: Sender) -> NotePlayer:
    """Plays notes as VMC messages; a velocity of 127 is 1.0."""

    def on(channel: int, pitch: int, velocity: int, duration: float) -> None:
        sender.send([vmc.midi_note(True, channel, pitch, velocity / 127)])

    def off(channel: int, pitch: int) -> None:
        sender.send([vmc.midi_note(False, channel, pitch, 0.0)])

    return NotePlayer(on, off)


def _skeleton(frame: Received) -> kinds.SkeletonPose:
    return kinds.SkeletonPose(
        person=0,
        root=frame.root.astype(np.float32),
        rotations=frame.rotations.astype(np.float32),
        confidence=frame.seen.astype(np.float32),
    )
