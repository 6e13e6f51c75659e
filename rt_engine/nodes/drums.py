"""The drummer: beats and accents of a body in, drums out; and the writer of its bars."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, action
from rt_engine.drums import controls
from rt_engine.drums.bar import STEPS, Bar, Floats
from rt_engine.drums.drummer import Drummer as Player
from rt_engine.drums.drummer import Event
from rt_engine.drums.kit import CHANNEL, DRUMS, NOTES
from rt_engine.drums.listen import Listener
from rt_engine.drums.strokes import Stroke

__all__ = ["Drummer", "Writer"]


class Drummer(Node):
    """Plays the drums to the beats of a body and answers its accents.

    Bars come from `written` (`drums.Writer`), and where one is missing or nobody writes, from
    patterns; bars leave by `bars` before they sound. In the mode "grid" an accent is struck on
    the next sixteenth, in the mode "free" at once, and only accents play. Where `tempo` and
    `motion` say that nobody plays, the groove thins out and ends on a downbeat; it begins again
    with the next one. Without them it goes on as long as beats come.
    """

    beats = Input(kinds.Beats)
    tempo = Input(kinds.Tempo, optional=True)
    accents = Input(kinds.Onsets, optional=True)
    motion = Input(kinds.Frames(size=1), optional=True)
    written = Input(kinds.DrumBars, optional=True)
    notes = Output(kinds.Notes)
    bars = Output(kinds.DrumBars)
    mode: Annotated[
        Literal["grid", "free"], Knob(description="accents on the grid, or when they come")
    ] = "grid"
    density: Annotated[float, Knob(ge=0, le=1, description="how many strokes; 0.5: as written")] = (
        0.5
    )
    intensity: Annotated[float, Knob(ge=0, le=1, description="how loud; 0.5: as written")] = 0.5
    swing: Annotated[float, Knob(ge=0, le=1, description="of the sixteenths; 1: two to one")] = 0.0
    humanise: Annotated[
        float, Knob(ge=0, le=1, description="how far from the grid, and how uneven")
    ] = 0.3
    variation: Annotated[
        float, Knob(ge=0, le=1, description="0: the same bar while the body does the same")
    ] = 0.3
    follow: Annotated[
        float, Knob(ge=0, le=1, description="0: beats alone; 1: every accent of the body")
    ] = 0.7
    fill_every: Annotated[int, Knob(ge=0, le=64, unit="bars", description="0: never")] = 8
    feel: Annotated[
        Literal["normal", "half", "double"], Knob(description="half-time or double-time")
    ] = "normal"
    mute: Annotated[
        str | list[str], Knob(description=f"drums that are silent, of: {', '.join(DRUMS)}")
    ] = []
    lock: Annotated[bool, Knob(description="repeat the bar")] = False
    count: Annotated[int, Knob(ge=0, le=4, unit="bars", description="count-in at a start")] = 0
    ending: Annotated[
        int, Knob(ge=0, le=4, unit="bars", description="over which the groove thins out")
    ] = 1
    still: Annotated[
        float, Knob(ge=0, le=10, unit="m/s", description="motion below this is stillness")
    ] = 0.06
    patience: Annotated[
        float, Knob(ge=0.5, le=60, unit="s", description="stillness after which nobody plays")
    ] = 4.0
    write: Annotated[
        Literal["bar", "step"],
        Meta(description="whole bars ahead, or each sixteenth in time, by the streaming model"),
    ] = "bar"
    ahead: Annotated[
        float, Meta(ge=0.03, le=1, description="s by which strokes leave before they are due")
    ] = 0.15

    def plan(self) -> None:
        self._muted()
        if self.write == "step" and "written" in self.formats:
            raise ValueError("write: step writes by itself; leave `written` unwired, or write bars")

    def open(self) -> None:
        self._steps = _step_writer() if self.write == "step" else None
        self._said: set[str] = set()
        self._wanted = True

    def reset(self) -> None:
        expects, ticks = "written" in self.formats, bool({"tempo", "motion"} & set(self.formats))
        self._player = Player(self._settings(), self.rng, expects, self._steps, ticks)
        self._player.wanted = self._wanted  # a gap in the stream starts nobody
        self._seen = 0

    @property
    def late(self) -> int:
        """Bars since the last reset that a pattern stood in for because none was written."""
        return self._player.late

    def on_setting(self, name: str) -> None:
        self._player.configure(self._settings())

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        place = beat.position, beat.meter
        self._play(self._player.beat(packet.t / SECOND, *place, beat.period, self._now()))

    def on_tempo(self, packet: Packet) -> None:
        self._see(packet)
        self._play(self._player.tempo(packet.data.playing, self._now()))

    def on_motion(self, packet: Packet) -> None:
        self._see(packet)
        speed = float(packet.data[0])
        self._play(self._player.motion(packet.t / SECOND, speed, self._now()))

    def on_accents(self, packet: Packet) -> None:
        self._see(packet)
        strength = min(max(packet.data.strength, 0.0), 1.0)
        self._play(self._player.accent(packet.t / SECOND, strength, self._now()))

    def on_written(self, packet: Packet) -> None:
        bar = packet.data
        self._player.written(packet.t / SECOND, Bar(bar.hits, bar.velocities, bar.offsets))

    @action
    def fill(self, t: int) -> None:
        """A fill now, to the end of the bar."""
        self._player.fill()

    @action
    def start(self, t: int) -> None:
        """Play from the next downbeat on, where somebody is there."""
        self._player.start()
        self._wanted = self._player.wanted

    @action
    def stop(self, t: int) -> None:
        """End on the next downbeat, until `start`."""
        self._player.stop()
        self._wanted = self._player.wanted

    @action
    def count_in(self, t: int) -> None:
        """Count in anew, from the next downbeat on."""
        self._player.count_in()
        self._wanted = self._player.wanted

    @action
    def panic(self, t: int) -> None:
        """Silence, until `start`; what has left already is `midi.Notes.panic`'s."""
        self._player.panic()
        self._wanted = self._player.wanted

    @action
    def toggle(self, t: int, drum: str) -> None:
        """Mute a drum, or let it sound again."""
        muted = [self.mute] if isinstance(self.mute, str) else list(self.mute)
        muted.remove(drum) if drum in muted else muted.append(drum)
        self.control(t, "mute", [muted])

    def _now(self) -> float:
        """Time in s; in a test without a clock that of what came in."""
        return max(self.clock.now(), self._seen) / SECOND

    def _see(self, packet: Packet) -> None:
        self._seen = max(self._seen, packet.t)

    def _play(self, events: list[Event]) -> None:
        for event in events:
            t = round(event.t * SECOND)
            if isinstance(event, Stroke):
                velocity = max(1, round(127 * event.velocity))
                note = kinds.Note(NOTES[event.drum], velocity, event.length, CHANNEL)
                self.notes.emit(t, note)
            else:
                bar = event.bar.hits, event.bar.velocities, event.bar.offsets
                made = kinds.DrumBar(event.index, event.period, *bar, event.source)
                self.bars.emit(t, made)
        if self._player.late:
            self._say("no bar was written in time: the groove goes on from a pattern")
        if self._player.dropped:
            self._say("steps came too late and were left out; this machine is too slow just now")
        if self._player.failure:
            self._say(f"no step is written ({self._player.failure}): patterns are played")

    def _say(self, text: str) -> None:
        """Warn, once."""
        if text not in self._said:
            self._said.add(text)
            self.log.warning("%s", text)

    def _muted(self) -> tuple[int, ...]:
        names = [self.mute] if isinstance(self.mute, str) else self.mute
        for name in names:
            if name and name not in DRUMS:
                raise ValueError(f"no drum {name!r} to mute; the drums are: {', '.join(DRUMS)}")
        return tuple(DRUMS.index(name) for name in names if name)

    def _settings(self) -> controls.Settings:
        return controls.Settings(
            mode=self.mode,
            density=self.density,
            intensity=self.intensity,
            swing=self.swing,
            humanise=self.humanise,
            variation=self.variation,
            follow=self.follow,
            fill_every=self.fill_every,
            feel=self.feel,
            lock=self.lock,
            mute=self._muted(),
            ahead=self.ahead,
            ending=self.ending,
            count=self.count,
            still=self.still,
            patience=self.patience,
        )


