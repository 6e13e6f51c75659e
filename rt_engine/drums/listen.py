"""The body's rhythm for whoever writes bars: beats and accents in, what to write by the bar out."""

from __future__ import annotations

from dataclasses import dataclass

from rt_engine.drums.bar import Floats
from rt_engine.drums.body import BodyRhythm
from rt_engine.drums.grid import Grid

__all__ = ["Listener", "Order"]


@dataclass(frozen=True)
class Order:
    """A bar to be written: for the downbeat at `t` (s), `period` s a beat; rhythm (steps,)."""

    t: float
    period: float
    rhythm: Floats


class Listener:
    """Orders the next bar as soon as one begins, so that there is nearly a bar's time for it."""

    def __init__(self) -> None:
        self._grid, self._rhythm = Grid(), BodyRhythm()

    def accent(self, t: float, strength: float) -> None:
        """The body struck at `t` (s), with `strength` 0..1."""
        if near := self._grid.nearest(t):
            self._rhythm.accent(near.at, near.mark.meter * near.mark.steps, strength)

    def beat(
        self, t: float, position: int, meter: int, period: float, follow: float
    ) -> Order | None:
        """A beat is due at `t` (s), see `Grid.beat`; on a downbeat the order for the next bar."""
        mark = self._grid.beat(t, position, meter, period)
        if mark.place:
            return None
        steps = mark.meter * mark.steps
        order = Order(
            t + mark.meter * period, period, self._rhythm.rhythm(steps, mark.steps, follow)
        )
        self._rhythm.bar()
        return order
