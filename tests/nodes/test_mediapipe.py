"""Bodies found by MediaPipe, in drawn people and in real ones."""

import math
import time
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")

from rt_engine.core import SECOND, Graph, GraphError, Packet, Replay, collect  # noqa: E402
from rt_engine.kinds import Images  # noqa: E402
from rt_engine.motion.landmarks import ANKLES, HIPS, NOSE, SHOULDERS, WRISTS  # noqa: E402
from rt_engine.nodes import pose, video  # noqa: E402
from rt_engine.protocols.landmarks import NAMES  # noqa: E402
from rt_engine.video.detectors import Body, Options, carried_models, distinct, open_detector  # noqa: E402
from rt_engine.video.mannequin import mannequin  # noqa: E402

carried = pytest.mark.skipif(
    not hasattr(mediapipe, "solutions"), reason="needs the models that mediapipe 0.10 carries"
)
pytestmark = carried

SIZE = 384
PERSON = mannequin(SIZE)[..., ::-1].copy()  # blue green red
WALL = np.full_like(PERSON, PERSON[0, 0])
SHARED = Path(__file__).parents[2].parent / "shared/data/video"


def beside(*pictures):
    return np.hstack(pictures)


@pytest.fixture(scope="module")
def single():
    """One detector for one person, shared by the tests of this file."""
    node = pose.MediaPipe()
    out = collect(node, images=Images())
    yield node, out
    node.close()


@pytest.fixture
def find(single):
    """Call with pictures at 30/s; the poses found in each."""
    node, out = single
    node.reset()

    def run(*pictures, start=0.0):
        out["poses"].clear()
        for i, picture in enumerate(pictures):
            node.on_images(Packet(round((start + i / 30) * SECOND), picture, i))
        return [packet.data for packet in out["poses"]]

    return run


def test_a_person_has_33_landmarks_in_the_picture_and_in_metres(find):
    ((found,),) = find(PERSON)
    assert found.image.shape == found.world.shape == (33, 3)
    assert found.visibility.shape == (33,)
    assert found.image.dtype == found.world.dtype == found.visibility.dtype == np.float32
    assert (found.width, found.height) == (SIZE, SIZE)
    assert found.visibility.min() >= 0
    assert found.visibility.max() <= 1
    nose = found.image[NOSE, :2] / SIZE
    np.testing.assert_allclose(nose, (0.5, 0.18), atol=0.05)


def test_the_body_frame_has_y_up_x_to_the_left_and_z_forward(find):
    ((found,),) = find(PERSON)
    world = found.world
    np.testing.assert_allclose(world[list(HIPS)].mean(axis=0), 0, atol=0.02)
    assert world[NOSE, 1] > 0.4
    assert world[list(ANKLES), 1].max() < -0.5
    left, right = SHOULDERS
    assert world[left, 0] > 0.05 > -0.05 > world[right, 0]
    assert found.image[left, 0] > found.image[right, 0]  # the left is on the right, unmirrored
    assert world[NOSE, 2] > world[list(SHOULDERS), 2].mean()  # the nose points at the camera


def test_arms_are_where_they_are_drawn(find):
    for arms in (((0.34, 0.42), (0.30, 0.55)), ((0.30, 0.29), (0.16, 0.29))):
        ((found,),) = find(mannequin(SIZE, arms)[..., ::-1])
        hand = found.image[WRISTS[1], :2] / SIZE
        assert math.dist(hand, arms[1]) < 0.06


def test_time_is_that_of_the_picture(single):
    node, out = single
    out["poses"].clear()
    node.on_images(Packet(123_456_789, WALL, 0))
    assert out["poses"][0].t == 123_456_789


def test_nobody_is_an_empty_list(find):
    assert find(WALL, WALL) == [[], []]


def test_a_person_who_leaves_and_comes_back_is_the_same_for_some_seconds(find):
    frames = [PERSON, PERSON, WALL, WALL, WALL, PERSON, PERSON, PERSON]
    found = find(*frames)
    assert [len(people) for people in found[2:5]] == [0, 0, 0]
    assert {p.person for people in found for p in people} == {0}
    assert found[-1]
    later = find(PERSON, PERSON, start=10.0)
    assert [people[0].person for people in later if people] == [1] * sum(map(bool, later))


