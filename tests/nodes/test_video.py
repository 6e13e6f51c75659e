"""Cameras, films, streams and views, as graphs use them."""

import contextlib
import logging
import time
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.core import (  # noqa: E402
    SECOND,
    Graph,
    GraphError,
    Input,
    Live,
    Node,
    NodeError,
    Packet,
    Replay,
    collect,
)
from rt_engine.graphfile import load  # noqa: E402
from rt_engine.kinds import Images, Poses, Skeletons  # noqa: E402
from rt_engine.nodes import video  # noqa: E402
from rt_engine.video.films import open_film  # noqa: E402
from tests.rigs import wait_for  # noqa: E402
from tests.video.rigs import (  # noqa: E402
    FPS,
    HEIGHT,
    WIDTH,
    FakeCapture,
    MjpegServer,
    faked,
    film,
    number_of,
    pose,
    shade,
)

MS = 1_000_000


class Sink(Node):
    """Keeps what comes, and when."""

    images = Input(Images)

    def open(self):
        self.got, self.times, self.resets = [], [], 0

    def reset(self):
        self.resets += 1

    def on_images(self, packet):
        self.got.append(packet)
        self.times.append(self.clock.now())


def numbers(packets):
    return [number_of(packet.data) for packet in packets]


def played(source, runner=Replay):
    """All packets of a source, in virtual time."""
    graph = Graph()
    graph.add("film", source)
    sink = graph.add("sink", Sink(), "film")
    runner(graph).run()
    return sink.got


@contextlib.contextmanager
def running(source):
    graph = Graph()
    graph.add("camera", source)
    sink = graph.add("sink", Sink(), "camera")
    with Live(graph) as live:
        yield sink, live


def test_a_film_keeps_its_own_time(tmp_path):
    source = video.File(path=film(tmp_path / "a.avi", 10))
    got = played(source)
    assert numbers(got) == list(range(10))
    assert [p.t - got[0].t for p in got] == [round(i * SECOND / FPS) for i in range(10)]
    assert source.images.format == Images(WIDTH, HEIGHT, FPS)


def test_live_a_picture_comes_when_it_is_due(tmp_path):
    got = Sink()
    graph = Graph()
    graph.add("film", video.File(path=film(tmp_path / "a.avi", 8), fps=40))
    graph.add("sink", got, "film")
    Live(graph).run()
    assert numbers(got.got) == list(range(8))
    assert all(now >= p.t for now, p in zip(got.times, got.got, strict=True))


def test_the_same_film_gives_the_same_pictures_twice_live_and_in_a_replay(tmp_path):
    path = film(tmp_path / "a.avi", 6)
    one, two = played(video.File(path=path)), played(video.File(path=path), Live)
    assert all((a.data == b.data).all() for a, b in zip(one, two, strict=True))
    assert [a.t - one[0].t for a in one] == [b.t - two[0].t for b in two]


def test_a_slow_series_does_not_block_the_engine(tmp_path):
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), shade(number))
    source = video.File(path=str(tmp_path), fps=1)
    collect(source)
    clock = source.clock
    assert source.read()
    assert source.read()
    assert clock.now() < SECOND  # it returned before the second picture was due


def test_a_loop_goes_on_in_step(tmp_path):
    source = video.File(path=film(tmp_path / "a.avi", 5), loop=True)
    out = collect(source)
    while len(out["images"]) < 13:
        assert source.read() is True
    assert numbers(out["images"]) == [*range(5), *range(5), *range(3)]
    steps = np.diff([p.t for p in out["images"]])
    np.testing.assert_allclose(steps, SECOND / FPS, atol=1)


