"""The simulated violinist of the demonstration."""

from __future__ import annotations

import numpy as np
import pytest

from rt_engine import demos
from rt_engine.core import SECOND, Packet, Replay, collect
from rt_engine.demos.etude import SAMPLES, etude
from rt_engine.demos.violin import LATE, Seen
from rt_engine.graphfile import build, graph_folder
from rt_engine.running import prune
from rt_engine.violin import Listener, Tuning


def test_the_etude_is_what_it_says():
    made = etude(12.0)
    np.testing.assert_array_equal(made.sound, etude(12.0).sound)
    listener = Listener(SAMPLES, Tuning())
    notes = [heard.ended for heard in listener.process(made.sound) if heard.ended]
    found = [note.target for _, note in notes]
    true = [round(note.pitch) for note in made.motion.notes]
    assert found[:8] == true[:8]
    inner = [n.pitch.value % 1 for t, n in notes if made.off[0] <= t < made.off[1]]
    assert np.median(inner) == pytest.approx(0.22, abs=0.04)


def test_the_simulated_camera_is_late(tmp_path):
    world = np.random.default_rng(1).normal(size=(5, 33, 3)).astype(np.float32)
    path = tmp_path / "seen.npz"
    np.savez(path, world=world, visibility=np.ones((5, 33), np.float32), fps=30)
    node = Seen(path=str(path))
    out = collect(node)
    start = node.clock.now()
    while node.read():
        pass
    times = [(packet.t - start) / SECOND for packet in out["poses"]]
    np.testing.assert_allclose(times, LATE + np.arange(5) / 30, atol=1e-6)
    np.testing.assert_array_equal(out["poses"][3].data[0].world, world[3])


def test_without_anything_seen_there_is_no_verdict():
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra 'cpu')")
    show = demos.DEMOS["violin"]()
    show.note("bow", "strokes", Packet(0, None, 0))
    assert show.verdict() == ""


@pytest.mark.slow
def test_the_violinist_is_heard_seen_and_reported_on(monkeypatch, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra 'cpu')")
    from rt_engine.demos.run import prepared

    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "material").mkdir()
    show = demos.DEMOS["violin"]()
    path = graph_folder() / "violin_practice.yaml"
    spec, _ = prepared(show, path, folder, lambda said: None)
    graph = build(prune(spec, ["control"], str(path)), str(path))
    show.furnish(graph)
    Replay(graph, taps=[show.note]).run()
    verdict = show.verdict()
    seen, true = (int(word) for word in verdict.split(": ")[1].split(" changes")[0].split(" of "))
    assert seen > 0.8 * true
    offset = float(verdict.split("the camera is ")[1].split(" ms")[0])
    assert abs(offset - 1e3 * LATE) < 20
    page = (tmp_path / "violin-demo.html").read_text()
    assert 'class="clip"' in page
    assert "Hand against the good posture" in page
