"""The body that conducts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.conducting.body import WIDTH, Body
from rt_engine.conducting.conductor import Conductor as Pattern
from rt_engine.conducting.learned import FLAT, SOLID, Blend, Mode
from rt_engine.conducting.orchestra import azimuth
from rt_engine.conducting.performance import pictured
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, action
from rt_engine.core.packet import Kind
from rt_engine.nodes.conducting.choices import Manner, Metre, Styled, style_of
from rt_engine.nodes.conducting.ictus import beat_of
from rt_engine.rhythm.taps import Taps

__all__ = ["Conductor"]

GAP = SECOND  # ns without pace after which the body begins anew
WAITING = 8  # beats that are kept until there is a pace


class Conductor(Node):
    """Conducts the beats that come: a body in motion whose hand strikes exactly on them.

    `beats` are heard ahead of time, `next` (of `rhythm.BeatTracker`) corrects the coming one. How
    far time has come says `pace`, any steady stream of the same source, or else `tempo`; frames are
    made `ahead` s before it, each with the time at which it is to be seen, and `latency_ms` of the
    renderer is taken off. `expression` sets size and articulation, `phrases` where it looks.
    `ictus` are the strokes, `announce` s ahead; `joints` 13 points in a picture, as in
    ConductorMotion100. `learned`, joints from a network, moves the whole body in the mode
    "learned" and all but the right hand in "blend".
    """

    beats = Input(kinds.Beats)
    next = Input(kinds.Beats, optional=True)
    tempo = Input(kinds.Tempo, optional=True)
    pace = Input(Kind, optional=True)
    expression = Input(kinds.Expressions, optional=True)
    phrases = Input(kinds.Phrases, optional=True)
    learned = Input(kinds.Frames, optional=True)
    skeletons = Output(kinds.Skeletons)
    ictus = Output(kinds.Beats)
    joints = Output(kinds.Frames)

    rate: Annotated[
        float, Meta(ge=20, le=120, description="frames a second; not more than pace has")
    ] = 50.0
    ahead: Annotated[
        float, Meta(ge=0, le=0.5, description="s that frames are made before they are due")
    ] = 0.1
    announce: Annotated[
        float, Meta(ge=0, le=0.5, description="s that an ictus is told before it is due")
    ] = 0.15
    height: Annotated[float, Meta(ge=0.5, le=3, description="m, of the conductor")] = 1.7
    seed: Annotated[int, Meta(ge=-1, description="of what varies; -1: that of the graph")] = -1
    person: Annotated[
        float, Meta(ge=0, le=2, description="how much this one differs from the style, by seed")
    ] = 0.0
    latency_ms: Annotated[
        float, Knob(ge=-200, le=1000, unit="ms", description="of the renderer; taken off")
    ] = 0.0
    metre: Annotated[Metre, Knob(description="pattern; auto: what the beats say")] = "auto"
    style: Annotated[Styled, Knob(description="of moving")] = "neutral"
    articulation: Annotated[Manner, Knob(description="of the strokes; auto: as heard")] = "auto"
    size: Annotated[float, Knob(ge=0.2, le=2, description="of the strokes, a factor")] = 1.0
    mode: Annotated[Mode, Knob(description="what moves the body")] = "pattern"
    lead: Annotated[
        float, Knob(ge=0, le=400, unit="BPM", description="a tempo of its own; 0 follows")
    ] = 0.0
    elasticity: Annotated[
        float, Knob(ge=0, le=1, description="how far a leader gives in to the beats it hears")
    ] = 0.2
    confidence: Annotated[
        float, Knob(ge=0, le=1, description="least confidence of beats that are followed")
    ] = 0.0
    coast: Annotated[
        float, Knob(ge=0, le=64, unit="beats", description="goes on so long when none come")
    ] = 3.0

    def plan(self) -> None:
        if not {"pace", "tempo"} & set(self.formats):
            raise ValueError(
                "nothing says how time goes on: wire 'pace' to a steady stream beside the beats, "
                "such as the frames that the tracker hears, or to beats.Pace"
            )
        size = self.formats["learned"].size if "learned" in self.formats else SOLID
        if size not in (FLAT, SOLID):
            raise ValueError(
                f"'learned' carries {size} numbers: {SOLID} (13 joints in m) or {FLAT} (in a "
                "picture) are needed"
            )
        self._check_mode()
        self._body = Body(self.height)
        self._seed = self.seed if self.seed >= 0 else int(self.rng.integers(2**32))
        self.skeletons.format = kinds.Skeletons()
        self.joints.format = kinds.Frames(self.rate, FLAT, "13 joints in a picture")

    def reset(self) -> None:
        self._pattern: Pattern | None = None
        self._early: list[Packet] = []
        self._time = -(10**18)  # ns, of the last pace

    def on_setting(self, name: str) -> None:
        self._check_mode()
        if self._pattern is not None:
            self._set(self._pattern, name)

    def on_beats(self, packet: Packet) -> None:
        if packet.data.confidence < self.confidence:
            return
        if self._pattern is None:
            self._early = [*self._early[1 - WAITING :], packet]
            return
        beat = packet.data
        self._pattern.hear(packet.t / SECOND, beat.position, beat.meter, beat.period)

    def on_next(self, packet: Packet) -> None:
        self.on_beats(packet)

    def on_tempo(self, packet: Packet) -> None:
        if "pace" not in self.formats:
            self._go(packet.t)

    def on_pace(self, packet: Packet) -> None:
        self._go(packet.t)

    def on_expression(self, packet: Packet) -> None:
        heard = packet.data
        if self._pattern is not None and heard.dynamics >= 0:
            detached = heard.detached if heard.articulation >= 0 else 0.3
            self._pattern.express(heard.level, detached)

    def on_phrases(self, packet: Packet) -> None:
        if self._pattern is not None and not packet.data.confirmed:
            self._pattern.phrase()

    def on_learned(self, packet: Packet) -> None:
        if self._pattern is not None:
            self._blend.network.hear(packet.t / SECOND, packet.data)

    @action
    def prepare(self, t: int) -> None:
        """Raise the hands: attention."""
        self._asked().prepare()

    @action
    def start(self, t: int, bpm: float = 0.0) -> None:
        """Conduct what is heard; with a tempo, or where nothing is heard, begin by itself."""
        self._asked().start(float(bpm))

    @action
    def count_in(self, t: int, beats: int = 4, bpm: float = 0.0) -> None:
        """Beat so many, then the first of a bar; without a tempo, that of before."""
        if not 1 <= int(beats) <= 16:
            raise ValueError(f"1 to 16 beats can be counted in, found {beats}")
        self._asked().count_in(int(beats), float(bpm))

    @action
    def tap(self, t: int) -> None:
        """A beat is now; from the second tap on they are followed."""
        self._taps.add(t / SECOND)
        if (line := self._taps.line()) is not None:
            last, period = line
            self._asked().hear(last + period, 0, 0, period)

    @action
    def one(self, t: int) -> None:
        """The beat nearest to now is the first of its bar."""
        self._asked().schedule.first(t / SECOND)

    @action
    def cue(self, t: int, whom: str | float = 0.0) -> None:
        """Give the next stroke to a section, or to degrees left of the middle."""
        self._asked().cue(azimuth(whom))

    @action
    def fermata(self, t: int) -> None:
        """Hold from the next stroke on."""
        self._asked().fermata()

    @action
    def release(self, t: int) -> None:
        """Go on after a fermata, with a preparation."""
        self._asked().release()

    @action
    def cut_off(self, t: int) -> None:
        """End the sound, and stop."""
        self._asked().cut_off()

    @action
    def stop(self, t: int) -> None:
        """Lower the hands until `start`, `prepare` or `count_in`."""
        self._asked().stop()

    def _check_mode(self) -> None:
        if self.mode != "pattern" and "learned" not in self.formats:
            raise ValueError(f"mode {self.mode!r} needs joints: wire 'learned' to a model")

    def _asked(self) -> Pattern:
        if self._pattern is None:
            raise ValueError("there is no time yet: nothing has come in at 'pace'")
        return self._pattern

    def _go(self, t: int) -> None:
        """Make the frames that are due by `t` + `ahead`."""
        if self._pattern is None or not 0 <= t - self._time < GAP:
            self._begin(t)
        self._time = t
        until = t + round(self.ahead * SECOND)
        while (due := self._start + round(self._frame * SECOND / self.rate)) <= until:
            self._frame += 1
            self._emit(due)

    def _begin(self, t: int) -> None:
        style = style_of(self.style, self.person, self._seed)
        begin = t + round(self.ahead * SECOND)
        self._start, self._frame = begin, 0
        self._pattern = Pattern(style, self._seed, self.metre, self._seen(begin))
        self._blend, self._taps = Blend(self.mode, self._seen(begin)), Taps()
        self._told = -1
        for name in ("articulation", "size", "coast", "lead"):
            self._set(self._pattern, name)
        early, self._early = self._early, []
        for packet in early:
            self.on_beats(packet)

    def _seen(self, t: int) -> float:
        """The moment of the music (s) that a frame of time `t` (ns) shows when it is seen."""
        return t / SECOND + self.latency_ms / 1000

    def _emit(self, t: int) -> None:
        assert self._pattern is not None
        seen = max(self._seen(t), self._pattern.now)
        stance = self._blend.lay(self._pattern.at(seen), t / SECOND - self.ahead)
        self.skeletons.emit(t, [self._body.pose(stance)])
        picture = pictured(self._body.joints(stance), WIDTH * self._body.scale)
        self.joints.emit(t, picture.reshape(-1))
        strike = self._pattern.ahead(seen + max(self.announce, 1.5 / self.rate))
        if strike is not None and strike.serial != self._told:
            self._told = strike.serial
            beat = beat_of(strike, self._pattern.schedule.period)
            self.ictus.emit(round(strike.t * SECOND), beat)

    def _set(self, pattern: Pattern, name: str) -> None:
        """Pass a setting on."""
        if name in ("articulation", "size"):
            setattr(pattern.manner, name, getattr(self, name))
        elif name == "coast":
            pattern.coast = self.coast
        elif name == "metre":
            pattern.schedule.ask(self.metre)
        elif name == "style":
            pattern.change(style_of(self.style, self.person, self._seed))
        elif name in ("lead", "elasticity"):
            pattern.lead(self.lead, self.elasticity)
        elif name == "mode":
            self._blend.mode = self.mode
