"""The demonstrations: bundled material, a verdict, and nothing left behind."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rt_engine import demos
from rt_engine.cli import main
from rt_engine.core import Packet, Replay, collect
from rt_engine.demos import body
from rt_engine.extras import MissingExtra
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Note, SkeletonPose, Skeletons
from rt_engine.motion.skeleton import identity
from rt_engine.nodes.console import Meter
from rt_engine.running import prune


def test_every_demo_is_a_graph_of_this_name():
    for name in demos.DEMOS:
        assert (graph_folder() / f"{demos.GRAPHS.get(name, name)}.yaml").is_file()


def test_the_help_names_every_demo(capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in demos.DEMOS)


def test_the_body_in_a_demo_is_found_and_nothing_is_written(monkeypatch, tmp_path, capsys):
    pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")
    if not hasattr(mediapipe, "solutions"):
        pytest.skip("needs mediapipe 0.10 (a model)")
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "avatar", "--duration", "2"]) == 0
    out = capsys.readouterr().out
    assert "vmc" in out and "Latency" in out
    found, pictures = (int(word) for word in out.split("found in ")[1].split() if word.isdigit())
    assert 0 < 0.9 * pictures <= found <= pictures
    assert not list(tmp_path.iterdir())


def test_expression_tells_beats_and_the_playing(capsys):
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra 'cpu')")
    assert main(["demo", "expression", "--duration", "8"]) == 0
    out = capsys.readouterr().out
    assert "downbeats" in out and "Phrases began" in out and "Mostly" in out


def test_a_missing_extra_is_the_line_to_type(monkeypatch, capsys):
    def missing(module):
        raise MissingExtra(f"{module} is not installed: pip install 'rt-engine[pose]'")

    monkeypatch.setattr(body, "require", missing)
    assert main(["demo", "avatar"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "pip install 'rt-engine[pose]'" in error


def test_the_drawn_person_moves_and_fits_a_camera():
    pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    from rt_engine.video.performance import SECONDS, pictures

    shown = [(picture.shape, picture[::8, ::8].copy()) for picture in pictures()]
    assert len(shown) == round(30 * SECONDS)
    assert {shape for shape, _ in shown} == {(480, 640, 3)}
    for start in (45, 195, 345):  # into the T-pose, walking, waving
        assert np.any(shown[start][1] != shown[start + 12][1])


def test_a_film_that_cannot_be_written_is_an_error(tmp_path):
    pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    from rt_engine.video.performance import perform

    with pytest.raises(OSError, match="cannot be written"):
        perform(tmp_path / "none" / "film.mp4", 0.1)


def skeletons(t, people=1, contacts=(True, True)):
    root, seen = np.zeros(3, np.float32), np.ones(55, np.float32)
    turned = identity().astype(np.float32)
    one = SkeletonPose(0, root, turned, seen, contacts=contacts)
    return Packet(t, [one] * people, t)


def test_the_console_tells_who_is_there_and_which_feet_stand(capsys):
    node = Meter()
    collect(node, skeletons=Skeletons())
    node.on_skeletons(skeletons(0, contacts=(True, False)))
    node.on_skeletons(skeletons(1, contacts=(False, False)))
    node.on_skeletons(skeletons(2, people=0))
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["1 person  confidence 1.00  on the floor: left", "nobody in sight"]


def stroke(seconds):
    return Packet(round(seconds * 1e9) + 7, Note(38, 100, 0.05, 10), 0)


def test_the_verdict_on_a_dance_counts_beats_and_strokes():
    pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")
    show = demos.DEMOS["dance"]()
    assert show.verdict() == ""
    show.note("drums", "notes", stroke(0.1))  # before the first picture
    show.note("camera", "images", Packet(7, None, 0))
    for t in (1.0, 5.4, 6.03, 6.75, 7.2):  # too early; three of four beats; off the eighths
        show.note("drums", "notes", stroke(t))
    show.note("player", "notes", stroke(6.6))
    assert "3 of 4 beats struck, 3 of 4 strokes" in show.verdict()


@pytest.mark.slow
def test_a_dancer_is_drummed_to_and_nothing_is_written(monkeypatch, tmp_path, capsys):
    mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")
    if not hasattr(mediapipe, "solutions"):
        pytest.skip("needs mediapipe 0.10 (a model)")
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "dance", "--duration", "12"]) == 0
    out = capsys.readouterr().out
    assert "left out: node 'take'" in out and "Latency" in out and " beats struck, " in out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_every_beat_of_the_drawn_dancer_is_struck_where_no_picture_is_lost(tmp_path):
    mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")
    if not hasattr(mediapipe, "solutions"):
        pytest.skip("needs mediapipe 0.10 (a model)")
    from rt_engine.video.dancing import dance

    show = demos.DEMOS["dance"]()
    path = str(graph_folder() / "dance_drums.yaml")
    dance(film := tmp_path / "dance.mp4", 12.0)
    sinks = ["control", "keys", "take", "view"]
    spec = prune(read(path, {"camera": str(film)}), sinks, path)
    Replay(build(spec, path), taps=[show.note]).run()
    struck, beats = (int(n) for n in re.findall(r"(\d+) of (\d+) beats", show.verdict())[0])
    assert beats >= 10 and struck >= 0.9 * beats
