"""The size of a JPEG picture is known before it is unpacked."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.video.jpeg import jpeg_size

cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")


def made(width: int, height: int, *options: int) -> bytes:
    image = np.zeros((height, width, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", image, list(options))[1].tobytes())


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_size_is_that_of_the_decoded_picture(width: int, height: int) -> None:
    data = made(width, height)
    assert jpeg_size(data) == cv2.imdecode(np.frombuffer(data, np.uint8), 1).shape[1::-1]


def test_a_size_that_is_a_lie_is_read_and_not_believed() -> None:
    data = made(64, 48)
    at = data.index(b"\xff\xc0") + 5
    bomb = data[:at] + struct.pack(">HH", 65_500, 65_500) + data[at + 4 :]
    assert jpeg_size(bomb) == (65_500, 65_500)


def test_progressive_pictures_are_not_taken() -> None:
    assert jpeg_size(made(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)) is None


def test_bytes_before_the_frame_are_passed_over() -> None:
    data = made(64, 48)
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xc0\0\0"
    assert jpeg_size(data[:2] + comment + b"\xff" * 3 + data[2:]) == (64, 48)


@given(st.binary(max_size=200))
def test_anything_else_is_none(data: bytes) -> None:
    assert jpeg_size(data) is None
    found = jpeg_size(b"\xff\xd8" + data)
    assert found is None or min(found) > 0


@pytest.mark.parametrize("form", [".png", ".bmp", ".webp"])
def test_other_formats_are_none(form: str) -> None:
    assert jpeg_size(cv2.imencode(form, np.zeros((9, 9, 3), np.uint8))[1].tobytes()) is None
