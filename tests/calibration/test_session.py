"""A calibration from a film to numbers."""

import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")

from rt_engine.calibration import av_graph, body_graph, calibrate_body, gather  # noqa: E402
from rt_engine.core import Graph, Replay  # noqa: E402
from rt_engine.nodes.audio import Microphone  # noqa: E402
from rt_engine.nodes.video import Camera, File  # noqa: E402
from rt_engine.video.mannequin import mannequin  # noqa: E402
from tests.video.rigs import film  # noqa: E402

T_POSE = ((0.30, 0.30), (0.17, 0.31))


def t_pose_film(tmp_path):
    picture = mannequin(256, T_POSE)[..., ::-1].copy()
    return File(path=film(tmp_path / "t.avi", [picture] * 40, fps=15))


@pytest.mark.skipif(not hasattr(mediapipe, "solutions"), reason="needs mediapipe 0.10 (a model)")
def test_a_film_of_a_person_in_t_pose_gives_a_body(tmp_path):
    poses = []

    def tap(node, output, packet):
        if (node, output) == ("pose", "poses") and packet:
            poses.append(packet)

    Replay(body_graph(t_pose_film(tmp_path)), taps=[tap]).run()
    body = calibrate_body(poses, "T", height=1.8)
    assert body.height == 1.8
    assert 0.35 < body.lengths["LeftUpperLeg"] < 0.55
    assert abs(body.roll) < 3


def test_what_was_asked_for_is_gathered_until_the_film_ends(tmp_path):
    graph, left = Graph(), []
    graph.add("camera", t_pose_film(tmp_path))
    taken = gather(graph, ["camera.images"], 60, left.append)
    assert len(taken["camera.images"]) == 40
    assert left == sorted(left, reverse=True)
    assert left[-1] > 20


def test_gathering_ends_after_its_time(tmp_path):
    graph = Graph()
    source = t_pose_film(tmp_path)
    source.loop = True
    graph.add("camera", source)
    assert gather(graph, ["camera.images"], 0.3)["camera.images"]


def test_the_graph_for_claps_has_sound_and_poses():
    graph = av_graph(Camera(), Microphone())
    assert list(graph.nodes) == ["camera", "pose", "mic"]
