"""The right hand: stroke after stroke, and what a stroke becomes when its beat moves."""

from __future__ import annotations

from collections.abc import Sequence

from rt_engine.conducting.metres import Place
from rt_engine.conducting.quintic import Knot, Path
from rt_engine.conducting.strokes import Strike, interval, place_of
from rt_engine.conducting.style import Style
from rt_engine.motion.turns import Vector, plus

__all__ = ["LOWER", "REST", "RightHand"]

REST: Vector = (-0.24, 0.90, 0.14)  # m: the wrist while nothing is conducted
READY: Place = (0.15, 0.35, 0.0)  # before the first beat
RAISE, LOWER = 0.9, 1.2  # s until the hand is ready, and until it is down
BRAKE = 0.25  # s in which a hand that moves is slowed down, before something else
ROOM = 0.08  # s from leaving a path until the next point of it
LATE, SOON = 1.3, 0.75  # shares of what is left of a fall, to which it may be changed
AGAIN = 0.16  # s: the least time to a stroke that is newly aimed at
SETTLED = 0.05  # s before a stroke, from which on it is not moved any more
HELD = (0.05, 0.55, 0.08)  # where the hand stays in a fermata, in units of the size
CLOSING: tuple[Place, ...] = ((-0.4, 0.2, 0.0), (0.15, -0.15, 0.05), (-0.05, -0.3, 0.0))  # likewise


class RightHand:
    """A path through strokes; `struck` is the last of them, `aim` the one that is under way."""

    def __init__(self, t: float) -> None:
        self.path = Path(Knot(t, REST))
        self.struck: Strike | None = None
        self.aim: Strike | None = None

    def enter(self, now: float, first: Strike, then: Strike, style: Style) -> None:
        """From wherever the hand is into the fall to stroke `first`."""
        strokes = first.metre.strokes
        before = (first.number - 1) % len(strokes)
        time = min(first.metre.span(before) * (then.t - first.t), 1.2)
        self.struck = first._replace(number=before, t=first.t - time)
        self._aim_at(now, first, then, style)

    def go_on(self, aim: Strike, then: Strike, style: Style) -> None:
        """The stroke after the one that is under way."""
        assert self.aim is not None
        self.struck, self.aim = self.aim, aim
        self.path.go(interval(self.struck, aim, then, style))

    def correct(self, now: float, aim: Strike, then: Strike, style: Style) -> None:
        """The stroke under way is due at another time, or is another one."""
        old = self.aim
        assert self.struck is not None and old is not None
        left = old.t - now
        if left < SETTLED:
            return
        falls = old.shape.fall * (old.t - self.struck.t)
        if left <= falls:  # where it strikes is settled; when, within limits
            t = min(max(aim.t, now + SOON * left), now + LATE * left)
            aim = old._replace(t=t)
        else:
            aim = aim._replace(t=max(aim.t, now + AGAIN))
        if then.t - aim.t < AGAIN:
            then = then._replace(t=aim.t + AGAIN)
        self._aim_at(now, aim, then, style)

    def raise_(self, now: float, style: Style) -> None:
        """To where the first beat is awaited."""
        self._leave(now, [Knot(now + RAISE, place_of(READY, style.size, style))])

    def lower(self, now: float) -> None:
        """To rest."""
        self._leave(now, [Knot(now + LOWER, REST)])

    def hold(self, style: Style) -> None:
        """After the stroke under way, stay up and go on growing slowly."""
        assert self.aim is not None
        strike, (right, up, forward) = self.aim, HELD
        near = strike.metre.strokes[strike.number].ictus[0]
        places = [
            place_of((near + right, up * share, forward * share), strike.size, style)
            for share in (1.0, 1.4)
        ]
        times = strike.t + 0.5, strike.t + 4.5
        self.path.go([Knot(t, place) for t, place in zip(times, places, strict=True)])
        self.struck, self.aim = strike, None

    def finish(self, style: Style) -> None:
        """After the stroke under way, let the hand come down to rest."""
        self.hold(style)
        end = self.struck.t if self.struck else self.path.end
        self.path.turn(end, [self.path.halt(end, 2 * BRAKE), Knot(end + 2 * BRAKE + LOWER, REST)])
        self.struck = None

    def cut_off(self, now: float, t: float, style: Style) -> None:
        """A small circle that closes and stops at `t` s; then down."""
        x, y, z = self.path.halt(now, BRAKE).place
        here, step = (x, max(y, style.height), z), (t - BRAKE - now) / len(CLOSING)
        ways = [(-style.size * x, style.size * y, style.size * z) for x, y, z in CLOSING]
        knots = [Knot(now + step * (i + 1), plus(here, way)) for i, way in enumerate(ways)]
        still = knots[-1].t + 0.6
        self._leave(now, [*knots, Knot(still, knots[-1].place), Knot(still + LOWER, REST)])

    def _leave(self, now: float, knots: Sequence[Knot]) -> None:
        """Go through `knots`; a hand that moves is first slowed down."""
        state = self.path.state(now)
        if any(state.velocity) or any(state.acceleration):
            knots = [self.path.halt(now, BRAKE), *(k._replace(t=k.t + BRAKE) for k in knots)]
        self.path.turn(now, knots)
        self.struck = self.aim = None

    def _aim_at(self, now: float, aim: Strike, then: Strike, style: Style) -> None:
        assert self.struck is not None
        knots = interval(self.struck, aim, then, style)
        room = min(ROOM, (aim.t - now) / 2)
        coming = [knot for knot in knots if knot.t > now + room]
        self.path.turn(now, coming)
        self.aim = aim
