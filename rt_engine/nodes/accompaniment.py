"""A second instrument over the drums: piano, guitar or bass."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.accompaniment.harmony import parse_key, parse_progression
from rt_engine.accompaniment.notes import BarNote, loudness
from rt_engine.accompaniment.patterns import closing, pattern
from rt_engine.accompaniment.progression import Chords, Progression
from rt_engine.accompaniment.schedule import Due, Schedule
from rt_engine.accompaniment.writer import TooLate, Wish, Writer
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, action
from rt_engine.drums.bar import STEPS_A_BEAT, Bar
from rt_engine.extras import MissingExtra
from rt_engine.inference import CardError

__all__ = ["Player"]

MARGIN = SECOND // 20  # ns before its first step at which a bar must have been written
NOTICE = SECOND // 2  # ns ahead that a first bar must be told for the model to write it
LATE = SECOND // 20  # ns by which a note may come too late and is still played
LAST = 4.0  # beats of the last chord


class Player(Node):
    """Plays over bars of drums, each written by a model before it sounds.

    Chords come from `progression`, one a bar; with "auto" the model finds four bars of them,
    within `key` where one is named, and these go round until `new_progression`. Where the model
    is absent or a bar would come too late, patterns over the chords go on, and that is said once.
    The first bar is a pattern too where the drums tell it only when they begin.
    Notes leave up to two beats ahead, each with its due time from the newest beat (without beats,
    from the bar), so they follow the tempo; no note rings beyond its bar. When no further bar has
    come by the end of the last one, or a bar is silent, a long chord on the downbeat is the end.
    """

    threaded = True
    bars = Input(kinds.DrumBars)
    beats = Input(kinds.Beats, optional=True)
    notes = Output(kinds.Notes)

    model: Annotated[
        str, Meta(description="NAME of NAME_drums and NAME_notes in exported_models; '': patterns")
    ] = "accompaniment"
    instrument: Annotated[
        Literal["piano", "guitar", "bass"], Knob(description="what is played, from the next bar on")
    ] = "piano"
    channel: Annotated[
        int, Knob(ge=1, le=16, description="MIDI channel; the synthesiser chooses its program")
    ] = 1
    key: Annotated[str, Knob(description="such as 'A minor', 'Eb major'; 'auto': any")] = "auto"
    key_strength: Annotated[
        float, Knob(ge=0, le=1, description="1: no note out of the key, but for given chords")
    ] = 1.0
    harmony: Annotated[
        float, Knob(ge=0, le=1, description="how much the tones of the chord are preferred")
    ] = 0.5
    progression: Annotated[
        str, Knob(description="chords, one a bar, such as 'Am F C G'; 'auto': found")
    ] = "auto"
    density: Annotated[float, Knob(ge=0, le=1, description="how much is played")] = 0.5
    intensity: Annotated[float, Knob(ge=0, le=1, description="how loud; 0.5: as written")] = 0.5
    temperature: Annotated[
        float, Knob(gt=0, le=3, description="1: as varied as the songs; lower: the likeliest")
    ] = 0.9
    top_k: Annotated[int, Knob(ge=1, le=200, description="choices for each token")] = 12
    follow: Annotated[
        float, Knob(ge=0, le=1, description="how much hits of the drums draw notes to them")
    ] = 0.0
    mute: Annotated[bool, Knob(description="silent, within two beats; the bars go on")] = False

    def plan(self) -> None:
        self.on_setting("key")
        self.on_setting("progression")

    def open(self) -> None:
        self.writer: Writer | None = None
        if not self.model:
            return
        try:
            self.writer = Writer([f"{self.model}_drums", f"{self.model}_notes"])
        except (CardError, MissingExtra) as error:
            self.log.warning("patterns are played, for want of a model: %s", error)

    def reset(self) -> None:
        self.schedule = Schedule()
        self.chords_of.renew()
        self.last: Chords | None = None  # chords of the last bar while something is played
        self.meter, self.said_late = 0, False
        if self.writer:
            self.writer.reset()

    def on_setting(self, name: str) -> None:
        if name == "key":
            self.parsed_key = parse_key(self.key)
        if name in ("key", "progression"):
            self.chords_of = Progression(parse_progression(self.progression))

    def on_beats(self, packet: Packet) -> None:
        beat: kinds.Beat = packet.data
        if not beat.period > 0:
            return
        self.meter = beat.meter
        period = round(beat.period * SECOND)
        self._play(self.schedule.beat(packet.t, period, beat.index))
        if self.schedule.ended():
            self._close(packet.t, period)

    def on_bars(self, packet: Packet) -> None:
        told: kinds.DrumBar = packet.data
        drums = Bar(told.hits, told.velocities, told.offsets)
        period, beats = round(told.period * SECOND), beats_of(len(drums), self.meter)
        if len(drums) and drums.hits.any():
            notes = self._written(drums, packet.t, 60.0 / told.period)
        elif self.last is not None:
            notes, self.last = closing(self.last, self.instrument, LAST), None
        else:
            return
        stretch = beats * STEPS_A_BEAT / len(drums) if len(drums) else 1.0
        notes = [n._replace(start=n.start * stretch, duration=n.duration * stretch) for n in notes]
        self._play(self.schedule.bar(packet.t, period, notes, beats))
        if self.last is None:
            self.schedule.end = None

    @action
    def panic(self, t: int) -> None:
        """Forget all that is planned; what has left ends with its bar."""
        self.schedule.clear()
        self.last = None

    @action
    def new_progression(self, t: int) -> None:
        """Find new chords, or begin the given ones anew."""
        self.chords_of.renew()

    def _written(self, drums: Bar, t: int, tempo: float) -> list[BarNote]:
        """The notes of a bar that begins at `t`."""
        chords = self.chords_of.next()
        notes = self._by_model(drums, t, tempo, chords)
        if notes is None or self.writer is None:
            self.last = self.chords_of.fill(self.parsed_key, self.rng)
            notes = pattern(drums, self.last, self.instrument, self.density)
        else:
            self.last = self.writer.chords
        self.chords_of.played(self.last)
        return notes

    def _by_model(
        self, drums: Bar, t: int, tempo: float, chords: Chords | None
    ) -> list[BarNote] | None:
        """What the model writes; None without one, or where it does not come in time."""
        sudden = self.last is None and t - self.clock.now() < NOTICE
        if self.writer is None or sudden:
            return None
        wish = Wish(
            self.instrument, tempo, chords, self.density, self.parsed_key, self.key_strength,
            self.harmony, self.follow, self.temperature, self.top_k,
        )  # fmt: skip
        try:
            return self.writer.write(drums, wish, self.rng, lambda: self.clock.now() > t - MARGIN)
        except TooLate as error:
            if not self.said_late:
                self.log.warning("a bar was not written in time, a pattern is played: %s", error)
            self.said_late = True
            return None

    def _close(self, t: int, period: int) -> None:
        """The drums have ended: a last chord on the downbeat that they have left open."""
        self.schedule.clear()
        if self.last is not None:
            notes = closing(self.last, self.instrument, LAST)
            self._play([Due(t, n.duration * period / SECOND, n.pitch, n.velocity) for n in notes])
        self.last = None

    def _play(self, due: list[Due]) -> None:
        now = self.clock.now()
        for t, duration, pitch, velocity in due:
            if self.mute or t < now - LATE:
                continue
            loud = loudness(velocity, self.intensity)
            self.notes.emit(t, kinds.Note(pitch, loud, duration, self.channel))


def beats_of(steps: int, meter: int) -> float:
    """Beats of a bar: those of the tracker's meter where it divides the bar into quarters or
    dotted quarters, else quarters.
    """
    whole = meter > 0 and steps % meter == 0 and steps // meter in (4, 6)
    return float(meter) if whole else steps / STEPS_A_BEAT
