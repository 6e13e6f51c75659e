"""Films: every picture once, with its time, and clear words about what is broken."""

import shutil
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.video.films import is_stream, open_film  # noqa: E402
from tests.video.rigs import FPS, HEIGHT, WIDTH, film, number_of, shade  # noqa: E402


def played(opened):
    frames = []
    while frame := opened.read():
        frames.append((frame.seconds, number_of(frame.image)))
    return frames


@pytest.mark.parametrize(
    ("name", "code"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "MJPG")]
)
def test_a_film_gives_every_picture_with_its_time(tmp_path, name, code):
    opened = open_film(film(tmp_path / name, 12, code=code))
    frames = played(opened)
    assert [n - frames[0][1] for _, n in frames] == list(range(12))
    np.testing.assert_allclose([s for s, _ in frames], np.arange(12) / FPS, atol=2e-3)
    assert (opened.width, opened.height, opened.rate) == (WIDTH, HEIGHT, FPS)
    assert opened.missing == 0
    assert opened.duration == pytest.approx(12 / FPS, abs=2e-3)


def test_a_given_rate_replaces_the_times_of_the_file(tmp_path):
    frames = played(open_film(film(tmp_path / "a.avi", 5), fps=10))
    np.testing.assert_allclose([s for s, _ in frames], np.arange(5) / 10)


def test_a_film_starts_again(tmp_path):
    opened = open_film(film(tmp_path / "a.mp4", 6, code="mp4v"))
    first = played(opened)
    opened.rewind()
    assert played(opened) == first


def series(folder, names):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), shade(number))


def test_a_folder_and_a_pattern_are_films(tmp_path):
    series(tmp_path / "shots", ["a_008.png", "a_009.png", "a_010.png"])
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    for path in ("shots", "shots/a_%03d.png", "shots/*.png"):
        opened = open_film(str(tmp_path / path), fps=20)
        assert played(opened) == [(0, 0), (0.05, 1), (0.1, 2)]
    series(tmp_path / "shots", [f"b{n}.png" for n in (8, 9, 10)])
    assert [n for _, n in played(open_film(str(tmp_path / "shots" / "b%d.png")))] == [0, 1, 2]


def test_a_broken_picture_is_left_out_and_named_once(tmp_path):
    series(tmp_path / "s", ["1.png", "2.png", "3.png"])
    (tmp_path / "s" / "2.png").write_bytes(b"nonsense")
    opened = open_film(str(tmp_path / "s"), fps=10)
    assert played(opened) == [(0, 0), (0.2, 2)]
    opened.rewind()
    played(opened)
    assert [Path(name).name for name in opened.broken] == ["2.png"]


def test_a_film_that_was_cut_gives_what_is_there_and_says_what_is_missing(tmp_path):
    whole = Path(film(tmp_path / "a.avi", 60))
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    opened = open_film(str(cut))
    numbers = [n for _, n in played(opened)]
    assert 10 < len(numbers) < 50
    assert numbers == list(range(len(numbers)))
    assert opened.missing == pytest.approx((60 - len(numbers)) / FPS)


def test_what_cannot_be_read_is_named_with_the_reason(tmp_path):
    whole = Path(film(tmp_path / "a.mp4", 30, code="mp4v"))
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.avi").write_text("no film at all")
    (tmp_path / "none").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "1.png").write_text("x")
    reasons = {
        "cut.mp4": "it is broken, cut off, or no video",
        "empty.mp4": "it is empty",
        "text.avi": "it is broken, cut off, or no video",
        "absent.mp4": "no such file",
        "none": "no pictures there",
        "x%03d.png": "no pictures there",
        "bad": "1.png is no picture",
    }
    for name, reason in reasons.items():
        with pytest.raises(ValueError, match="cannot be read") as found:
            open_film(str(tmp_path / name))
        assert reason in str(found.value)
        assert name in str(found.value)


def test_damage_inside_a_picture_is_passed_over(tmp_path):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(40)]
    file = Path(film(tmp_path / "a.avi", noise))
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    file.write_bytes(content)
    opened = open_film(str(file))
    times = []
    while frame := opened.read():
        times.append(frame.seconds)
    assert len(times) >= 38
    assert times == sorted(times)
    assert opened.missing == 0


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("take.mp4", False),
        ("folder/with://sign.avi", False),
        ("http://10.0.0.2:8080/video", True),
        ("http://10.0.0.2/cam.mjpg?fps=30", True),
        ("https://example.org/clip.mp4", False),
        ("rtsp://10.0.0.2/live.mp4", True),
        ("file:///tmp/a.mp4", False),
    ],
)
def test_streams_are_told_from_files(path, stream):
    assert is_stream(path) is stream


@pytest.mark.shared
@pytest.mark.parametrize("name", ["sports2d_demo.mp4", "mgt_dancer.avi"])
def test_real_films_have_rising_times_to_their_end(name, tmp_path):
    path = Path(__file__).parents[2].parent / "shared/data/video" / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/video/{name}")
    shutil.copy(path, tmp_path)
    opened = open_film(str(tmp_path / name))
    times = []
    while (frame := opened.read()) and len(times) < 100:
        times.append(frame.seconds)
    steps = np.diff(times)
    assert steps.min() > 0
    assert np.median(steps) == pytest.approx(1 / opened.rate, rel=0.01)
    assert opened.missing == 0 or frame
