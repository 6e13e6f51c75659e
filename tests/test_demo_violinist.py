"""The demonstration of the violinist: its graph is built on an etude, and its turns are counted."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
pytest.importorskip("onnxruntime", reason="needs onnxruntime (extra 'cpu')")

from rt_engine import demos
from rt_engine.core import SECOND, Packet
from rt_engine.demos.run import prepared
from rt_engine.graphfile import graph_folder


def test_turns_of_the_avatar_are_counted_against_the_bow_that_made_the_sound(tmp_path):
    show = demos.DEMOS["violinist"]()
    spec, graph = prepared(show, graph_folder() / "violinist.yaml", tmp_path, print)
    assert (tmp_path / "etude.wav").is_file() and "body" in graph.nodes
    assert spec["nodes"]["mic"] != {} and show.verdict() == ""
    turns = show._true[3:9]
    start = 5 * SECOND
    show.note("mic", "audio", Packet(start, np.zeros(512, np.float32), 0))
    side = 1.0
    for k, t in enumerate([turns[0] - 0.5, turns[0] + 0.03, turns[1] + 0.3, *turns[2:]]):
        show.note("body", "bow", Packet(start + round(t * SECOND), np.array([0.5, side]), k))
        side = -side
    assert "5 of 6 turns played within 100 ms, 1 others" in show.verdict()
