"""Cameras are found by number or name, and an unknown one is answered with those that exist."""

import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.video import cameras  # noqa: E402
from tests.video.rigs import faked, shade  # noqa: E402


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Two cameras as Linux lists them; the second has a node for metadata, too."""
    nodes = {"video0": ("HD WebCam", 0), "video2": ("USB Capture", 0), "video3": ("USB Capture", 1)}
    for node, (name, index) in nodes.items():
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(f"{name}\n")
        (tmp_path / node / "index").write_text(f"{index}\n")
    monkeypatch.setattr(cameras, "SYSFS", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")


@pytest.mark.usefixtures("system")
def test_cameras_are_listed_once_each():
    assert [(c.index, c.name) for c in cameras.list_cameras()] == [
        (0, "HD WebCam"),
        (2, "USB Capture"),
    ]


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("wanted", "index", "name"),
    [
        ("capture", 2, "USB Capture"),
        ("HD", 0, "HD WebCam"),
        (2, 2, "USB Capture"),
        ("0", 0, "HD WebCam"),
        (7, 7, "camera 7"),
    ],
)
def test_a_camera_is_found(wanted, index, name):
    assert cameras.find_camera(wanted) == cameras.Device(index, name)


@pytest.mark.usefixtures("system")
def test_an_unknown_camera_is_answered_with_those_that_exist(monkeypatch):
    listed = r"\(cameras: 0 'HD WebCam', 2 'USB Capture'\)"
    with pytest.raises(OSError, match=rf"there is no camera 'logi' {listed}"):
        cameras.find_camera("logi")
    with pytest.raises(OSError, match=rf"2 cameras match: camera 'C' {listed}"):
        cameras.find_camera("C")
    with (
        faked(monkeypatch, {}),
        pytest.raises(OSError, match=rf"camera 7 \(camera 7\) cannot be opened {listed}"),
    ):
        cameras.open_camera(cameras.find_camera(7), 640, 480, 30)


@pytest.mark.usefixtures("system")
def test_size_rate_and_the_smallest_buffer_are_asked_for(monkeypatch):
    with faked(monkeypatch, {"pictures": [shade(0)]}) as opened:
        cameras.open_camera(cameras.find_camera(0), 640, 480, 60)
        cameras.open_camera(cameras.find_camera(0), 1280, 720, 30)
    small, large = opened
    assert small.arguments == (0, cv2.CAP_V4L2)
    assert small.set_to[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert small.set_to[cv2.CAP_PROP_FRAME_HEIGHT] == 480
    assert small.set_to[cv2.CAP_PROP_FPS] == 60
    assert small.set_to[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert cv2.CAP_PROP_FOURCC not in small.set_to
    assert large.set_to[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")


def test_a_machine_without_cameras_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(cameras, "SYSFS", tmp_path / "absent")
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(OSError, match=r"there is no camera 'x' \(cameras: none\)"):
        cameras.find_camera("x")


def test_beyond_linux_cameras_are_known_by_number(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    plans = [{"pictures": [shade(0)]}, {}, {"pictures": [shade(0)]}, {}]
    with faked(monkeypatch, *plans):
        assert [c.index for c in cameras.list_cameras()] == [0, 2]
    assert cameras.find_camera("1") == cameras.Device(1, "camera 1")
