"""Violin practice: notes as they were played, their place in a score, and a coach."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.nodes.osc.sending import Messages, To, addresses
from rt_engine.protocols.osc_templates import PRACTICE, templates
from rt_engine.udp import Sender
from rt_engine.violin import (
    Coach as Speaker,
)
from rt_engine.violin import (
    Follower,
    Heard,
    Listener,
    PerformanceFeatures,
    Place,
    Settings,
    Temperament,
    Tuning,
    note_name,
    read_score,
)
from rt_engine.violin.topics import TOPICS, Usual, findings

__all__ = ["Coach", "Features", "Notes", "Osc", "Score", "Show"]

CONTENT = "pitch, periodicity, level"
Part = Annotated[int, Meta(ge=0, description="part of a MusicXML file, from 0")]


class Notes(Node):
    """Notes of one violin: pitch, intonation, vibrato, timing, dynamics, bow, each with how sure.

    `notes` come when they have ended, stamped with their start; `onsets` come about 0.1 s after
    a start; `pitch` a hundred times a second: MIDI number (0: none), periodicity 0 to 1, dBFS.
    Timing is against `beats` where they are wired (a click, or a tracker that hears others), else
    against the player's own pulse. Silence, or sound without a violin, is said once.
    """

    audio = Input(kinds.Audio)
    beats = Input(kinds.Beats, optional=True)
    notes = Output(kinds.PlayedNotes)
    onsets = Output(kinds.Onsets)
    pitch = Output(kinds.Frames)
    reference: Annotated[float, Meta(ge=380, le=480, description="frequency of A4, Hz")] = 440.0
    temperament: Annotated[Temperament, Meta(description="where notes ought to be")] = "equal"
    tonic: Annotated[str, Meta(description="of just and Pythagorean: C, C#, ... B")] = "A"
    follow: Annotated[
        bool, Knob(description="take the tuning of the whole playing off each deviation")
    ] = True

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        tuning = Tuning(self.reference, self.temperament, self.tonic)
        self.listener = Listener(self.rate, tuning, self.follow)
        self.listener.clicked = "beats" in self.formats
        rate = self.rate / self.listener.ears.rms.hop
        self.pitch.format = kinds.Frames(rate=rate, size=3, content=CONTENT)

    def reset(self) -> None:
        self.listener.reset()
        self.received = 0
        self.origin = 0  # engine time of the sample that the listener calls 0
        self.violin = True
        self.coming: list[Packet] = []

    def on_setting(self, name: str) -> None:
        self.listener.follow = self.follow

    def on_beats(self, packet: Packet) -> None:
        self.coming.append(packet)  # until the sound says where its second 0 lies

    def _count(self) -> None:
        """Tell the listener the beats that came since the last block."""
        for packet in self.coming:
            beat, at = packet.data, (packet.t - self.origin) / SECOND
            self.listener.click.beat(at, beat.period, beat.confidence)
        self.coming.clear()

    def on_audio(self, packet: Packet) -> None:
        samples = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        self.origin = packet.t - self.received * SECOND // self.rate
        self._count()
        for heard in self.listener.process(samples):
            self._tell(heard)
        self.received += len(samples)
        if self.listener.violin != self.violin:
            self.violin = self.listener.violin
            said = "a violin is heard" if self.violin else "sound, but no violin is heard"
            self.log.warning("%s", said)

    def _tell(self, heard: Heard) -> None:
        moment = heard.moment
        number = self.listener.tuning.midi(moment.hz) if moment.hz else 0.0
        row = np.array([number, moment.periodic, moment.level], np.float32)
        self.pitch.emit(self._time(moment.t), row)
        if heard.started:
            at, strength = heard.started
            self.onsets.emit(self._time(at), kinds.Onset(strength))
        if heard.ended:
            start, note = heard.ended
            self.notes.emit(self._time(start), note)

    def _time(self, seconds: float) -> int:
        return self.origin + round(seconds * SECOND)


class Score(Node):
    """Follows a score (MIDI or MusicXML): the notes again, with bar and beat.

    Where the place is sure, intonation is told against the written note, and timing and tempo
    against the player's own tempo through the score, unless `timing` is "heard".
    """

    notes = Input(kinds.PlayedNotes)
    placed = Output(kinds.PlayedNotes)
    path: Annotated[str, Meta(description=".mid, .musicxml, .xml or .mxl; empty: no score")] = ""
    part: Part = 0
    timing: Annotated[
        Literal["score", "heard"], Meta(description="against the score, or as it was heard")
    ] = "score"
    sure: Annotated[float, Knob(ge=0, le=1, description="confidence from which a place holds")] = (
        0.5
    )

    def plan(self) -> None:
        self.follower = Follower(read_score(self.path, self.part)) if self.path else None

    def reset(self) -> None:
        if self.follower:
            self.follower.reset()

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        if self.follower:
            heard = note.pitch.value - note.tuning.value / 100 if note.target else None
            place = self.follower.hear(packet.t / SECOND, heard)
            if place.confidence >= self.sure:
                note = self._placed(note, place)
        self.placed.emit(packet.t, note)

    def _placed(self, note: kinds.PlayedNote, place: Place) -> kinds.PlayedNote:
        changes: dict[str, Any] = {
            "bar": place.event.bar,
            "beat": place.event.beat,
            "place": place.confidence,
        }
        if note.target and note.target not in place.event.pitches:
            # Another note than the written one is no question of intonation.
            changes["intonation"] = kinds.Measured(note.intonation.value, 0.0)
        if self.timing == "score":
            sure = place.steady * place.confidence
            changes["timing"] = kinds.Measured(place.late, sure)
            changes["tempo"] = kinds.Measured(place.bpm, sure)
        return msgspec.structs.replace(note, **changes)


class Coach(Node):
    """Sparse hints to a player: one at a time, at most one in 4 s, nothing that is not sure.

    Nothing is said within the tolerances (times `bandwidth`), and the better a topic goes, the
    rarer it is spoken of (`fade`). `sounds` has a short tone for each cue, high where the note
    was too high or early, low where too low or late: for `synth.FluidSynth` or MIDI.
    """

    notes = Input(kinds.PlayedNotes)
    cues = Output(kinds.Cues)
    sounds = Output(kinds.Notes)
    topics: Annotated[
        list[str], Meta(min_length=1, description=f"of {', '.join(TOPICS)}: what is spoken of")
    ] = list(TOPICS)
    pause: Annotated[float, Knob(ge=4, le=600, unit="s", description="between two cues")] = 4.0
    reliability: Annotated[
        float, Knob(ge=0, le=1, description="of the notes; below it nothing is told")
    ] = 0.5
    bandwidth: Annotated[
        float, Knob(gt=0, le=10, description="factor of all tolerances: more says less")
    ] = 1.0
    fade: Annotated[
        float, Knob(ge=0, le=100, description="how much rarer a topic is told that goes well")
    ] = 6.0
    channel: Annotated[int, Meta(ge=1, le=16, description="MIDI channel of the sounds")] = 1

    def plan(self) -> None:
        self.coach = Speaker(self._settings())

    def reset(self) -> None:
        self.coach.reset()
        self.tempo, self.noise = Usual(), Usual()

    def on_setting(self, name: str) -> None:
        self.coach.settings = self._settings()

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        end = packet.t + round(note.duration * SECOND)
        cue = self.coach.hear(end / SECOND, findings(note, self.tempo, self.noise))
        if cue:
            self.cues.emit(end, cue)
            pitch = 84 if cue.value > 0 and cue.topic == "intonation" else 72
            self.sounds.emit(end, kinds.Note(pitch, 70, 0.12, self.channel))

    def _settings(self) -> Settings:
        topics = tuple(self.topics)
        return Settings(self.pause, self.reliability, self.bandwidth, self.fade, topics)


class Features(Node):
    """The 35 numbers of sound that pose correction hears, 50 a second.

    Onset envelope, 20 MFCC, 12 chroma CENS, 1 where the bow turns, RMS
    (`rt_engine.violin.features`).
    """

    audio = Input(kinds.Audio)
    frames = Output(kinds.Frames)

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        self.features = PerformanceFeatures(self.rate)
        self.frames.format = kinds.Frames(50.0, self.features.dims, "performance features")

    def reset(self) -> None:
        self.features.reset()
        self.received = 0

    def on_audio(self, packet: Packet) -> None:
        samples = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        rows = self.features.process(samples)
        for centre, row in zip(self.features.times.tolist(), rows, strict=True):
            self.frames.emit(packet.t + (centre - self.received) * SECOND // self.rate, row)
        self.received += len(samples)


class Osc(Node):
    """Notes and cues of practice as OSC messages over UDP.

    Events "note" and "cue"; `messages` replaces the usual ones event by event (templates:
    `rt_engine.protocols.osc_templates`).
    """

    live_only = True
    notes = Input(kinds.PlayedNotes, optional=True)
    cues = Input(kinds.Cues, optional=True)
    to: To = "127.0.0.1:9000"
    messages: Messages = {}

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._templates = templates("practice", self.messages, PRACTICE)

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        fields: dict[str, Any] = {}
        for name, value in msgspec.structs.asdict(note).items():
            if isinstance(value, kinds.Measured):
                fields[name], fields[f"{name}_sure"] = value.value, value.reliability
            else:
                fields[name] = value
        fields["name"] = note_name(note.target) if note.target else "-"
        self._send("note", fields)

    def on_cues(self, packet: Packet) -> None:
        self._send("cue", msgspec.structs.asdict(packet.data))

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()

    def _send(self, event: str, fields: dict[str, Any]) -> None:
        self._sender.send([template.encode(fields) for template in self._templates[event]])


class Show(Node):
    """Cues, one line each, in the terminal; `notes` prints every note as well."""

    threaded = True
    live_only = True
    cues = Input(kinds.Cues)
    notes = Input(kinds.PlayedNotes, optional=True)

    def on_cues(self, packet: Packet) -> None:
        cue: kinds.Cue = packet.data
        where = f"bar {cue.bar}: " if cue.bar else ""
        print(f"{where}{cue.topic}: {cue.text} ({cue.value:+.3g} {cue.unit})".rstrip(), flush=True)

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        name = note_name(note.target) if note.target else "?"
        where = f"bar {note.bar} beat {note.beat:.2g}  " if note.bar else ""
        cents = f"{note.intonation.value:+5.0f} cents" if note.intonation.reliability else ""
        print(f"{where}{name:4} {note.duration:5.2f} s {cents}", flush=True)