def test_mirror_and_delay(tmp_path):
    half = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    half[:, : WIDTH // 2] = 200
    cv2.imwrite(str(tmp_path / "0.png"), half)
    source = video.File(path=str(tmp_path), mirror=True, delay_ms=30)
    out = collect(source)
    source.read()
    assert out["images"][0].data[0, 0, 0] == 0
    assert out["images"][0].data[0, -1, 0] == 200
    assert out["images"][0].t == -30 * MS


def test_pictures_of_another_size_go_on_and_are_said_once_a_change(tmp_path, caplog):
    for number, size in enumerate([(96, 64), (48, 32), (48, 32)]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.resize(shade(number), size))
    got = played(video.File(path=str(tmp_path)))
    assert [p.data.shape for p in got] == [(64, 96, 3), (32, 48, 3), (32, 48, 3)]
    assert [r.getMessage() for r in caplog.records] == ["pictures are now 48 x 32, not 96 x 64"]


def test_a_broken_picture_is_said_once_and_left_out(tmp_path, caplog):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), shade(number))
    (tmp_path / "1.png").write_text("nonsense")
    source = video.File(path=str(tmp_path), loop=True, fps=25)
    out = collect(source)
    while len(out["images"]) < 6:
        source.read()
    assert numbers(out["images"]) == [0, 2] * 3
    assert caplog.text.count("1.png cannot be read; left out") == 1


