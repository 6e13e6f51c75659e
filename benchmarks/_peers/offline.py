"""rt_engine alone: features of the bundled music, replayed as fast as it goes."""

from __future__ import annotations

from pathlib import Path

import rt_engine
from rt_engine.core import Graph, Node, Replay
from rt_engine.nodes import audio, features
from rt_engine.record import Digest

from . import work

MUSIC = Path(rt_engine.__file__).parent / "assets" / "demo.ogg"


FEATURES: dict[str, list[type[Node]]] = {
    "replay onset": [features.OnsetStrength],
    "replay five": [
        features.LogMel,
        features.OnsetStrength,
        features.Chroma,
        features.Mfcc,
        features.Rms,
    ],
}


def run(parts: work.Parts) -> dict[str, float | str]:
    """Decoding included; `speed` is seconds of music a second."""
    graph = Graph("features")
    graph.add("file", audio.File(path=str(MUSIC), block=parts.task.count))
    for node in FEATURES[parts.task.scenario]:
        graph.add(node.__name__, node(), "file")
    digest = Digest()
    start = work.now()
    Replay(graph, taps=[digest]).run()
    spent = (work.now() - start) * 1e-9
    length = graph.nodes["file"].length  # type: ignore[attr-defined]
    return {"speed": length / spent, "length": length, "sha256": digest.total()}


if __name__ == "__main__":
    work.main(run)
