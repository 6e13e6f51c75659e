"""Sound: notes played by FluidSynth, or by a built-in voice where there is none."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import Input, Knob, Node, Packet, action
from rt_engine.nodes.midi import Channel, Offset, Program, due_words
from rt_engine.protocols.midi_link import Link, MidiLink
from rt_engine.synth.fonts import find_font
from rt_engine.synth.library import library
from rt_engine.synth.link import SynthLink

__all__ = ["FluidSynth"]

LEVELS = {"gain_db": "gain", "reverb": "reverb"}  # live settings: the words of the process


class FluidSynth(Node):
    """Plays notes at their due times through FluidSynth, a General MIDI synthesiser.

    It runs in a process of its own with the audio driver of the library (JACK where a server
    runs, else the system's), so that sound is on time beside a busy graph and ends when the
    graph does, however that ends. Without FluidSynth or a sound font, a built-in voice of drums
    and strings plays instead, and one warning says what is missing. `port` plays a synthesiser
    that runs already. `lateness`, after `close`: how late notes were handed over, in ms.
    """

    live_only = True
    on_error = "restart"  # a synthesiser that was killed is started again
    notes = Input(kinds.Notes)
    voice: Annotated[
        Literal["auto", "fluidsynth", "builtin"],
        Meta(description="auto: FluidSynth, or the built-in voice where it is missing"),
    ] = "auto"
    soundfont: Annotated[
        str, Meta(description=".sf2 or .sf3; empty: $SOUNDFONT, or the best one in usual places")
    ] = ""
    driver: Annotated[
        str, Meta(description="jack, pulseaudio, alsa, ...; empty: the first that works here")
    ] = ""
    device: Annotated[
        str, Meta(description="output device of the built-in voice, or a part of its name")
    ] = ""
    port: Annotated[
        str, Meta(description="MIDI port of a synthesiser that runs, to play that one instead")
    ] = ""
    rate: Annotated[int, Meta(ge=22_050, le=96_000, description="sample rate in Hz")] = 48_000
    programs: Annotated[
        dict[Channel, Program], Meta(description="General MIDI program (from 0) by channel")
    ] = {}
    gain_db: Annotated[float, Knob(ge=-60, le=12, unit="dB", description="level")] = 0.0
    reverb: Annotated[float, Knob(ge=0, le=1, description="level of the room; 0: dry")] = 0.2
    offset_ms: Offset = 0.0
    required: Annotated[
        bool, Meta(description="false: where no sound can be made this is said, and all goes on")
    ] = True

    def plan(self) -> None:
        if self.voice == "fluidsynth" and not self.port:
            self._wanting()
        self._programs = dict(self.programs)

    def open(self) -> None:
        self._link: Link | None = None
        try:
            self._link = self._linked()
        except OSError as error:
            if self.required:
                raise
            self.log.warning("%s; it stays silent, all else goes on", error)

    def close(self) -> None:
        if link := getattr(self, "_link", None):
            try:
                self.lateness = link.stats()
            except OSError:  # it has ended, and was reported
                self.log.debug("no figures from the synthesiser: it has ended")
            link.close()
            del self._link

    def on_notes(self, packet: Packet) -> None:
        if not self._link:
            return
        if words := due_words(packet, self.offset_ms, self.log):
            self._link.tell(*words)

    def on_setting(self, name: str) -> None:
        if self._link and name in LEVELS and not self.port:
            self._link.tell(LEVELS[name], getattr(self, name))

    @action
    def panic(self, t: int) -> None:
        """End all notes, and forget those that are planned."""
        if self._link:
            self._link.tell("silence")

    @action
    def program(self, t: int, channel: int, number: int) -> None:
        """Choose a General MIDI program (0 to 127) for a channel (1 to 16)."""
        if not (1 <= channel <= 16 and 0 <= number <= 127):
            raise ValueError("needed: channel 1 to 16, program 0 to 127")
        self._programs[channel] = number  # a restart keeps it
        if self._link:
            self._link.tell(*self._program(channel, number).split())

    def _linked(self) -> Link:
        commands = [self._program(*pair) for pair in self._programs.items()]
        if self.port:
            link = MidiLink(self.name, to=self.port, start="manual")
            for command in commands:
                link.tell(*command.split())
            return link
        voice, device = self._choice()
        commands += [f"{word} {getattr(self, name)}" for name, word in LEVELS.items()]
        found = SynthLink(
            voice, font=self.soundfont, driver=device, rate=self.rate, name=self.name,
            commands=commands,
        )  # fmt: skip
        self.log.info("%s, %s", voice, found.scheduling)
        return found

    def _choice(self) -> tuple[str, str]:
        """The voice, and the driver or device that it plays on."""
        if self.voice == "builtin":
            return "builtin", self.device
        try:
            self._wanting()
        except OSError as error:
            if self.voice == "fluidsynth" or self.soundfont:
                raise
            self.log.warning("%s; the built-in voice plays", error)
            return "builtin", self.device
        return "fluidsynth", self.driver

    def _wanting(self) -> None:
        """Raise OSError that says what FluidSynth lacks here."""
        library()
        find_font(self.soundfont)

    def _program(self, channel: int, number: int) -> str:
        if self.port:
            return "midi " + bytes([0xC0 | (channel - 1), number]).hex()
        return f"program {channel} {number}"
