"""The pattern conductor: beats and wishes in, the stance of a body at any later time out.

It knows no clock: times are seconds of whoever asks, and must not fall. What was asked for is
settled; all behind it follows the newest that is known of the beats, from how the body moves at
that moment, so that place, velocity and acceleration never jump.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from rt_engine.conducting.body import Stance
from rt_engine.conducting.left import LeftHand
from rt_engine.conducting.manner import Manner
from rt_engine.conducting.quintic import Knot, Path
from rt_engine.conducting.right import RightHand
from rt_engine.conducting.schedule import APART, AUTO, Due, Schedule
from rt_engine.conducting.strokes import Strike
from rt_engine.conducting.style import Style, between
from rt_engine.conducting.trunk import Trunk

__all__ = ["Conductor", "State"]

State = Literal["rest", "ready", "beating", "held"]

ENTRY, RENEWED = 0.95, 0.5  # s from rest, and from readiness, to the first stroke at least
SAME = 0.002  # s: a stroke that moves by less stays
SKIP = 0.1  # s: what is due sooner than this cannot be aimed at any more
PITCH = 45.0  # degrees that the hand points up at the top of a stroke, against the ictus
PASSING = 1.2  # s from one style to another
SHOWN = 0.2  # of dynamics: a change that the left hand shows
AROUND = 35.0  # degrees to both sides, in which players sit
CUE, CLOSE = 0.75, (0.6, 1.0)  # s: least notice of a cue; shortest and longest of a cut-off


class Conductor:
    """Strokes of the right hand on the beats, and everything that goes with them.

    style: of this person. seed: of what varies from stroke to stroke. metre: a name of
    `METRES`, or "auto". t: when it begins (s). `manner` (size, articulation), `schedule` (metre)
    and `coast`, the pulses that it goes on when no beats come, may change at any time.
    """

    def __init__(
        self, style: Style | None = None, seed: int = 0, metre: str = AUTO, t: float = 0.0
    ) -> None:
        self.style = style or Style()
        self.manner, self.coast = Manner(seed), 3.0
        self.schedule = Schedule(metre)
        self.state: State = "rest"
        self.now = t  # what is before is settled
        self._seed = seed
        self._right, self._left = RightHand(t), LeftHand(t)
        self._trunk = Trunk(np.random.default_rng(seed), t)
        self._before = self._wanted = self.style  # what passes into it, and is to follow it
        self._passing = Path(Knot(t, (1.0, 0.0, 0.0)))
        self._marked = self.manner.level  # what the left hand has shown last
        self._until = self._alone = -np.inf  # beats are known; it counts and hears nobody
        self._entry = ENTRY
        self._moved = self._holding = self._deaf = False
        self._count = 0

    # What is heard.

    def hear(self, t: float, position: int = 0, meter: int = 0, period: float = 0.5) -> None:
        """A beat is, or is expected, at `t` s; told again, it has moved. See `kinds.Beat`."""
        if t >= self._alone:
            self.schedule.hear(t, position, meter, period)
            self._until = max(self._until, t + (self.coast + APART) * period)
            self._moved = True

    def express(self, level: float, detached: float) -> None:
        """How loud it is, 0 to 1, and how detached: 0 legato, 1 staccato."""
        self.manner.level, self.manner.detached = level, detached
        beating = self.state == "beating"
        self._trunk.lean(self.now, max(0.0, 2 * level - 0.9) if beating else 0.0)
        along = self.style.mirror * min(max(2.5 * (level - 0.45), 0.0), 1.0)
        self._left.beat_along(self.now, along if beating else 0.0)
        if beating and abs(level - self._marked) > SHOWN:
            self._left.swell(self.now, level > self._marked)
            self._marked = level

    def phrase(self) -> None:
        """A phrase has begun: look at others."""
        if self.state != "beating":
            return
        rng = np.random.default_rng((self._seed, self._count, 1))
        self._trunk.face(self.now, self.now + 0.6, float(rng.uniform(-AROUND, AROUND)))

    # What is asked for.

    def prepare(self) -> None:
        """Raise the hands: attention."""
        self._deaf = False
        if self.state == "rest":
            self._right.raise_(self.now, self.style)
            self.state, self._entry = "ready", RENEWED

    def count_in(self, pulses: int = 1, bpm: float = 0.0) -> None:
        """Beat `pulses`, then the first of a bar; `bpm` 0: the tempo that was."""
        period = 60.0 / bpm if bpm else self.schedule.own or self.schedule.period
        wait = ENTRY if self.state == "rest" else RENEWED
        self._by_itself(self.now + wait + 0.01, -pulses, period, pulses + 1)
        self._entry = wait

    def start(self, bpm: float = 0.0) -> None:
        """Conduct the beats that come; where none are known, one preparation and the first."""
        self._deaf = False
        if bpm or self._until <= self.now:
            self.count_in(1, bpm)

    def lead(self, bpm: float, elasticity: float = 0.0) -> None:
        """A tempo of one's own, which beats pull at by `elasticity`; BPM 0: follow again."""
        self.schedule.own = 60.0 / bpm if bpm else 0.0
        self.schedule.elasticity = elasticity if bpm else 1.0

    def fermata(self) -> None:
        """Hold from the next stroke on, until `release`."""
        self._holding = self.state == "beating"

    def release(self) -> None:
        """Go on after a fermata: a preparation of one pulse, then the stroke that follows."""
        self._holding, held = False, self._right.struck
        if self.state == "held" and held:
            following = held.metre.strokes[held.number].pulse + held.metre.span(held.number)
            period = self.schedule.period
            self._by_itself(self.now + max(period, RENEWED + 0.01), following, period, 1)
            self._left.relax(self.now)

    def cue(self, azimuth: float) -> None:
        """Give the next stroke to the player `azimuth` degrees to the left of the middle."""
        t = self.now + CUE
        if self.state == "beating":
            t = next(self.schedule.coming(self.now + CUE)).t
        self._left.cue(self.now, t, azimuth)
        self._trunk.face(self.now, t, azimuth)

    def cut_off(self) -> None:
        """End the sound with both hands, within a pulse, and stop."""
        t = self.now + min(max(self.schedule.period, CLOSE[0]), CLOSE[1])
        self._right.cut_off(self.now, t, self.style)
        self._left.cut_off(self.now, t)
        self._end()
        self._deaf = True

    def stop(self) -> None:
        """Lower the hands, and take no notice of beats until `start`, `prepare` or `count_in`."""
        self._right.lower(self.now)
        self._left.relax(self.now)
        self._end()
        self._deaf = True

    def change(self, style: Style) -> None:
        """Another style: of strokes from the next one on, of the body in about a second.

        While one style is passing into another, the next one waits.
        """
        self._wanted = style

    # What comes out.

    def ahead(self, until: float) -> Strike | None:
        """The stroke that is aimed at, if it is due by `until` s."""
        aim = self._right.aim
        return aim if aim and aim.t <= until else None

    def at(self, t: float) -> Stance:
        """The stance at `t` s; ValueError where that is before the last time asked for."""
        if t < self.now:
            raise ValueError(f"{t:.4f} s was asked for after {self.now:.4f} s")
        if self._wanted is not self.style and self._passing.end <= self.now:
            self._pass_on()
        self._advance(t)
        self.now = t
        right = self._right.path.place(t)
        style = self._worn(t)
        away = (-right[0] - style.side, right[1] - style.height, right[2] - style.reach)
        for part in (self._right.path, self._left, self._trunk):
            part.forget(t)
        return Stance(
            t=t,
            right=right,
            left=self._left.place(t, right),
            palm=self._left.palm(t),
            pitch=PITCH * (away[1] / style.size - 0.3),
            elbow=style.elbow,
            bearing=self._trunk.at(t, away, style),
        )

    def _advance(self, t: float) -> None:
        """Bring hands and schedule to `t` s; corrections take hold from the last time on."""
        waiting = self.state in ("rest", "ready") and not self._deaf
        if waiting and self.schedule.known and self._until > t:
            self._enter()
        elif self.state == "beating" and self._moved:
            self._correct()
        self._moved = False
        while self.state == "beating" and self._right.aim and self._right.aim.t <= t:
            self._strike_next(self._right.aim)
        self.schedule.advance(t)

    def _worn(self, t: float) -> Style:
        """The style at `t` s, while one passes into another."""
        share = self._passing.place(t)[0]
        return self.style if share == 1.0 else between(self._before, self.style, share)

    def _pass_on(self) -> None:
        """Begin to take on the style that is wanted."""
        self._before, self.style = self.style, self._wanted
        self._passing = Path(Knot(self.now, (0.0, 0.0, 0.0)))
        self._passing.go([Knot(self.now + PASSING, (1.0, 0.0, 0.0))])

    def _enter(self) -> None:
        coming = self.schedule.coming(self.now + self._entry)
        first, then = next(coming), next(coming)
        self._count += 1
        self._right.enter(self.now, self._made(first), self._made(then, 1), self.style)
        self.state, self._marked = "beating", self.manner.level

    def _strike_next(self, struck: Strike) -> None:
        """The stroke behind one that is reached, or a hold, or the end."""
        leads = self.schedule.elasticity < 1.0
        if self._holding:
            self._right.hold(self.style)
            self._left.hold(struck.t)
            self.state, self._holding = "held", False
        elif struck.t > self._until and not leads:
            self._right.finish(self.style)
            self._left.relax(self.now)
            self._end()
        else:
            aim, then = self._after(struck)
            self._count += 1
            self._right.go_on(self._made(aim), self._made(then, 1), self.style)

    def _correct(self) -> None:
        struck, old = self._right.struck, self._right.aim
        if not struck or not old:
            return
        aim, then = self._after(struck, min(self.now, old.t - 2 * SKIP) + SKIP)
        same = (aim.number, aim.metre) == (old.number, old.metre)
        if same and abs(aim.t - old.t) < SAME:
            return
        made = self._made(aim)
        if same:
            made = old._replace(t=aim.t)
        self._right.correct(self.now, made, self._made(then, 1), self.style)

    def _after(self, struck: Strike, least: float = -np.inf) -> tuple[Due, Due]:
        """The next two strokes behind one, not before `least` s."""
        apart = APART * struck.metre.span(struck.number) * self.schedule.period
        coming = self.schedule.coming(max(struck.t + apart, least))
        return next(coming), next(coming)

    def _made(self, due: Due, later: int = 0) -> Strike:
        return self.manner.stroke(due, self._count + later, self.schedule.span(due), self.style)

    def _by_itself(self, t: float, pulse: int, period: float, alone: int) -> None:
        """Begin with a pulse at `t` s, and listen to nobody for `alone` pulses."""
        self.schedule.set(t, pulse, period)
        self._deaf, self._alone = False, t + (alone - APART) * period
        self._until = self._alone + (self.coast + 1) * period
        self._trunk.inhale(self.now, t + (alone - 1) * period)
        self.state, self._entry, self._holding = "ready", RENEWED, False

    def _end(self) -> None:
        self.state, self._until, self._alone = "rest", -np.inf, -np.inf
        self._entry, self._holding = ENTRY, False
        self._trunk.lean(self.now, 0.0)
        self._left.beat_along(self.now, 0.0)
