"""The demonstrations: graphs on material that comes along, in real time, with a verdict."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

from rt_engine.assets import BEATS, RECORDING
from rt_engine.core import Graph, GraphError, Packet
from rt_engine.core.errors import exists
from rt_engine.devices import DeviceError, find
from rt_engine.doctor import midi_missing
from rt_engine.extras import require
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import ARTICULATIONS, DYNAMICS, Expression, Phrase
from rt_engine.nodes.audio import Speaker
from rt_engine.quiet import quiet
from rt_engine.running import prune, run_live

__all__ = ["DEMOS", "demo", "hits"]

WINDOW = 0.07  # s; the tolerance of beat tracking evaluation (MIREX)


class Demo(Protocol):
    """What a graph needs to be shown, what is noted while it runs, and what it comes to."""

    live: str  # the device in words
    bundled: str  # what stands in for it

    def missing(self) -> dict[str, str]:
        """Beginnings of the names of node classes that cannot run here, and why not."""
        ...

    def material(self, folder: Path) -> dict[str, Any]:
        """Changes of the graph that replace its device; what they need goes into `folder`."""
        ...

    def furnish(self, graph: Graph) -> None:
        """Add to the graph what belongs to the bundled material."""
        ...

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """See a packet of the run."""
        ...

    def verdict(self) -> str:
        """How well it went on the bundled material; "" where nothing was seen."""
        ...


def demo(name: str, duration: float | None = None, live: bool = False) -> int:
    """Run graph `name` on its bundled material (or the device that it names); the exit code."""
    if name not in DEMOS:
        raise GraphError(
            f"demo {name!r}: no such graph with material{exists(name, DEMOS, 'demos')}"
        )
    show = DEMOS[name]()
    path = graph_folder() / f"{name}.yaml"
    missing = show.missing()
    with tempfile.TemporaryDirectory(prefix="rt-engine-") as folder:
        spec = read(path, {} if live else show.material(Path(folder)))
        spec = prune(spec, _unplayable(spec, missing), str(path))
        graph = build(spec, str(path))
        if not live:
            show.furnish(graph)
        print(f"{name}: {show.live if live else show.bundled}; Ctrl-C ends it")
        code = run_live(graph, [show.note], duration)
    if not live and (verdict := show.verdict()):
        print(f"\n{verdict}")
    return code


def hits(found: list[float], true: list[float], window: float = WINDOW) -> int:
    """How many of the `true` times have a time of their own in `found` within `window` s."""
    left, count = sorted(found), 0
    for t in sorted(true):
        near = next((f for f in left if abs(f - t) <= window), None)
        if near is not None:
            left.remove(near)
            count += 1
    return count


class BeatDemo:
    """The bundled recording, heard through the speaker; its beats are known."""

    live, bundled = "microphone", "the bundled recording"

    def __init__(self) -> None:
        self._beats: list[tuple[float, int]] = []
        self._start: int | None = None

    def missing(self) -> dict[str, str]:
        """MIDI, on many machines."""
        reason = midi_missing()
        return {"midi.": reason} if reason else {}

    def material(self, folder: Path) -> dict[str, Any]:
        """The recording."""
        return {"mic": str(RECORDING)}

    def furnish(self, graph: Graph) -> None:
        """The speaker, where there is one."""
        try:
            find("", "output")
        except DeviceError:
            return
        graph.add("speaker", Speaker(), "mic")

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """Beats, in s from the start of the sound, and their positions."""
        if packet is None:
            return
        if output == "audio" and self._start is None:
            self._start = packet.t
        if (node, output) == ("beat", "beats"):
            self._beats.append(((packet.t - (self._start or 0)) * 1e-9, packet.data.position))

    def verdict(self) -> str:
        """Beats and downbeats found, of the true ones."""
        if not self._beats:
            return ""
        rows = [line.split() for line in BEATS.read_text().splitlines() if line[:1].isdigit()]
        end = self._beats[-1][0] + WINDOW
        true = [(float(t), int(position)) for t, position in rows if 5.0 <= float(t) <= end]
        found = [(t, position) for t, position in self._beats if t >= 5.0 - WINDOW]
        all_hits = hits([t for t, _ in found], [t for t, _ in true])
        ones = [t for t, position in true if position == 1]
        one_hits = hits([t for t, position in found if position == 1], ones)
        return (
            f"Against the true beats after the first 5 s, within {WINDOW * 1e3:.0f} ms: "
            f"{all_hits} of {len(true)} beats found ({len(found) - all_hits} others), "
            f"{one_hits} of {len(ones)} downbeats."
        )


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


class BodyDemo:
    """A drawn person who stands, holds a T-pose, walks in place and waves."""

    live, bundled = "camera", "a drawn person, filmed just now"

    def __init__(self) -> None:
        with quiet():
            require("cv2")
            require("mediapipe")
        self._pictures = self._found = 0

    def missing(self) -> dict[str, str]:
        """The window, where there is no display."""
        from rt_engine.video.screens import has_display

        return {} if has_display() else {"video.View": "no display here"}

    def material(self, folder: Path) -> dict[str, Any]:
        """The film, drawn into `folder`."""
        from rt_engine.video.performance import perform

        perform(film := folder / "person.mp4")
        return {"camera": str(film)}

    def furnish(self, graph: Graph) -> None:
        """Nothing."""

    def note(self, node: str, output: str, packet: Packet | None) -> None:
        """How many pictures the detector saw, and in how many it found somebody."""
        if packet is not None and (node, output) == ("pose", "poses"):
            self._pictures += 1
            self._found += bool(packet.data)

    def verdict(self) -> str:
        """The share of pictures with a person."""
        if not self._pictures:
            return ""
        return f"The person was found in {self._found} of {self._pictures} pictures."


DEMOS: dict[str, type[Demo]] = {
    "beat": BeatDemo,
    "expression": ExpressionDemo,
    "avatar": BodyDemo,
    "landmarks": BodyDemo,
}


def _unplayable(spec: dict[str, Any], missing: dict[str, str]) -> list[str]:
    """Nodes that cannot run on this machine; said in one line each."""
    names = []
    for name, keys in spec["nodes"].items():
        reason = next((why for start, why in missing.items() if keys["is"].startswith(start)), None)
        if reason:
            print(f"left out: node {name!r}: {reason}")
            names.append(name)
    return names
