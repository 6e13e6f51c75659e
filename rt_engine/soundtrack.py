"""The command `rt-engine soundtrack`: a film is watched, and what it plays is laid under it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.core import SECOND, Graph, GraphError, NodeError, Packet, Replay
from rt_engine.core.node import Node, outputs
from rt_engine.extras import require
from rt_engine.graphfile import build, read
from rt_engine.kinds import Notes
from rt_engine.protocols.midi_file import BeatAt, Timed, midi_file, write
from rt_engine.running import INTERRUPTED, prune, say
from rt_engine.synth.builtin import Builtin
from rt_engine.synth.fluid import Fluid
from rt_engine.synth.offline import blocks

__all__ = ["INSTRUMENTS", "KITS", "Progress", "Wish", "note_ends", "soundtrack"]

KITS = {  # General MIDI programs of the drum channel
    "standard": 0, "room": 8, "power": 16, "electronic": 24, "analog": 25, "jazz": 32, "brush": 40,
}  # fmt: skip
INSTRUMENTS = {"piano": 0, "guitar": 25, "bass": 33}  # programs, from 0
PEAK = 0.9  # of full scale, where the loudest moment of a soundtrack lies

Sound = npt.NDArray[np.float32]

log = logging.getLogger("rt_engine.soundtrack")


@dataclass(frozen=True)
class Wish:
    """What a soundtrack shall be."""

    graph: Path
    changes: dict[str, Any] = field(default_factory=dict)  # as on the command line
    kit: str = "standard"
    instrument: str = "piano"  # or "none"
    seed: int = 0  # 0: what the live graph would draw
    font: str = ""
    midi: str = ""  # a .mid file to write, too


class Take:
    """What the graph played over a film: notes and beats, by ns from its first picture."""

    def __init__(self, graph: Graph, source: str, seconds: float) -> None:
        self._source, self._seconds, self._ends = source, seconds, note_ends(graph)
        self._start: int | None = None
        self._notes: list[Timed] = []
        self._beats: list[BeatAt] = []
        self._bar = Progress("watching")

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of the replay."""
        if packet is None:
            return
        if node == self._source:
            self._start = packet.t if self._start is None else self._start
            self._bar.show((packet.t - self._start) / SECOND / max(self._seconds, 1e-3))
        elif (node, output) in self._ends:
            self._notes.append((packet.t, packet.data))
        elif output == "beats":
            self._beats.append((packet.t, packet.data))

    @property
    def notes(self) -> list[Timed]:
        """The notes; those that begin before the film are left out."""
        start = self._start or 0
        return [(t - start, note) for t, note in self._notes if t >= start]

    @property
    def beats(self) -> list[BeatAt]:
        """The beats."""
        return [(t - (self._start or 0), beat) for t, beat in self._beats]


