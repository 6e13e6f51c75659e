"""MIDI: clock and notes, from small processes of their own; files; settings by knobs and keys."""

from __future__ import annotations

import logging
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Controls, Input, Knob, Node, Output, Packet, Source, action
from rt_engine.core import Control as Change
from rt_engine.protocols.midi_file import BeatAt, Timed, midi_file, write
from rt_engine.protocols.midi_in import Assignments, MidiIn, NoMidiError, open_in
from rt_engine.protocols.midi_link import MidiLink

__all__ = ["Capture", "Clock", "Control", "Notes"]

MS = 1_000_000
PATIENCE = 0.1  # s that a read waits for a message
BAR = 2 * SECOND  # ns where no beats are known: four beats at 120 BPM
EARLY = SECOND // 20  # ns that a note may come before the beat that it belongs to

Port = Annotated[
    str,
    Meta(description="existing MIDI port, or a part of its name; empty: a port of our own"),
]
Client = Annotated[str, Meta(min_length=1, description="our name, as other programs see it")]
Channel = Annotated[int, Meta(ge=1, le=16)]
Program = Annotated[int, Meta(ge=0, le=127)]
Api = Annotated[str, Meta(description="alsa, jack, ...; empty: the first that works here")]
Offset = Annotated[
    float, Knob(ge=-1000, le=1000, unit="ms", description="delay; negative: earlier")
]


def due_words(packet: Packet, offset_ms: float, log: logging.Logger) -> tuple[object, ...] | None:
    """The command that plays a note; None, and a warning, where it is no MIDI note."""
    note = packet.data
    if not (1 <= note.channel <= 16 and 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127):
        log.warning("not a MIDI note, left out: %s", note)
        return None
    due, duration = packet.t + round(offset_ms * MS), round(note.duration * SECOND)
    return "note", due, duration, note.channel, note.pitch, note.velocity


class MidiOutput(Node):
    """What clock and notes share: the process, its port, and what is said about both.

    `lateness`, after `close`: how late messages were, in ms (count, p50, p99, max).
    """

    live_only = True
    on_error = "restart"  # a MIDI server that went away is looked for again
    port: Port = ""
    client: Client = "rt-engine"
    api: Api = ""
    offset_ms: Offset = 0.0

    def open(self) -> None:
        self._link = MidiLink(
            self.name, client=self.client, to=self.port, api=self.api, **self._clock()
        )
        self.log.info("MIDI to %s, %s", self.port or self.name, self._link.scheduling)

    def close(self) -> None:
        if hasattr(self, "_link"):
            self._say_lateness()
            self._link.close()
            del self._link

    def _clock(self) -> dict[str, Any]:
        """Settings of the clock in the process."""
        return {"start": "manual"}

    def _say_lateness(self) -> None:
        try:
            self.lateness = late = self._link.stats()
        except OSError:  # it has ended, and was reported
            return
        text = "%d messages, late by %.2f ms (median), %.2f (p99), %.2f (most)"
        self.log.info(text, late["count"], late["p50"], late["p99"], late["max"])
        if late["dropped"]:
            self.log.warning("%d notes came too late and were dropped", late["dropped"])


class Clock(MidiOutput):
    """MIDI clock, 24 ticks a beat, that glides onto the predicted beats.

    Start, stop, continue and song position as in the MIDI standard. Beats of less than
    `confidence` are not followed: the clock goes on at its tempo, as it does where no beats
    come, and stops after `coast` seconds. It starts anew when beats return.
    """

    beats = Input(kinds.Beats)
    start_on: Annotated[
        Literal["downbeat", "beat", "manual"],
        Meta(description="where the song begins; manual: on the downbeat after the action start"),
    ] = "downbeat"
    bend: Annotated[
        float, Knob(ge=0.001, le=0.2, description="change of tempo that corrects errors of phase")
    ] = 0.04
    jump: Annotated[
        float, Knob(ge=0.05, le=0.5, unit="beats", description="error from which it jumps")
    ] = 0.4
    coast: Annotated[
        float, Knob(ge=0, unit="s", description="time without beats until it stops; 0: for ever")
    ] = 8.0
    confidence: Annotated[
        float, Knob(ge=0, le=1, description="least confidence of a beat that is followed")
    ] = 0.0

    def open(self) -> None:
        super().open()
        self.on_setting("offset_ms")

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        if beat.confidence >= self.confidence:
            period = round(beat.period * SECOND)
            place = beat.index, beat.position, beat.meter
            self._link.tell("beat", packet.t, period, *place)

    def on_setting(self, name: str) -> None:
        if name == "offset_ms":
            self._link.tell("set", "offset", round(self.offset_ms * MS))
        elif name != "confidence":
            self._link.tell("set", name, getattr(self, name))

    @action
    def start(self, t: int) -> None:
        """Begin the song anew on the next downbeat."""
        self._link.tell("start")

    @action
    def stop(self, t: int) -> None:
        """Stop now, until `start` or `resume`."""
        self._link.tell("stop")

    @action
    def resume(self, t: int) -> None:
        """Continue the song on the next downbeat."""
        self._link.tell("resume")

    def _clock(self) -> dict[str, Any]:
        names = ("bend", "jump", "coast")
        return {"start": self.start_on, **{name: getattr(self, name) for name in names}}


