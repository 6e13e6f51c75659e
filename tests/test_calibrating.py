"""`rt-engine calibrate`: what is printed, what is written, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")

from rt_engine import calibrating  # noqa: E402
from rt_engine.calibration import load_body  # noqa: E402
from rt_engine.cli import main  # noqa: E402
from rt_engine.core import NodeError, Packet, collect  # noqa: E402
from rt_engine.graphfile import load  # noqa: E402
from rt_engine.kinds import Poses  # noqa: E402
from rt_engine.motion.skeleton import HEIGHT, identity  # noqa: E402
from rt_engine.nodes import motion  # noqa: E402
from rt_engine.video.mannequin import mannequin  # noqa: E402
from tests.calibration.test_claps import CLAPS, hands, sound  # noqa: E402
from tests.motion.bodies import pose  # noqa: E402
from tests.video.rigs import film  # noqa: E402

T_POSE = ((0.30, 0.30), (0.17, 0.31))
MODEL = pytest.mark.skipif(
    not hasattr(mediapipe, "solutions"), reason="needs mediapipe 0.10 (a model)"
)


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A film of somebody in T-pose for three seconds."""
    picture = mannequin(256, T_POSE)[..., ::-1].copy()
    return film(tmp_path_factory.mktemp("film") / "t.avi", [picture] * 30, fps=10)


@MODEL
def test_a_film_gives_a_file_that_the_skeleton_takes(person, tmp_path, capsys):
    output = tmp_path / "anna.yaml"
    assert main(["calibrate", "body", "--file", person, "-o", str(output), "--height", "1.5"]) == 0
    out = capsys.readouterr().out
    assert "height 1.50 m" in out and "estimated" not in out
    line = next(line for line in out.splitlines() if line.startswith("Use it: rt-engine run "))
    graph, *changes = line.split("rt-engine run ")[1].split()
    assert len(changes) == 2
    load(Path(__file__).parents[1] / "graphs" / f"{graph}.yaml",
         dict(change.split("=") for change in changes))  # fmt: skip
    node = motion.Skeleton(body=str(output))
    packets = collect(node, poses=Poses())["skeletons"]
    node.on_poses(Packet(0, [pose(identity())], 0))
    assert packets[0].data[0].scale == pytest.approx(1.5 / HEIGHT)


@MODEL
def test_a_posture_that_was_not_held_is_one_line_and_no_file(person, tmp_path, capsys):
    output = tmp_path / "anna.yaml"
    arguments = ["calibrate", "body", "--file", person, "-o", str(output), "--posture", "N"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "arm is not hanging" in error
    assert not output.exists()


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["body", "--file", "x.mp4", "--camera", "0"], ["--camera and --file"]),
        (["body", "--file", "gone.mp4", "-o", "{folder}/a.yaml"], ["gone.mp4", "no such file"]),
        (["body", "--height", "180", "-o", "{folder}/a.yaml"], ["180", "metres"]),
        (["body", "-o", "{folder}"], ["exists already", "--force"]),
        (["body", "-o", "{folder}/none/a.yaml"], ["a.yaml", "no folder"]),
        (["body", "--seconds", "0", "-o", "{folder}/a.yaml"], ["--seconds 0"]),
        (["av", "--seconds", "-1"], ["--seconds -1"]),
    ],
)
def test_a_wrong_input_is_one_line_before_anybody_has_to_stand(
    arguments, fragments, tmp_path, capsys
):
    assert main(["calibrate", *(a.format(folder=tmp_path) for a in arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("rt-engine: error: ")
    assert all(fragment in error for fragment in fragments)


def heard_and_seen(late):
    """What stands in for `gather`: claps whose pictures are `late` s."""
    rng = np.random.default_rng(5)
    found = {"mic.audio": sound(CLAPS, rng), "pose.poses": hands(CLAPS, late)}
    return lambda graph, names, seconds, each: {name: found[name] for name in names}


def test_claps_give_the_delay_to_type(monkeypatch, capsys):
    monkeypatch.setattr(calibrating, "gather", heard_and_seen(0.08))
    assert main(["calibrate", "av"]) == 0
    out = capsys.readouterr().out
    assert "late" in out
    delay = float(out.split("camera.delay_ms=")[1])
    assert delay == pytest.approx(80, abs=6)


def test_too_few_claps_are_one_line(monkeypatch, capsys):
    monkeypatch.setattr(
        calibrating, "gather", lambda graph, names, *_: {name: [] for name in names}
    )
    assert main(["calibrate", "av"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "0 claps were heard" in error


def test_a_camera_that_fails_is_a_failure_of_the_run(monkeypatch, tmp_path, capsys):
    def gather(graph, *_):
        raise NodeError(graph.nodes["camera"], "open", OSError("there is no camera 0"))

    monkeypatch.setattr(calibrating, "gather", gather)
    assert main(["calibrate", "body", "-o", str(tmp_path / "a.yaml")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "there is no camera 0" in error


def test_what_is_said_beside_the_file_wins(tmp_path):
    path = tmp_path / "body.yaml"
    path.write_text("height: 1.5\nlengths: {LeftUpperLeg: 0.4}\nhips: 0.8\npitch: 0\nroll: 0\n")
    assert load_body(path).height == 1.5
    for given, height in (({}, 1.5), ({"height": 1.9}, 1.9)):
        node = motion.Skeleton(body=str(path), **given)
        packets = collect(node, poses=Poses())["skeletons"]
        node.on_poses(Packet(0, [pose(identity())], 0))
        assert packets[0].data[0].scale == pytest.approx(height / HEIGHT)


@pytest.mark.parametrize("node", [motion.Skeleton, motion.Ground])
def test_a_file_that_is_no_body_is_refused_when_the_graph_is_built(node, tmp_path):
    path = tmp_path / "song.yaml"
    path.write_text("name: song\n")
    with pytest.raises(ValueError, match=r"song\.yaml"):
        node(body=str(path)).plan()
    with pytest.raises(OSError, match="gone"):
        node(body=str(tmp_path / "gone.yaml")).plan()