@pytest.mark.parametrize("loop", [False, True])
def test_a_film_that_breaks_off_is_said_once(tmp_path, caplog, loop):
    whole = Path(film(tmp_path / "a.avi", 60))
    (tmp_path / "cut.avi").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    source = video.File(path=str(tmp_path / "cut.avi"), loop=loop)
    out = collect(source)
    while source.read() and len(out["images"]) < 150:
        pass
    assert len(out["images"]) == 150 if loop else 10 < len(out["images"]) < 50
    assert caplog.text.count("cut.avi' breaks off at ") == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.mp4", None, "no such file"),
        ("empty.mp4", b"", "it is empty"),
        ("junk.mp4", b"junk" * 99, "it is broken, cut off, or no video"),
    ],
)
def test_a_film_that_cannot_be_played_is_refused_when_the_graph_is_built(
    tmp_path, name, content, reason
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(GraphError, match=f"node 'film'.*{name}' cannot be read: {reason}"):
        Graph().add("film", video.File(path=str(tmp_path / name)))


def test_a_camera_is_swapped_for_a_film_on_the_command_line(tmp_path):
    path = film(tmp_path / "take.mp4", 3, code="mp4v")
    (tmp_path / "g.yaml").write_text("nodes: {camera: {is: video.Camera, mirror: true, fps: 50}}")
    source = load(tmp_path / "g.yaml", {"camera": path}).nodes["camera"]
    assert isinstance(source, video.File)
    assert (source.path, source.mirror) == (path, True)


def cameras(count=1000, **plan):
    return {"pictures": [shade(i % 40) for i in range(count)], "rate": 100.0, **plan}


def test_a_camera_gives_the_newest_picture_with_the_drivers_time(monkeypatch):
    plan = cameras(stamps=lambda count: time.monotonic() * 1000 - 42)
    with faked(monkeypatch, plan), running(video.Camera(delay_ms=8)) as (sink, _):
        wait_for(lambda: len(sink.got) > 10)
    ages = [now - p.t for now, p in zip(sink.times, sink.got, strict=True)]
    assert min(ages) >= 50 * MS
    assert min(ages) < 80 * MS
    assert FakeCapture.opened[0].released


def test_a_camera_behind_a_slow_node_skips_and_does_not_queue():
    class Slow(Node):
        images = Input(Images)

        def reset(self):
            self.got = []

        def on_images(self, packet):
            self.got.append(packet)
            time.sleep(0.05)

    with pytest.MonkeyPatch.context() as patch, faked(patch, cameras()):
        graph = Graph()
        graph.add("camera", video.Camera())
        slow = graph.add("slow", Slow(), "camera")
        with Live(graph):
            wait_for(lambda: len(slow.got) >= 6)
    steps = np.diff(numbers(slow.got[:6]))
    assert (steps >= 2).all()


def test_a_camera_that_is_pulled_out_comes_back(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    plans = [cameras(5), {}, cameras()]
    source = video.Camera(camera=0, size=[WIDTH, HEIGHT])
    with faked(monkeypatch, *plans), running(source) as (sink, live):
        wait_for(lambda: len(sink.got) > 20, 10)
        assert live.stats()["camera"].restarts == 2
    assert sink.resets == 2  # at the start, and when it came back
    said = [r.getMessage() for r in caplog.records]
    assert "gives no more pictures; restart in" in said[0]
    assert "cannot be opened" in said[1]
    assert said[2:] == ["node 'camera' works again"]
    times = [p.t for p in sink.got]
    assert times == sorted(times)
    assert FakeCapture.opened[0].released


def test_a_camera_that_has_not_the_size_asked_for_says_so_once(monkeypatch, caplog):
    with faked(monkeypatch, cameras(5), cameras()), running(video.Camera()) as (sink, _):
        wait_for(lambda: len(sink.got) > 20, 10)
    assert caplog.text.count("pictures are now 96 x 64, not 640 x 480") == 1


def test_an_unknown_camera_stops_the_graph_at_the_start_with_a_list(monkeypatch, tmp_path):
    monkeypatch.setattr("rt_engine.video.cameras.SYSFS", tmp_path)
    graph = Graph()
    graph.add("camera", video.Camera(camera="no such"))
    with pytest.raises(NodeError, match=r"there is no camera 'no such' \(cameras: none\)"):
        Live(graph).run()


def test_a_stream_is_stamped_on_arrival_and_comes_back_when_its_server_does(caplog):
    with MjpegServer() as server:
        source = video.File(path=server.address)
        with running(source) as (sink, live):
            wait_for(lambda: len(sink.got) > 5, 10)
            port = server.port
            server.stop()
            wait_for(lambda: live.stats()["camera"].restarts > 0, 10)
            before = len(sink.got)
            with MjpegServer(port):
                wait_for(lambda: len(sink.got) > before + 5, 15)
    assert source.device  # nobody can keep it waiting
    ages = [now - p.t for now, p in zip(sink.times, sink.got, strict=True)]
    assert np.median(ages) < 0.1 * SECOND
    assert sink.got[0].data.shape == (HEIGHT, WIDTH, 3)
    assert f"video stream {server.address} gives no more pictures" in caplog.text
    assert "node 'camera' works again" in caplog.text


def test_a_stream_needs_no_server_when_the_graph_is_built_but_when_it_starts():
    server = MjpegServer()
    server.stop()
    graph = Graph()
    graph.add("camera", video.File(path=server.address))
    with pytest.raises(NodeError, match=rf"video stream {server.address} cannot be opened"):
        Live(graph).run()


def seen(*ts):
    return [Packet(round(t * SECOND), [pose()], i) for i, t in enumerate(ts)]


def viewed(path, images, poses=None, **settings):
    """What a view wrote of `images` [(s, picture)], each followed by the poses of its time."""
    node = video.View(path=str(path), **settings)
    wired = {"images": Images(WIDTH, HEIGHT, FPS)}
    collect(node, **wired, **({} if poses is None else {"poses": Poses()}))
    for i, (t, picture) in enumerate(images):
        node.on_images(Packet(round(t * SECOND), picture, i))
        for packet in poses or []:
            if packet.t == round(t * SECOND):
                node.on_poses(packet)
    node.close()
    return node


def frames_of(path):
    opened, frames = open_film(str(path)), []
    while frame := opened.read():
        frames.append(frame)
    return frames


def test_a_view_writes_every_picture_at_its_time(tmp_path):
    images = [(i / FPS, shade(i)) for i in range(10)]
    viewed(tmp_path / "view.avi", images)
    written = frames_of(tmp_path / "view.avi")
    assert [number_of(f.image) for f in written] == list(range(10))


def test_a_picture_stands_as_long_as_it_did_in_the_world(tmp_path):
    images = [(t, shade(i)) for i, t in enumerate([0, 0.04, 0.2, 0.21, 0.24])]
    viewed(tmp_path / "view.avi", images)
    written = [number_of(f.image) for f in frames_of(tmp_path / "view.avi")]
    assert written == [0, 1, 1, 1, 1, 3, 4]


def test_a_long_pause_is_cut_short(tmp_path):
    viewed(tmp_path / "view.avi", [(0, shade(0)), (3600, shade(1)), (3600.04, shade(2))])
    assert len(frames_of(tmp_path / "view.avi")) == 2 * FPS + 2


def test_a_picture_of_another_size_is_fitted_into_the_film(tmp_path):
    images = [(0, shade(0)), (0.04, cv2.resize(shade(1), (48, 32))), (0.08, shade(2))]
    viewed(tmp_path / "view.avi", images)
    assert [number_of(f.image) for f in frames_of(tmp_path / "view.avi")] == [0, 1, 2]


def test_the_pose_is_drawn_over_its_own_picture(tmp_path):
    images = [(i / FPS, shade(0)) for i in range(4)]
    viewed(tmp_path / "view.avi", images, seen(0, 1 / FPS, 2 / FPS, 3 / FPS))
    plain = shade(0)
    for frame in frames_of(tmp_path / "view.avi"):
        assert (np.abs(frame.image.astype(int) - plain) > 60).any()


def test_pictures_that_the_detector_skipped_are_drawn_with_the_pose_before(tmp_path):
    node = video.View(path=str(tmp_path / "view.avi"))
    collect(node, images=Images(WIDTH, HEIGHT, FPS), poses=Poses())
    drawn = []
    node._screen.show = lambda t, image: drawn.append((t, (image != shade(0)).any()))
    for t in (0, 1, 2, 3):
        node.on_images(Packet(t * MS, shade(0), t))
    assert drawn == []
    node.on_poses(Packet(1 * MS, [pose()], 0))
    assert drawn == [(0, False), (1 * MS, True)]
    node.on_poses(Packet(3 * MS, [], 1))
    assert drawn[2:] == [(2 * MS, True), (3 * MS, False)]
    node.close()


def test_a_detector_that_never_answers_does_not_stop_the_view(tmp_path):
    node = video.View(path=str(tmp_path / "view.avi"))
    collect(node, images=Images(WIDTH, HEIGHT, FPS), poses=Poses(), skeletons=Skeletons())
    for i in range(200):
        node.on_images(Packet(i * SECOND // FPS, shade(0), i))
    assert len(node._waiting) <= video.PENDING
    node.close()
    assert len(frames_of(tmp_path / "view.avi")) == 200


def test_snapshots_are_numbered_and_spaced(tmp_path):
    images = [(i / FPS, shade(i % 40)) for i in range(51)]
    viewed(tmp_path / "view.png", images, every=1.0)
    names = sorted(p.name for p in tmp_path.glob("*.png"))
    assert names == ["view-0001.png", "view-0002.png", "view-0003.png"]
    assert number_of(cv2.imread(str(tmp_path / "view-0002.png"))) == 25


@pytest.mark.parametrize(
    ("path", "said"),
    [("view.gif", r"no such format \(formats: \.mp4"), ("no/view.mp4", "there is no folder")],
)
def test_a_view_that_cannot_be_written_is_refused(tmp_path, path, said):
    with pytest.raises(OSError, match=said):
        viewed(tmp_path / path, [])


def test_without_a_display_a_window_is_nothing_and_says_so(monkeypatch, caplog):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    node = viewed("", [(0, shade(0))])
    assert caplog.text.count("no display here: nothing is shown") == 1
    assert node.live_only
    written = video.View(path="x.mp4")
    written.plan()
    assert not written.live_only


def test_a_view_in_a_graph_writes_a_film_of_a_film(tmp_path):
    graph = Graph()
    graph.add("film", video.File(path=film(tmp_path / "a.avi", 9)))
    graph.add("view", video.View(path=str(tmp_path / "b.avi")), "film")
    Replay(graph).run()
    assert [number_of(f.image) for f in frames_of(tmp_path / "b.avi")] == list(range(9))


def test_a_looped_film_that_vanishes_is_named(tmp_path):
    source = video.File(path=film(tmp_path / "a.avi", 3), loop=True)
    collect(source)
    (tmp_path / "a.avi").unlink()
    with pytest.raises(OSError, match=r"a\.avi' cannot be read any more"):
        while True:
            source.read()
