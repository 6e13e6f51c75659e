"""Live beat tracking: observation, forward filter and decisions as one state machine."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rt_engine.rhythm.decode import Estimate, decode
from rt_engine.rhythm.events import Decision, Settings, Step
from rt_engine.rhythm.filter import ForwardFilter
from rt_engine.rhythm.observation import Observation, OnsetObservation
from rt_engine.rhythm.pulse import Pulse
from rt_engine.rhythm.statespace import MARGIN, BarSpace, check
from rt_engine.rhythm.taps import Taps

GAP = 2.0  # s: a longer hole in the stream, or a step back, starts anew
PATIENCE = 3.0  # s: over which the confidence looks back
FADE = 4.0  # s of silence in which confidence falls to 1/e
LOYALTY = 2.0  # how much likelier another place in the bar must be than the one counted to
SURELY = 1e-30  # probability of a restart after a tempo was asked for by hand
FURTHEST = 2.0  # s, of a nudge: more than a beat of any usual tempo
KEPT = 0.12  # octaves: the prior around a tempo that was asked for by hand


class Tracker:
    """Beats, tempo and bar from activations, one frame at a time; knows no clock but `t`.

    frame_rate: activations a second. observation: what an activation means; by default onset
    strength in bands.

    Confidence is 0..1: how likely a beat of now is to lie within 70 ms of a true one, as counted
    on rendered music. It comes from the share of the belief that agrees on phase (to 0.12 beats)
    and tempo (to 10 %), and from how much better, over the last 3 s, the rhythm explained what
    was heard than random places in the bar would; and it fades in silence. Noise and tones stay
    under 0.2, random onsets wander about 0.3, drums lie above 0.8.
    """

    def __init__(
        self,
        frame_rate: float,
        observation: Observation | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.frame_rate = float(frame_rate)
        self.observation = observation or OnsetObservation(frame_rate)
        self.settings = settings or Settings()
        self.reset()

    def reset(self) -> None:
        """Forget the stream, the taps, and a tempo asked for by hand; keep the settings."""
        self.observation.reset()
        self.confidence = self._advantage = self._silence = 0.0
        self.playing = False
        self._quiet = math.inf
        self._time: float | None = None
        self._index = self._row = 0
        self._nudged = 0.0
        self._prior = (self.settings.centre, self.settings.octaves)
        self._taps = Taps()
        self._build()
        self._pulse = Pulse(0.0, 60.0 / self.settings.centre, self.settings.steering)

    def _build(self) -> None:
        """Make the state space and a filter that knows nothing yet."""
        change = self.observation.change
        self._space = BarSpace(self.frame_rate, self.settings.bpm, self.settings.meters, change)
        labels = self.observation.labels(self._space)
        tempi = self._space.tempo_prior(*self._prior)
        endurance = self._space.endurance(*self._prior)
        self._filter = ForwardFilter(self._space, labels, tempi, endurance=endurance)
        self._shares = np.bincount(labels, self._space.spread(tempi))

    # A frame: weigh, rate, steer, decide, report.

    def step(self, activation: ArrayLike, t: float) -> Step:
        """Take the activation (dims,) of the frame centred at `t` s; decide what is due.

        A hole of less than `GAP` s since the last frame is coasted through; a longer one, or a
        step back in time, starts anew.
        """
        elapsed = self._advance(t)
        likelihood = self.observation.likelihood(activation)
        self._filter.step(likelihood)
        kept = self._pulse.period * self.frame_rate if self.playing else 0.0
        estimate = decode(self._filter, kept)
        surprise = float(np.log(self._shares @ likelihood))
        self._rate(estimate.mass, self._filter.evidence - surprise, elapsed)
        self._steer(estimate, t, elapsed)
        return self._report(t, self._decide(t))

    def _advance(self, t: float) -> float:
        """Bring the filter to the frame before `t`; return the seconds since the last frame."""
        if self._time is not None and not 0.0 < t - self._time < GAP:
            self.reset()
        elapsed = 1.0 / self.frame_rate if self._time is None else t - self._time
        for _ in range(round(elapsed * self.frame_rate) - 1):
            self._filter.step(np.ones(len(self._shares)))
        self._time = t
        return elapsed

    def _rate(self, mass: float, gain: float, elapsed: float) -> None:
        """Update the confidence, and whether beats are given out."""
        self._advantage += min(1.0, elapsed / PATIENCE) * (gain / elapsed - self._advantage)
        activity = self.observation.activity
        self._silence = 0.0 if activity == 1.0 else self._silence + elapsed * (1.0 - activity)
        odds = math.log(max(mass, 1e-6) / max(1.0 - mass, 1e-6))
        of_odds, of_advantage, bias = self.observation.calibration
        score = of_odds * odds + of_advantage * self._advantage + bias
        self.confidence = math.exp(-self._silence / FADE) / (1.0 + math.exp(-score))
        sure = self.confidence >= self.settings.threshold
        self._quiet = 0.0 if sure else self._quiet + elapsed
        held = self.playing and self.settings.hold
        self.playing = held or self._quiet <= self.settings.coast

    def _steer(self, estimate: Estimate, t: float, elapsed: float) -> None:
        """Let the estimate pull at the pulse, unless that is held or nothing is heard."""
        silent = self.observation.activity < 0.5
        if self.playing and (self.settings.hold or silent):
            return
        period = estimate.period / self.frame_rate
        seen = t + (1.0 - estimate.phase) * period + self._shift(period)
        if self.playing:
            self._pulse.follow(seen, period, elapsed)
        else:
            self._pulse.start(seen, period, self._pulse.last)
        self._count(estimate, round((self._pulse.next - seen) / period))

    def _count(self, estimate: Estimate, ahead: int) -> None:
        """Choose the place in the bar of the coming beat, `ahead` beats after the estimate's."""
        rows = estimate.rows
        for _ in range(1 + ahead):
            rows = rows[self._space.previous]
        best = int(rows.argmax())
        if not self.playing or rows[best] > LOYALTY * rows[self._row]:
            self._row = best

    def _decide(self, t: float) -> tuple[Decision, ...]:
        beats = []
        while self._pulse.next - t <= self.settings.lead:
            beat = self._describe(self._pulse.next, 0)
            self._pulse.advance()
            self._row = int(self._space.following[self._row])
            if self.playing:
                self._index += 1
                beats.append(beat)
        return tuple(beats)

    def _report(self, t: float, beats: tuple[Decision, ...]) -> Step:
        running = self._space.previous[self._row]
        if t < self._pulse.last:
            running = self._space.previous[running]
        return Step(
            t=t,
            beats=beats,
            next=self._describe(self._pulse.next, 0),
            phase=self._pulse.phase(t),
            position=int(self._space.beat[running]) + 1,
            playing=self.playing,
        )

    def _describe(self, due: float, ahead: int) -> Decision:
        row = self._row
        for _ in range(ahead):
            row = int(self._space.following[row])
        return Decision(
            due=due,
            index=self._index + ahead,
            position=int(self._space.beat[row]) + 1,
            meter=int(self._space.meter[row]),
            period=self._pulse.period,
            confidence=self.confidence,
        )

    def predict(self, count: int) -> list[Decision]:
        """The next `count` beats that are not decided yet, as they stand now."""
        pulse = self._pulse
        return [self._describe(pulse.next + k * pulse.period, k) for k in range(count)]

    # By hand, at any time between two frames.

    def tap(self, t: float) -> None:
        """A beat is at `t` s. From the second tap on, the taps set tempo and phase."""
        self._taps.add(t)
        line = self._taps.line()
        if line is not None and self._allows(line[1]):
            self._quiet = 0.0
            self._lock(line[0] + line[1], line[1], None)

    def nudge(self, seconds: float) -> None:
        """Move all coming beats by `seconds` (later if positive), for good.

        ValueError for more than `FURTHEST` s, or what is no number.
        """
        if not abs(seconds) <= FURTHEST:
            raise ValueError(f"nudge by {seconds:g} s: needed is -{FURTHEST:g} to {FURTHEST:g}")
        self._nudged += seconds
        self._pulse.start(self._pulse.next + seconds, self._pulse.period, self._pulse.last)

    def half(self) -> bool:
        """Half the tempo, on the beats that are odd in the bar; False where out of range."""
        period, beat = self._pulse.period, int(self._space.beat[self._row])
        if not self._allows(2 * period):
            return False
        due = self._pulse.next + beat % 2 * period
        start = int(self._space.starts[self._row])
        self._lock(due, 2 * period, start + (beat + beat % 2) // 2 % self._bar)
        return True

    def double(self) -> bool:
        """Double the tempo; False where that is out of range."""
        period, beat = self._pulse.period / 2, int(self._space.beat[self._row])
        if not self._allows(period):
            return False
        between = self._pulse.next - period
        early = between > max(self._pulse.last, self._now)
        start = int(self._space.starts[self._row])
        due = between if early else self._pulse.next
        self._lock(due, period, start + (2 * beat - early) % self._bar)
        return True

    def this_is_one(self, t: float) -> None:
        """The beat nearest to `t` s is the first of a bar."""
        since = round((self._pulse.next - t) / self._pulse.period)
        row = int(self._space.starts[self._row]) + since % self._bar
        self._place(self._pulse.next, self._pulse.period, row)

    def configure(self, settings: Settings) -> None:
        """Take other settings; tempo and place in the beat live on where the new range has them.

        ValueError, and nothing is changed, for a range or meters that cannot be.
        """
        check(self.frame_rate, settings.bpm, settings.meters)
        before, self.settings = self.settings, settings
        self._pulse.steering = settings.steering
        if (before.centre, before.octaves) != (settings.centre, settings.octaves):
            self._prior = (settings.centre, settings.octaves)
        elif (before.bpm, before.meters) == (settings.bpm, settings.meters):
            return
        self._build()
        self._row = 0
        if self.playing and self._allows(self._pulse.period):
            self._place(self._pulse.next, self._pulse.period, None)

    def _shift(self, period: float) -> float:
        """Seconds from where the filter sees a beat to where it is given out."""
        return self.observation.shift(period) + self.settings.offset + self._nudged

    @property
    def _bar(self) -> int:
        return int(self._space.meter[self._row])

    @property
    def _now(self) -> float:
        return self._time or 0.0

    def _allows(self, period: float) -> bool:
        """Whether a period (s) lies in the tempo range, to rounding."""
        low, high = self.settings.bpm
        return low / (1.0 + MARGIN) <= 60.0 / period <= high * (1.0 + MARGIN)

    def _lock(self, due: float, period: float, row: int | None) -> None:
        """Take a tempo that was asked for by hand, and stay near it."""
        self._prior = (60.0 / period, KEPT)
        self._filter.tempi = self._space.tempo_prior(*self._prior)
        self._filter.endurance = self._space.endurance(*self._prior)
        self._filter.restart = SURELY
        while due <= self._now:
            due += period
        self._pulse.start(due, period, self._pulse.last)
        self._place(due, period, row)

    def _place(self, due: float, period: float, row: int | None) -> None:
        """Make the filter believe that a beat, of a row if given, is at `due` s."""
        self._row = self._row if row is None else row
        phase = 1.0 - (due - self._shift(period) - self._now) / period
        whole = math.floor(phase)
        if row is not None:
            for _ in range(1 - whole):
                row = int(self._space.previous[row])
        self._filter.set_belief(self._space.around(period * self.frame_rate, phase - whole, row))
