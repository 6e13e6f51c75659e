"""The running graph in a terminal."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from rt_engine.core import SECOND, Input, Node, Packet
from rt_engine.kinds import (
    ARTICULATIONS,
    DYNAMICS,
    Beats,
    Expression,
    Expressions,
    Frames,
    Phrases,
    SkeletonPose,
    Skeletons,
    Tempo,
    TempoState,
)

__all__ = ["Meter"]

LAMP = round(0.12 * SECOND)  # how long the lamp shines on a beat
STRIP = 64  # frames of the activation strip
BODY = 19  # bones from the hips to the hands: the first of a skeleton


class Meter(Node):
    """Beat lamp, tempo, activation, phrase, expression, people, and the latency of every node.

    Where the output is no terminal, one plain line is printed per bar, and when somebody comes
    or goes.
    """

    threaded = True
    live_only = True
    tempo = Input(Tempo, keep="latest", optional=True)
    beats = Input(Beats, optional=True)
    activation = Input(Frames, optional=True, size=256)
    phrases = Input(Phrases, optional=True)
    expression = Input(Expressions, keep="latest", optional=True)
    skeletons = Input(Skeletons, keep="latest", optional=True)
    rate: Annotated[float, Meta(gt=0, le=60, description="pictures a second")] = 15.0

    def open(self) -> None:
        from rich.console import Console

        self._console = Console()
        self._display: Any = None
        self._drawn = 0
        if self._console.is_terminal:
            from rich.live import Live as Display

            self._display = Display(console=self._console, auto_refresh=False, transient=True)
            self._display.start()

    def reset(self) -> None:
        self._beats: deque[Packet] = deque(maxlen=16)
        self._strip: deque[float] = deque(maxlen=STRIP)
        self._peak = 1e-9
        self._state: TempoState | None = None
        self._people: list[SkeletonPose] = []
        self._phrase: Packet | None = None
        self._playing: Expression | None = None

    def on_tempo(self, packet: Packet) -> None:
        self._state = packet.data
        self._draw()

    def on_beats(self, packet: Packet) -> None:
        self._beats.append(packet)
        if self._display is None and packet.data.position in (0, 1):
            self._print_bar(packet)

    def on_activation(self, packet: Packet) -> None:
        value = float(np.max(packet.data))
        self._peak = max(value, 0.995 * self._peak)
        self._strip.append(value / self._peak)
        self._draw()

    def on_phrases(self, packet: Packet) -> None:
        self._phrase = packet
        if self._display is None and not packet.data.confirmed:
            self._console.print(f"phrase {packet.data.index}", highlight=False)

    def on_expression(self, packet: Packet) -> None:
        self._playing = packet.data
        self._draw()

    def on_skeletons(self, packet: Packet) -> None:
        changed = len(packet.data) != len(self._people)
        self._people = packet.data
        if self._display is None and changed:
            self._console.print(self._seen(), highlight=False)
        self._draw()

    def close(self) -> None:
        if getattr(self, "_display", None):
            self._display.stop()

    def _print_bar(self, packet: Packet) -> None:
        beat = packet.data
        metre = f"{beat.meter}/4" if beat.meter else "beat"
        text = f"{metre} from beat {beat.index:4d}  {beat.bpm:6.1f} BPM"
        self._console.print(f"{text}  confidence {beat.confidence:.2f}", highlight=False)

    def _draw(self) -> None:
        now = self.clock.now()
        if self._display is None or now - self._drawn < SECOND / self.rate:
            return
        self._drawn = now
        self._display.update(self.picture(now), refresh=True)

    def picture(self, now: int) -> Any:
        """What a terminal shows at engine time `now` (ns), for rich."""
        from rich.console import Group

        from rt_engine.tables import latency_table, sparkline

        strip = f"[cyan]{sparkline(list(self._strip), STRIP)}[/cyan]  activation"
        music = [self._head(now), strip] if set(self.formats) - {"skeletons"} else []
        music += [self._played(now)] if {"phrases", "expression"} & set(self.formats) else []
        people = [self._seen()] if "skeletons" in self.formats else []
        return Group(*music, *people, "", latency_table(self.look()))

    def _played(self, t: int) -> str:
        """One line: how long the phrase is, how loud and how joined the playing."""
        parts = []
        if self._phrase is not None:
            age = (t - self._phrase.t) / SECOND
            parts.append(f"phrase {self._phrase.data.index} since {age:4.1f} s")
        if (now := self._playing) is not None and now.dynamics >= 0:
            parts.append(f"{DYNAMICS[now.dynamics]:2} {now.level:.2f}")
        if now is not None and now.articulation >= 0:
            parts.append(f"{ARTICULATIONS[now.articulation]} {now.detached:.2f}")
        return "   ".join(parts) or "[dim]no phrase yet[/dim]"

    def _seen(self) -> str:
        """One line: how many people, how well the first is seen, which feet stand."""
        if not self._people:
            return "[dim]nobody in sight[/dim]"
        count, first = len(self._people), self._people[0]
        sure = float(np.mean(first.confidence[:BODY]))
        feet = [n for n, down in zip(("left", "right"), first.contacts, strict=True) if down]
        who = "1 person" if count == 1 else f"{count} people"
        return f"{who}  confidence {sure:.2f}  on the floor: {' '.join(feet) or 'no foot'}"

    def _head(self, now: int) -> str:
        """One line: the lamp, the bar, the tempo and how sure it is."""
        past = [p for p in self._beats if p.t <= now]
        if not past or self._state is None:
            return "[dim]○  listening ...[/dim]"
        beat = past[-1].data
        lit = now - past[-1].t < LAMP
        colour = "red" if beat.position == 1 else "green"
        lamp = f"[bold {colour}]●[/]" if lit else "[dim]○[/]"
        bar = " ".join(
            f"[bold {colour}]{i}[/]" if i == beat.position else f"[dim]{i}[/]"
            for i in range(1, (beat.meter or 4) + 1)
        )
        sure = round(10 * self._state.confidence)
        gauge = f"[green]{'■' * sure}[/][dim]{'□' * (10 - sure)}[/]"
        tempo = f"[bold]{self._state.bpm:6.1f}[/] BPM"
        rest = "" if self._state.playing else "  [dim]no music heard[/]"
        return f"{lamp}  {bar}   {tempo}   confidence {gauge} {self._state.confidence:.2f}{rest}"
