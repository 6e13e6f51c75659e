"""The bundled recording, and how it is played."""

from __future__ import annotations

from collections import Counter

from rt_engine.core import Packet
from rt_engine.demos.beat import BeatDemo
from rt_engine.extras import require
from rt_engine.kinds import ARTICULATIONS, DYNAMICS, Expression, Phrase

__all__ = ["ExpressionDemo"]


class ExpressionDemo(BeatDemo):
    """The bundled recording, and what was heard in it beside the beats."""

    def __init__(self) -> None:
        super().__init__()
        require("onnxruntime")
        self._phrases: list[float] = []
        self._loud: Counter[str] = Counter()
        self._joined: Counter[str] = Counter()

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Confirmed phrases, in s from the start of the sound, and the classes of the playing."""
        super().note(node, output, packet)
        if packet is None:
            return
        if isinstance(packet.data, Phrase) and packet.data.confirmed:
            self._phrases.append((packet.t - (self._start or 0)) * 1e-9)
        elif isinstance(packet.data, Expression) and packet.data.dynamics >= 0:
            self._loud[DYNAMICS[packet.data.dynamics]] += 1
            self._joined[ARTICULATIONS[packet.data.articulation]] += 1

    def verdict(self) -> str:
        """The beats, then the phrases and the most frequent classes."""
        if not self._loud:
            return super().verdict()
        places = ", ".join(f"{t:.1f}" for t in self._phrases) or "nowhere for sure"
        loud, joined = (counts.most_common(1)[0][0] for counts in (self._loud, self._joined))
        return f"{super().verdict()}\nPhrases began at (s): {places}. Mostly {loud} and {joined}."
