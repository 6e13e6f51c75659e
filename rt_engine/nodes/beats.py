"""Beats that somebody else says, a MIDI clock or a MIDI file; and time alone, for who taps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Knob, Output, Source
from rt_engine.protocols.midi_follow import ClockFollower, Predicted
from rt_engine.protocols.midi_in import open_in
from rt_engine.protocols.midi_score import Score, read_score

__all__ = ["MidiClock", "MidiFile", "Pace"]

PATIENCE = 0.1  # s that a read waits for a message
LEVELS = len(kinds.DYNAMICS)

Lead = Annotated[float, Meta(ge=0, le=1, description="s that a beat is told before it is due")]


class MidiClock(Source):
    """Beats of a MIDI clock, ahead of time, at a MIDI input.

    Bars are counted from the song's start, `meter` quarters each; a clock that was running before
    is followed, its bars unknown. While it stands there are no beats: where something must go on,
    take `beats.Pace` beside it.
    """

    device = True
    realtime = True
    beats = Output(kinds.Beats)
    port: Annotated[str, Meta(description="existing MIDI port, or a part; empty: our own")] = ""
    client: Annotated[str, Meta(min_length=1, description="our name, for others")] = "rt-engine"
    api: Annotated[str, Meta(description="alsa, jack, ...; empty: the first that works")] = ""
    meter: Annotated[int, Meta(ge=1, le=16, description="quarters a bar")] = 4
    lead: Lead = 0.2
    offset_ms: Annotated[
        float, Knob(ge=-1000, le=1000, unit="ms", description="moves beats; positive is later")
    ] = 0.0

    def open(self) -> None:
        self._port = open_in(self.api, self.client, self.name, self.port, timing=True)
        self.log.info("MIDI clock at %s", self.port or self.name)

    def reset(self) -> None:
        self._follower = ClockFollower(self.meter, self.lead)

    def read(self) -> None:
        if (found := self._port.arrival(PATIENCE)) is None:
            return
        arrival, message = found
        if (beat := self._follower.step(arrival / SECOND, message)) is not None:
            t = round((beat.t + self.offset_ms / 1000) * SECOND)
            self.beats.emit(t, self._payload(beat))

    def close(self) -> None:
        if hasattr(self, "_port"):
            self._port.close()
            del self._port

    def _payload(self, beat: Predicted) -> kinds.Beat:
        return kinds.Beat(
            index=beat.number,
            position=beat.position,
            meter=self.meter if beat.position else 0,
            bpm=60 / beat.period,
            period=beat.period,
            confidence=1.0,
        )


class MidiFile(Source):
    """The score of a MIDI file at its own pace: beats and notes ahead of time, and expression.

    Beats are those of the written metre, `lead` s ahead, notes too, so that a synthesiser has
    them in time. `expression` is each beat's loudness by velocity and detachment by durations;
    `pace` says `rate` times a second how far time has come.
    """

    realtime = True
    suffixes = (".mid", ".midi")
    beats = Output(kinds.Beats)
    notes = Output(kinds.Notes)
    expression = Output(kinds.Expressions)
    pace = Output(kinds.Frames)
    path: Annotated[str, Meta(min_length=1, description="the file, from the working folder")]
    lead: Lead = 0.3
    start: Annotated[float, Meta(ge=0, le=60, description="s of silence before the first beat")] = (
        2.0
    )
    rate: Annotated[float, Meta(gt=0, le=240, description="packets of pace a second")] = 50.0

    def plan(self) -> None:
        self._score = read_score(self.path)
        self.pace.format = kinds.Frames(self.rate, 1, "pace")

    def reset(self) -> None:
        self._events: Iterator[tuple[float, Output, float, Any]] = iter(self._listed(self._score))
        self._begin: int | None = None

    def read(self) -> bool:
        if self._begin is None:
            self._begin = self.clock.now()
        event = next(self._events, None)
        if event is None:
            return False
        when, output, t, payload = event
        if not self.clock.wait_until(self._begin + round(when * SECOND)):
            return False
        output.emit(self._begin + round(t * SECOND), payload)
        return True

    def _listed(self, score: Score) -> list[tuple[float, Output, float, Any]]:
        """When each packet leaves, from where, its own time (s from the start), and what it is."""
        start, lead = self.start, self.lead
        found: list[tuple[float, Output, float, Any]] = []
        for (t, beat), (level, detached) in zip(score.beats, score.expression, strict=True):
            at, leaves = t + start, max(t + start - lead, 0.0)
            found.append((leaves, self.expression, leaves, _graded(level, detached)))
            found.append((leaves, self.beats, at, beat))
        found += [(max(t + start - lead, 0), self.notes, t + start, n) for t, n in score.notes]
        count = round((score.seconds + start + 1.0) * self.rate)
        silence = np.zeros(1, np.float32)
        found += [(i / self.rate, self.pace, i / self.rate, silence) for i in range(count)]
        return sorted(found, key=lambda event: event[0])


class Pace(Source):
    """Time alone, `rate` times a second: for a conductor of taps, or of a MIDI clock that stops."""

    device = True
    pace = Output(kinds.Frames)
    rate: Annotated[float, Meta(gt=0, le=240, description="packets a second")] = 50.0

    def plan(self) -> None:
        self.pace.format = kinds.Frames(self.rate, 1, "pace")

    def reset(self) -> None:
        self._start: int | None = None

    def read(self) -> None:
        if self._start is None:
            self._start, self._count = self.clock.now(), 0
        self._count += 1
        due = self._start + round(self._count * SECOND / self.rate)
        if self.clock.wait_until(due):
            self.pace.emit(due, np.zeros(1, np.float32))


def _graded(level: float, detached: float) -> kinds.Expression:
    """Values from 0 to 1 as the payload, with the classes that they lie in."""
    return kinds.Expression(
        dynamics=min(int(level * LEVELS), LEVELS - 1),
        level=level,
        dynamics_confidence=1.0,
        articulation=min(int(detached * 3), 2),
        detached=detached,
        articulation_confidence=1.0,
    )
