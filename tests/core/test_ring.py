from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.core import RingBuffer


@given(st.integers(1, 20), st.lists(st.integers(0, 45), max_size=12), st.sampled_from([1, 2]))
def test_ring_equals_a_list_that_never_forgets(
    capacity: int, blocks: list[int], channels: int
) -> None:
    ring = RingBuffer(capacity, channels)
    shape = () if channels == 1 else (channels,)
    heard = np.zeros((0, *shape), np.float32)
    for size in blocks:
        first = len(heard) * channels
        block = np.arange(first, first + size * channels, dtype=np.float32).reshape(size, *shape)
        ring.write(block)
        heard = np.concatenate([heard, block])
        assert ring.end == len(heard)
        assert ring.start == max(0, len(heard) - capacity)
        padded = np.concatenate([np.zeros((capacity, *shape), np.float32), heard])
        for count in range(capacity + 1):
            np.testing.assert_array_equal(ring.last(count), padded[len(padded) - count :])
        for start in range(ring.start, ring.end + 1):
            np.testing.assert_array_equal(ring.window(start, ring.end), heard[start:])
            np.testing.assert_array_equal(ring.window(ring.start, start), heard[ring.start : start])


@given(st.integers(2, 16), st.integers(0, 40), st.data())
def test_a_view_holds_until_so_many_more_samples_come(
    capacity: int, before: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, capacity))
    ring = RingBuffer(capacity)
    ring.write(np.arange(before, dtype=np.float32))
    view = ring.last(count)
    kept = view.copy()
    assert view.base is not None and view.flags.c_contiguous
    ring.write(np.full(capacity - count, -1, np.float32))
    np.testing.assert_array_equal(view, kept)


def test_what_is_gone_or_not_yet_there_is_an_error() -> None:
    ring = RingBuffer(4)
    ring.write(np.arange(6, dtype=np.float32))
    for start, stop in ((1, 4), (3, 7), (5, 4)):
        with pytest.raises(IndexError, match="held are 2:6"):
            ring.window(start, stop)
    for count in (5, -1):
        with pytest.raises(ValueError, match="holds 4"):
            ring.last(count)
    with pytest.raises(ValueError, match="at least 1"):
        RingBuffer(0)


def test_clear_forgets_and_counts_from_zero() -> None:
    ring = RingBuffer(4)
    ring.write(np.ones(6, np.float32))
    ring.clear()
    assert (ring.start, ring.end) == (0, 0)
    np.testing.assert_array_equal(ring.last(4), np.zeros(4))