def test_a_person_stays_the_same_through_a_change_of_the_pictures_size(find):
    small = cv2.resize(PERSON, (SIZE // 2, SIZE // 2))
    wide = beside(WALL, PERSON)
    found = find(PERSON, PERSON, small, small, small)
    assert [p.person for people in found for p in people] == [0] * 5
    assert (found[-1][0].width, found[-1][0].height) == (SIZE // 2, SIZE // 2)
    np.testing.assert_allclose(found[-1][0].image[:, :2] * 2, found[0][0].image[:, :2], atol=12)
    assert (find(wide)[0] or find(wide)[0])[0].width == 2 * SIZE


def test_two_people_before_a_detector_for_one_are_one_and_the_same(find):
    found = find(*[beside(PERSON, PERSON)] * 6)
    assert [len(people) for people in found] == [1] * 6
    assert {people[0].person for people in found} == {0}
    assert np.ptp([people[0].image[NOSE, 0] for people in found]) < 10


@pytest.mark.parametrize(
    "picture",
    [
        PERSON.mean(axis=2).astype(np.uint8),
        PERSON.mean(axis=2, keepdims=True).astype(np.uint8),
        np.dstack([PERSON, PERSON[..., :1]]),
        PERSON[:, ::-1],
    ],
)
def test_grey_transparent_and_odd_pictures_are_taken(find, picture):
    found = find(picture, picture)
    assert len(found[-1]) == 1


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 64, 3), (1, 1, 3), (7, 300, 3)])
def test_empty_and_tiny_pictures_hold_nobody(find, shape):
    assert find(np.zeros(shape, np.uint8)) == [[]]


def test_the_first_picture_is_not_late(find):
    began = time.perf_counter()
    find(PERSON)
    first = time.perf_counter() - began
    began = time.perf_counter()
    find(*[PERSON] * 10)
    assert first < 20 * (time.perf_counter() - began) / 10 + 0.2


def test_loading_writes_nothing_to_stderr(capfd):
    node = pose.MediaPipe()
    collect(node, images=Images())
    node.on_images(Packet(0, PERSON, 0))
    node.close()
    assert capfd.readouterr().err == ""


