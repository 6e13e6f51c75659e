"""What a take holds for a report, by replaying it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rt_engine.core import SECOND, Event, Graph, GraphError, Kind, Packet, Replay
from rt_engine.core.node import outputs
from rt_engine.kinds import (
    Audio,
    BowStroke,
    BowStrokes,
    Cue,
    Cues,
    Frames,
    PlayedNote,
    PlayedNotes,
    Poses,
    Posture,
    Postures,
)
from rt_engine.record import Take

__all__ = ["Keeper", "Session", "listen"]

BLOCK = 0.2  # s
PITCH = "pitch, periodicity, level"


@dataclass
class Session:
    """What was heard and seen; times in s from the start of the take."""

    name: str
    seconds: float = 0.0
    notes: list[tuple[float, PlayedNote]] = field(default_factory=list)
    cues: list[tuple[float, Cue]] = field(default_factory=list)
    curve: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    """(n, 4): s, MIDI number, periodicity, dBFS."""
    strokes: list[tuple[float, BowStroke]] = field(default_factory=list)
    postures: list[tuple[float, Posture]] = field(default_factory=list)
    poses: list[tuple[float, NDArray[np.float32]]] = field(default_factory=list)
    """World landmarks (33, 3) of the player."""


class Keeper:
    """A tap that keeps what concerns practice; GraphError where `graph` has nothing of it.

    Of several nodes that emit notes, or poses, the last one of the graph counts: it knows most.
    """

    def __init__(self, graph: Graph, path: str) -> None:
        self._nodes = graph.nodes
        self._kept = _kept(_formats(graph), path)
        self._told: dict[tuple[str, str], list[Packet]] = {key: [] for key in self._kept.values()}
        self._span: tuple[int, int] | None = None  # ns, of the first and the last packet

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of the run."""
        if packet is None or node not in self._nodes:
            return
        self._span = (self._span or (packet.t, 0))[0], packet.t
        if (node, output) in self._told:
            self._told[node, output].append(packet)

    def session(self, name: str) -> Session:
        """What was kept."""
        return _session(name, *(self._span or (0, 0)), self._kept, self._told)


def listen(path: str | Path) -> Session:
    """Replay a take and keep what concerns practice; GraphError where there is nothing."""
    take = Take(path)
    graph = take.graph()
    keeper = Keeper(graph, str(path))
    replay = Replay(graph, joined(take.events(), _formats(graph)), [keeper])
    replay.run()
    return keeper.session(Path(path).stem)


def joined(events: Iterable[Event], formats: dict[tuple[str, str], Kind]) -> Iterator[Event]:
    """The events with blocks of sound put together up to `BLOCK` s: what follows is faster.

    Only neighbours without a loss between them are joined, so what is heard stays the same. Poses
    that came among them wait until after them, so what is seen does too; a cue may rest on one
    note more than in a replay of every block.
    """
    sound: list[Event] = []
    seen: list[Event] = []
    for event in events:
        found = formats.get(event[1:3])
        if sound and isinstance(found, Poses) and event.packet is not None:
            seen.append(event)
            continue
        if not (sound and isinstance(found, Audio) and _follows(sound, event, found)):
            yield from _released(sound, seen)
            sound, seen = [], []
        if isinstance(found, Audio) and event.packet is not None:
            sound.append(event)
        else:
            yield event
    yield from _released(sound, seen)


def _follows(sound: list[Event], event: Event, found: Audio) -> bool:
    """Whether a block of sound goes on where `sound` ends, and there is room for it."""
    last, packet = sound[-1].packet, event.packet
    if last is None or packet is None or event[1:3] != sound[-1][1:3]:
        return False
    length = sum(len(each.packet.data) for each in sound if each.packet)
    return packet.seq == last.seq + 1 and length < BLOCK * found.rate


def _released(sound: list[Event], seen: list[Event]) -> Iterator[Event]:
    """The sound as one block, and the poses after it."""
    packets = [event.packet for event in sound if event.packet]
    if packets:
        data = np.concatenate([packet.data for packet in packets])
        yield sound[0]._replace(packet=Packet(packets[0].t, data, packets[0].seq))
    yield from seen


def _formats(graph: Graph) -> dict[tuple[str, str], Kind]:
    nodes = graph.nodes.items()
    return {(n, o): port.format for n, node in nodes for o, port in outputs(node).items()}


def _kept(formats: dict[tuple[str, str], Kind], path: str) -> dict[str, tuple[str, str]]:
    """Which outputs are the notes, the cues and so on, as far as there are any."""
    kept: dict[str, tuple[str, str]] = {}
    for key, found in formats.items():
        if isinstance(found, PlayedNotes):
            kept["notes"] = key
        elif isinstance(found, Cues):
            kept["cues"] = key
        elif isinstance(found, BowStrokes):
            kept["strokes"] = key
        elif isinstance(found, Postures):
            kept["postures"] = key
        elif isinstance(found, Poses):
            kept["poses"] = key
        elif isinstance(found, Frames) and found.content == PITCH:
            kept["pitch"] = key
    if "notes" not in kept:
        raise GraphError(
            f"{path}: its graph has no violin.Notes; record with graphs/violin_practice.yaml"
        )
    return kept


def _session(
    name: str,
    start: int,
    end: int,
    kept: dict[str, tuple[str, str]],
    told: dict[tuple[str, str], list[Packet]],
) -> Session:
    def of(what: str) -> list[Packet]:
        return told[kept[what]] if what in kept else []

    def timed(what: str) -> list[tuple[float, Any]]:
        return [((p.t - start) / SECOND, p.data) for p in of(what)]

    rows = [[(p.t - start) / SECOND, *p.data] for p in of("pitch")]
    curve = np.array(rows, np.float32).reshape(-1, 4)
    return Session(
        name=name,
        seconds=max((end - start) / SECOND, float(curve[-1, 0]) if len(curve) else 0.0),
        notes=timed("notes"),
        cues=timed("cues"),
        curve=curve,
        strokes=timed("strokes"),
        postures=timed("postures"),
        poses=[(t, poses[0].world) for t, poses in timed("poses") if poses],
    )
