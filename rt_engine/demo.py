"""The demonstration: bundled music through a graph, in real time, with its beats checked."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError, Packet
from rt_engine.core.errors import exists
from rt_engine.devices import DeviceError, find
from rt_engine.doctor import midi_missing
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.nodes.audio import Speaker
from rt_engine.running import prune, run_live

__all__ = ["demo", "hits"]

WINDOW = 0.07  # s; the tolerance of beat tracking evaluation (MIREX)


def demo(name: str, duration: float | None = None, microphone: bool = False) -> int:
    """Run graph `name` on the bundled music (or the microphone); the exit code."""
    path = graph_folder() / f"{name}.yaml"
    known = [p.stem for p in graph_folder().glob("*.yaml")]
    if name not in known:
        raise GraphError(f"demo {name!r}: no such graph{exists(name, known, 'graphs')}")
    assets = Path(str(files("rt_engine") / "assets"))
    music = next(assets.glob("demo.[fo]*"))
    spec = read(path, {} if microphone else {"mic": str(music)})
    spec = prune(spec, _unplayable(spec), str(path))
    graph = build(spec, str(path))
    if not microphone and _has_speaker():
        graph.add("speaker", Speaker(), "mic")
    beats: list[tuple[float, int]] = []
    starts: list[int] = []

    def note(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None and output == "audio" and not starts:
            starts.append(packet.t)
        if packet is not None and node == "beat" and output == "beats":
            beats.append(((packet.t - starts[0]) * 1e-9, packet.data.position))

    print(f"{name}: {'microphone' if microphone else 'the bundled recording'}; Ctrl-C ends it")
    code = run_live(graph, [note], duration)
    if beats and not microphone:
        print(_verdict(beats, assets / "demo.beats"))
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


def _verdict(beats: list[tuple[float, int]], truth: Path) -> str:
    rows = [line.split() for line in truth.read_text().splitlines() if line[:1].isdigit()]
    end = beats[-1][0] + WINDOW
    true = [(float(t), int(position)) for t, position in rows if 5.0 <= float(t) <= end]
    found = [(t, position) for t, position in beats if t >= 5.0 - WINDOW]
    all_hits = hits([t for t, _ in found], [t for t, _ in true])
    ones = [t for t, position in true if position == 1]
    one_hits = hits([t for t, position in found if position == 1], ones)
    return (
        f"\nAgainst the true beats after the first 5 s, within {WINDOW * 1e3:.0f} ms: "
        f"{all_hits} of {len(true)} beats found ({len(found) - all_hits} others), "
        f"{one_hits} of {len(ones)} downbeats."
    )


def _unplayable(spec: dict[str, Any]) -> list[str]:
    """Nodes whose devices this machine does not have; said in one line each."""
    reason = midi_missing()
    names = [n for n, keys in spec["nodes"].items() if reason and keys["is"].startswith("midi.")]
    for name in names:
        print(f"left out: node {name!r}: {reason}")
    return names


def _has_speaker() -> bool:
    try:
        find("", "output")
    except DeviceError:
        return False
    return True