def soundtrack(film: str, output: str, wish: Wish) -> int:
    """Watch `film`, write `output` with the sound that the graph makes of it; the exit code.

    Raises GraphError for a film, a graph or a file that cannot be used.
    """
    require("av")
    seconds = _length(film)
    graph, source = _graph(film, wish)
    take = Take(graph, source, seconds)
    try:
        Replay(graph, taps=[take]).run()
        if not take.notes:
            nothing = f"the graph {graph.name!r} plays nothing to it: is a dancer seen?"
            raise GraphError(f"{film}: {nothing}")
        programs = {10: KITS[wish.kit], **_programs(graph, wish)}
        if wish.midi:
            _written(wish.midi, midi_file(take.notes, take.beats, 0, programs))
        copied = _laid(film, output, take.notes, seconds, programs, wish.font)
    except NodeError as error:
        say(f"{graph.file}: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return INTERRUPTED
    kept = "copied" if copied else "coded again"
    print(f"{output}: {len(take.notes)} notes, {seconds:.1f} s; pictures {kept}")
    return 0


def _laid(
    film: str, output: str, notes: list[Timed], seconds: float, programs: dict[int, int], font: str
) -> bool:
    """Write `output`, whole or not at all; whether the pictures were copied."""
    from rt_engine.video.mux import lay_under

    whole = Path(output)
    part = whole.with_name(f"{whole.stem}.part{whole.suffix}")
    try:
        copied = lay_under(film, *_sound(notes, seconds, programs, font), part)
        part.replace(whole)
    except OSError as error:
        raise GraphError(str(error).replace(str(part), output)) from None
    finally:
        part.unlink(missing_ok=True)
    return copied


def _graph(film: str, wish: Wish) -> tuple[Graph, str]:
    """The part of the graph that leads to notes, on the film; and the name of its source."""
    spec = read(wish.graph, wish.changes)
    cameras = [n for n, keys in spec["nodes"].items() if str(keys["is"]).startswith("video.")]
    if not cameras:
        raise GraphError(f"{wish.graph}: no node of video.*, so there is nothing to watch a film")
    spec = read(wish.graph, {**wish.changes, cameras[0]: film})
    players = [n for n, k in spec["nodes"].items() if k["is"] == "accompaniment.Player"]
    for player in players:
        spec["nodes"][player]["instrument"] = wish.instrument
    without = players if wish.instrument == "none" else []
    if wish.seed:
        spec["name"] = f"{spec['name']} {wish.seed}"  # every node draws from its graph's name
    spec = prune(spec, without, str(wish.graph))
    whole = build(spec, str(wish.graph))
    idle = [name for name in spec["nodes"] if name not in _needed(whole)]
    return build(prune(spec, idle, str(wish.graph)), str(wish.graph)), cameras[0]


def _needed(graph: Graph) -> set[str]:
    """Nodes that make notes, and all that these need."""
    found = {name for name, node in graph.nodes.items() if _plays(node)}
    for name in reversed(list(graph.nodes)):
        if name in found:
            found |= {wire.source for wire in graph.into(name)}
    return found


def _plays(node: Node) -> bool:
    return any(isinstance(output.format, Notes) for output in outputs(node).values())


def note_ends(graph: Graph) -> set[tuple[str, str]]:
    """The outputs of notes that go on to no other node of notes, such as a merger."""
    found = {
        (name, output)
        for name, node in graph.nodes.items()
        for output, port in outputs(node).items()
        if isinstance(port.format, Notes)
    }
    passed = {(wire.source, wire.output) for wire in graph.wires if _plays(graph.nodes[wire.node])}
    return found - passed


def _programs(graph: Graph, wish: Wish) -> dict[int, int]:
    """Program by channel of what plays beside the drums."""
    channels = [getattr(node, "channel", 10) for node in graph.nodes.values() if _plays(node)]
    return {
        channel: INSTRUMENTS[wish.instrument]
        for channel in channels
        if channel != 10 and wish.instrument in INSTRUMENTS
    }


def _sound(
    notes: Iterable[Timed], seconds: float, programs: dict[int, int], font: str
) -> tuple[list[Sound], int]:
    """Blocks of sound with its peak at `PEAK`, and their rate."""
    voice = _voice(font)
    for channel, program in programs.items():
        voice.message(bytes([0xC0 | (channel - 1), program]))
    made = list(Progress("playing").over(blocks(voice, notes, seconds), seconds, voice.rate))
    peak = max((float(np.max(np.abs(block))) for block in made), default=0.0)
    level = np.float32(PEAK / peak if peak else 1.0)
    voice.close()
    return [block * level for block in made], voice.rate


def _voice(font: str) -> Fluid | Builtin:
    try:
        return Fluid(font)
    except OSError as error:
        if font:
            raise GraphError(str(error)) from None
        log.warning("%s; the built-in voice plays", error)
        return Builtin()


def _length(film: str) -> float:
    """Seconds that a film lasts."""
    from rt_engine.video.films import open_film

    try:
        opened = open_film(film)
    except ValueError as error:
        raise GraphError(str(error)) from None
    while opened.read() is not None:
        pass
    opened.close()
    return opened.duration


def _written(path: str, file: Any) -> None:
    try:
        write(file, path)
    except OSError as error:
        raise GraphError(str(error)) from None


class Progress:
    """One line on a terminal that says how far it is; nothing where stderr is none."""

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, -1

    def show(self, share: float) -> None:
        """`share`: 0 to 1."""
        percent = min(round(100 * share), 100)
        if percent != self._shown and sys.stderr.isatty():
            self._shown = percent
            end = "\n" if percent == 100 else ""
            print(f"\r{self._what}: {percent:3} %", end=end, file=sys.stderr, flush=True)

    def over(self, made: Iterable[Sound], seconds: float, rate: int) -> Iterator[Sound]:
        """Pass `made` on, and show how far it is."""
        done = 0
        for block in made:
            yield block
            done += len(block)
            self.show(done / rate / max(seconds, 1e-3))
