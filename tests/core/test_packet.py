from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rt_engine.core import Control, Controls
from rt_engine.core.packet import decode, encode
from rt_engine.kinds import Audio, Beat, Frames

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
arrays = hnp.arrays(
    dtype=st.sampled_from(["<f4", "<f8", "<i2", "<i8", "|u1", "|b1", "<c8", ">f4"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


@given(plain)
def test_plain_values_come_back(value: Any) -> None:
    raw = encode(value)
    assert encode(decode(raw)) == raw
    assert repr(decode(raw)) == repr(value)


@given(arrays)
def test_arrays_come_back_with_type_shape_and_bits(array: np.ndarray) -> None:
    back = decode(encode(array), np.ndarray)
    assert back.dtype == array.dtype and back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_strided_arrays_are_written_as_they_read() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    for view in (array.T, array[:, ::2], array[::-1]):
        np.testing.assert_array_equal(decode(encode(view)), view)
        assert encode(view) == encode(view.copy())


@given(st.builds(Beat, *[st.integers(0, 9)] * 3, *[st.floats(0, 300)] * 3))
def test_structs_come_back_as_their_type(beat: Beat) -> None:
    assert decode(encode(beat), Beat) == beat


def test_control_values_of_numpy_become_plain_numbers() -> None:
    control = Control("beat", "gain", [np.float32(0.5), np.int64(3)])
    assert decode(encode(control), Control) == Control("beat", "gain", [0.5, 3])


@pytest.mark.parametrize("value", [object(), np.array([object()]), [{1, object()}]])
def test_what_has_no_byte_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no byte form"):
        encode(value)


@given(st.binary(max_size=40))
def test_broken_bytes_give_a_value_error_and_nothing_else(raw: bytes) -> None:
    try:
        decode(raw)
    except ValueError:  # msgspec.DecodeError is one
        return


def test_a_damaged_dtype_is_a_decode_error() -> None:
    raw = encode(np.zeros(1, np.float32)).replace(b"<f4", b",f4")
    with pytest.raises(msgspec.DecodeError):
        decode(raw, np.ndarray)


@given(arrays, st.data())
def test_damaged_arrays_never_crash(array: np.ndarray, data: st.DataObject) -> None:
    raw = bytearray(encode(array))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(raw), np.ndarray)
    except (msgspec.DecodeError, ValueError):
        return


@pytest.mark.parametrize(
    ("wanted", "found", "reason"),
    [
        (Audio(), Audio(rate=48000), None),
        (Audio(rate=48000), Audio(rate=48000, channels=1), None),
        (Audio(rate=44100), Audio(rate=48000), "rate 48000, but 44100"),
        (Audio(channels=2), Audio(rate=48000), "channels 1, but 2"),
        (Frames(content="mel"), Frames(content="chroma", size=12), "content 'chroma', but 'mel'"),
        (Frames(), Audio(rate=48000), "carries Audio, but Frames"),
        (Controls(), Audio(), "carries Audio, but Controls"),
    ],
)
def test_mismatch_says_what_is_found_and_what_is_needed(
    wanted: Any, found: Any, reason: str | None
) -> None:
    said = wanted.mismatch(found)
    assert said is None if reason is None else reason in said