class Writer(Node):
    """Writes bars of drums by the rhythm of the body, with a model, one bar ahead.

    On each downbeat it writes the bar after the one that begins there, in a thread of its own,
    so that the drummer never waits. Bars of other metres than 4/4 are left to the drummer, and so
    are those that a model fails at, which is said once.
    """

    threaded = True
    beats = Input(kinds.Beats)
    accents = Input(kinds.Onsets, optional=True)
    bars = Output(kinds.DrumBars)
    temperature: Annotated[
        float, Knob(gt=0, le=2, description="how far from the likeliest bar it strays")
    ] = 0.9
    follow: Annotated[
        float, Knob(ge=0, le=1, description="accents that it writes by; 0: beats alone")
    ] = 0.7

    def open(self) -> None:
        self._writer = _bar_writer()
        self._failed = False

    def reset(self) -> None:
        self._listener = Listener()
        self._past: Bar | None = None
        self._index = 0

    def on_accents(self, packet: Packet) -> None:
        self._listener.accent(packet.t / SECOND, min(max(packet.data.strength, 0.0), 1.0))

    def on_beats(self, packet: Packet) -> None:
        beat = packet.data
        place = beat.position, beat.meter, beat.period
        order = self._listener.beat(packet.t / SECOND, *place, self.follow)
        late = order is not None and order.t * SECOND <= self.clock.now()
        if order is None or late or len(order.rhythm) != STEPS:
            return
        if (bar := self._written(order.rhythm)) is None:
            return
        made = kinds.DrumBar(
            self._index, order.period, bar.hits, bar.velocities, bar.offsets, "model"
        )
        self._past, self._index = bar, self._index + 1
        self.bars.emit(round(order.t * SECOND), made)

    def _written(self, rhythm: Floats) -> Bar | None:
        try:
            bar: Bar = self._writer.write(rhythm, self._past, self.temperature, self.rng)
            return bar
        except Exception as error:  # a restart would reset the drummer, who stands behind
            if not self._failed:
                self.log.warning("no bar is written (%s: %s)", type(error).__name__, error)
            self._failed = True
            return None


def _bar_writer() -> Any:
    """The model of whole bars; loaded late, since patterns need no ONNX Runtime."""
    from rt_engine.drums.writing import HitsWriter

    return HitsWriter(complete=True)  # the rhythm tells all; more is what density is for


def _step_writer() -> Any:
    """The model of single steps."""
    from rt_engine.drums.writing import StepWriter

    return StepWriter()