def test_several_people_are_found_and_keep_their_numbers():
    node = pose.MediaPipe(people=3)
    out = collect(node, images=Images())
    for i, picture in enumerate([beside(PERSON, PERSON)] * 5 + [beside(PERSON, WALL)] * 3):
        node.on_images(Packet(i * SECOND // 30, picture, i))
    node.close()
    found = [packet.data for packet in out["poses"]]
    places = [{p.person: p.image[NOSE, 0] / SIZE for p in people} for people in found]
    left = min(places[0], key=places[0].get)
    for place in places[:5]:
        assert place[left] == pytest.approx(0.5, abs=0.1)
        assert place[1 - left] == pytest.approx(1.5, abs=0.1)
    assert set(places[-1]) == {left}


def test_a_model_file_does_the_same_as_the_model_inside(tmp_path, find):
    (tmp_path / "pose.task").write_bytes(carried_models(mediapipe))
    node = pose.MediaPipe(model=str(tmp_path / "pose.task"))
    out = collect(node, images=Images())
    for i in range(3):
        node.on_images(Packet(i * SECOND // 30, PERSON, i))
    node.close()
    (theirs,), (ours,) = out["poses"][-1].data, find(PERSON, PERSON, PERSON)[-1]
    np.testing.assert_allclose(theirs.image[:, :2], ours.image[:, :2], atol=0.02 * SIZE)
    np.testing.assert_allclose(theirs.world, ours.world, atol=0.05)


def body(x, trunk=100.0, visibility=0.9):
    image = np.zeros((33, 3), np.float32)
    image[:, 0] = x
    image[list(SHOULDERS), 1] = 0
    image[list(HIPS), 1] = trunk
    return Body(image, image, np.full(33, visibility, np.float32))


def test_a_person_who_is_found_twice_is_given_once():
    kept = distinct([body(100, visibility=0.6), body(120), body(300)])
    assert sorted((b.image[0, 0], round(float(b.visibility[0]), 1)) for b in kept) == [
        (120, 0.9),
        (300, 0.9),
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hands": True, "people": 2}, "hands and face are found for one person"),
        ({"model": "absent.task"}, "model 'absent.task': no such file"),
    ],
)
def test_what_cannot_be_done_is_refused_when_the_graph_is_built(settings, said):
    graph = Graph()
    graph.add("camera", video.Camera())
    with pytest.raises(GraphError, match=said):
        graph.add("pose", pose.MediaPipe(**settings), "camera")


def test_a_mediapipe_without_a_model_says_what_to_set(monkeypatch):
    monkeypatch.delattr(mediapipe, "solutions")
    with pytest.raises(ValueError, match=r"carries no model: set 'model' to a \.task file"):
        open_detector(Options())


def frames(name, count, every=1):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/video/{name}")
    capture = cv2.VideoCapture(str(path))
    return [capture.read()[1] for _ in range(count * every)][::every]


@pytest.mark.shared
def test_a_real_person_is_followed(find):
    found = find(*frames("mgt_dancer.avi", 20, 2))
    assert sum(map(bool, found)) >= 18
    last = found[-1][0]
    assert last.visibility[list(SHOULDERS)].min() > 0.9
    trunk = last.world[list(SHOULDERS)].mean(axis=0) - last.world[list(HIPS)].mean(axis=0)
    assert 0.35 < np.linalg.norm(trunk) < 0.7


@pytest.mark.shared
def test_the_hands_of_a_real_person_hang_on_the_wrists():
    node = pose.MediaPipe(hands=True)
    out = collect(node, images=Images())
    for i, picture in enumerate(frames("mmpose_demo.mp4", 5)):
        node.on_images(Packet(i * SECOND // 5, picture, i))
    node.close()
    hands = [
        (hand, found.world[wrist])
        for packet in out["poses"]
        for found in packet.data
        for hand, wrist in zip((found.left_hand, found.right_hand), WRISTS, strict=True)
        if hand is not None
    ]
    assert hands
    for hand, wrist in hands:
        assert hand.shape == (21, 3)
        np.testing.assert_allclose(hand[0], wrist, atol=1e-6)
        assert 0.05 < np.linalg.norm(hand[9] - hand[0]) < 0.16  # wrist to the middle knuckle
    assert out["faces"] == []


@pytest.mark.shared
def test_the_face_of_a_real_person_lies_round_the_nose():
    node = pose.MediaPipe(face=True)
    out = collect(node, images=Images())
    for i, picture in enumerate(frames("mgt_dancer.avi", 6)):
        node.on_images(Packet(i * SECOND // 25, picture, i))
    node.close()
    assert len(out["faces"]) >= 4
    last, (body,) = out["faces"][-1].data.reshape(468, 3), out["poses"][-1].data
    assert body.left_hand is body.right_hand is None
    assert last.dtype == np.float32
    middle, (nose, shoulders) = last[:, :2].mean(axis=0), body.image[[NOSE, SHOULDERS[0]], :2]
    assert np.linalg.norm(middle - nose) < 0.5 * np.linalg.norm(shoulders - nose)


@pytest.mark.shared
def test_the_same_film_gives_the_same_landmarks_twice(tmp_path):
    if not (SHARED / "mmpose_demo.mp4").exists():
        pytest.skip("needs ../shared/data/video/mmpose_demo.mp4")

    def landmarks():
        graph, found = Graph(), []
        graph.add("film", video.File(path=str(SHARED / "mmpose_demo.mp4")))
        graph.add("pose", pose.MediaPipe(), "film")
        Replay(graph, taps=[lambda n, o, p: found.append(p) if o == "poses" and p else None]).run()
        return [p.world.tobytes() for packet in found for p in packet.data]

    assert landmarks() == landmarks() != []


def test_there_are_33_names():
    assert len(set(NAMES)) == 33
