"""A reader never hands out an old picture, and says when there are no more."""

import time

import pytest

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.video.reader import Reader, Shot, exposed_at  # noqa: E402
from tests.rigs import wait_for  # noqa: E402
from tests.video.rigs import FakeCapture, number_of, shade  # noqa: E402

MS = 1_000_000


def capture(count, **plan):
    FakeCapture.later = [{"pictures": [shade(i) for i in range(count)], **plan}]
    return FakeCapture(0)


def test_the_newest_picture_is_taken_and_none_twice():
    reader = Reader(capture(40, rate=100), "camera", time.monotonic_ns)
    first = reader.take(1)
    time.sleep(0.1)
    second = reader.take(1)
    assert number_of(second.image) - number_of(first.image) > 3
    taken = [first, second]
    with pytest.raises(OSError, match="camera gives no more pictures"):
        while True:
            taken.append(reader.take(1))
    numbers = [number_of(shot.image) for shot in taken]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 39
    arrivals = [shot.arrival for shot in taken]
    assert arrivals == sorted(arrivals)
    reader.close()


def test_the_capture_is_released_at_the_end():
    fake = capture(1000)
    reader = Reader(fake, "camera", time.monotonic_ns)
    reader.take(1)
    reader.close()
    assert fake.released


def test_a_silent_camera_is_lost_after_a_while_and_its_reader_can_be_left():
    fake = capture(0, hangs=True)
    reader = Reader(fake, "camera", time.monotonic_ns, patience=0.1)
    assert reader.take(0.01) is None
    with pytest.raises(OSError, match=r"camera has been silent for 0.1 s"):
        wait_for(lambda: reader.take(0.02))
    began = time.monotonic()
    reader.close()
    assert time.monotonic() - began < 2
    fake.released = True


@pytest.mark.parametrize(
    ("stamp_ms", "expected"),
    [
        (9_960.0, 9_960 * MS),  # 40 ms before its arrival
        (0.0, 10_000 * MS),  # none
        (10_001.0, 10_000 * MS),  # after its arrival
        (1_700_000_000_000.0, 10_000 * MS),  # the time of day
        (8_500.0, 10_000 * MS),  # too old to be believed
    ],
)
def test_a_drivers_stamp_is_used_where_it_can_be_true(stamp_ms, expected):
    assert exposed_at(Shot(shade(0), 10_000 * MS, stamp_ms)) == expected


@pytest.mark.parametrize(("backend", "used"), [("V4L2", True), ("FFMPEG", False)])
def test_only_v4l2_stamps_on_the_engines_clock(backend, used):
    fake = capture(100, backend=backend, stamps=lambda count: 123.0 + count)
    reader = Reader(fake, "camera", time.monotonic_ns)
    assert (reader.take(1).stamp > 0) is used
    reader.close()