class Notes(MidiOutput):
    """MIDI notes at their due times; a note that comes more than 0.1 s late is dropped."""

    notes = Input(kinds.Notes)

    def on_notes(self, packet: Packet) -> None:
        if words := due_words(packet, self.offset_ms, self.log):
            self._link.tell(*words)

    @action
    def panic(self, t: int) -> None:
        """End all notes, and forget those that are planned."""
        self._link.tell("silence")


class Merge(Node):
    """Notes of up to four players as one stream, for a synthesiser, a port or a file."""

    a = Input(kinds.Notes)
    b = Input(kinds.Notes, optional=True)
    c = Input(kinds.Notes, optional=True)
    d = Input(kinds.Notes, optional=True)
    notes = Output(kinds.Notes)

    def on_a(self, packet: Packet) -> None:
        self.notes.emit(packet.t, packet.data)

    on_b = on_c = on_d = on_a


class Capture(Node):
    """Keeps the last `bars` bars of notes, and writes them as a MIDI file.

    Action `save` writes what is there, and so does the end of the run. The file is of type 1,
    with the tempo of every beat, drums on channel 10, and never replaces one that is there:
    `take.mid` becomes `take-2.mid`. Where the place in the bar is unknown, or no beats are
    wired, a bar is four beats or two seconds.
    """

    notes = Input(kinds.Notes)
    beats = Input(kinds.Beats, optional=True)
    path: Annotated[str, Meta(min_length=1, description="of the first file")] = "take.mid"
    bars: Annotated[int, Knob(ge=1, le=4096, description="that are kept")] = 16
    programs: Annotated[
        dict[Channel, Program], Meta(description="General MIDI program (from 0) by channel")
    ] = {}

    def plan(self) -> None:
        if not Path(self.path).absolute().parent.is_dir():
            raise ValueError(f"{self.path!r} cannot be written: there is no such folder")

    def open(self) -> None:
        self._notes: list[Timed] = []
        self._beats: list[BeatAt] = []
        self._new = False  # whether there is something that no file holds
        self.saved: list[str] = []  # the files that were written

    def on_notes(self, packet: Packet) -> None:
        self._notes.append((packet.t, packet.data))
        self._new = True
        if "beats" not in self.formats:
            self._forget(packet.t - self.bars * BAR)

    def on_beats(self, packet: Packet) -> None:
        self._beats.append((packet.t, packet.data))
        starts = [t for t, beat in self._beats if beat.position == 1]
        starts = starts or [t for t, _ in self._beats[::4]]
        if len(starts) > self.bars:  # the newest one has only begun
            first = starts[-self.bars - 1]
            self._beats = [pair for pair in self._beats if pair[0] >= first]
            self._forget(first - EARLY)

    @action
    def save(self, t: int) -> None:
        """Write a file of what is kept."""
        if not self._notes:
            self.log.warning("nothing to save: no notes have come")
            return
        path = _free(Path(self.path))
        write(midi_file(self._notes, self._beats, programs=self.programs), path)
        self._new = False
        self.saved.append(str(path))
        self.log.info("%d notes in %s", len(self._notes), path)

    def close(self) -> None:
        if getattr(self, "_new", False):
            self.save(0)

    def _forget(self, before: int) -> None:
        self._notes = [pair for pair in self._notes if pair[0] >= before]


def _free(path: Path) -> Path:
    """`path`, or the first of its name with a number that is not there yet."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(p for p in chain([path], names) if not p.exists())


class Control(Source):
    """Live settings and actions of any node, by the knobs and keys of a MIDI controller.

    `map` says what is wired to what, for instance

        {"cc 1": drums.density, "cc 2": [drums.count, 0, 4], "note 36": drums.fill,
         "note 37": [drums.toggle, snare], "button 64": [drums.feel, double, normal]}

    A knob or fader ("cc") goes from 0 to 1 or between the two values given; a key ("note") or
    "button" sends the first value when it is pressed and the second, if there is one, when it
    is let go; without values it calls an action. Where nothing takes MIDI in, that is said, and
    the graph runs without it; an `api` or `port` that is asked for must be there.
    """

    device = True
    controls = Output(Controls)
    map: Annotated[
        dict[str, str | list[Any]], Meta(description="'cc N', 'button N', 'note N': node.name")
    ]
    port: Port = ""
    client: Client = "rt-engine"
    api: Api = ""
    channel: Annotated[int, Meta(ge=0, le=16, description="MIDI channel; 0: all")] = 0

    def plan(self) -> None:
        self._assigned = Assignments(self.map, self.channel)

    def open(self) -> None:
        self._port: MidiIn | None = None
        try:
            self._port = open_in(self.api, self.client, self.name, self.port)
        except NoMidiError as error:
            if self.port:
                raise
            self.log.warning("no MIDI controller is heard: %s", error)
        else:
            self.log.info("MIDI from %s", self.port or self.name)

    def read(self) -> bool:
        if self._port is None:
            return False
        message = self._port.receive(PATIENCE)
        change = self._assigned.change(message) if message else None
        if change is not None:
            self.controls.emit(self.clock.now(), Change(*change))
        return True

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None
