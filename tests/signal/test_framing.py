import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from rt_engine.signal.framing import Framer

SIGNAL = np.random.default_rng(0).standard_normal(300).astype(np.float32)


def textbook_frames(size, hop, start):
    padded = np.pad(SIGNAL, (size // 2 if start == "centred" else 0, 0))
    return sliding_window_view(padded, size)[::hop]


@given(
    size=st.integers(1, 40),
    hop=st.integers(1, 60),
    start=st.sampled_from(["centred", "whole"]),
    cuts=st.lists(st.integers(0, 300), max_size=20),
)
def test_any_cut_of_the_stream_gives_the_same_frames_and_times(size, hop, start, cuts):
    framer = Framer(size, hop, start)
    frames, times = [], []
    for block in np.split(SIGNAL, sorted(cuts)):
        frames.append(framer.process(block))
        times.append(framer.times)
    expected = textbook_frames(size, hop, start)
    np.testing.assert_array_equal(np.concatenate(frames), expected)
    first = 0 if start == "centred" else size // 2
    np.testing.assert_array_equal(np.concatenate(times), first + hop * np.arange(len(expected)))
    np.testing.assert_array_equal(framer.frames(SIGNAL), expected)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("start", ["centred", "whole"])
def test_a_frame_leaves_with_its_last_sample_and_not_before(size, start):
    framer = Framer(size, 3, start)
    left = {}
    for sample in range(40):
        framer.process(SIGNAL[sample : sample + 1])
        left |= {int(centre): sample for centre in framer.times}
    assert left
    for centre, sample in left.items():
        assert sample + 1 == centre + framer.latency


def test_the_sample_at_the_time_of_a_frame_is_its_middle_one():
    framer = Framer(16, 5)
    frames = framer.process(SIGNAL)
    np.testing.assert_array_equal(frames[:, 8], SIGNAL[framer.times])


def test_reset_starts_a_new_stream():
    framer = Framer(16, 5)
    first = framer.process(SIGNAL)
    framer.process(SIGNAL[:3])
    framer.reset()
    assert len(framer.times) == 0
    np.testing.assert_array_equal(framer.process(SIGNAL), first)
    assert framer.times[0] == 0


def test_frames_outlive_the_next_block():
    framer = Framer(16, 16, "whole")
    frames = framer.process(SIGNAL[:16])
    framer.process(SIGNAL[16:200])
    np.testing.assert_array_equal(frames[0], SIGNAL[:16])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Framer(0, 1), "at least 1 sample"),
        (lambda: Framer(16, 0), "at least 1 sample"),
        (lambda: Framer(16, 4, "late"), "choose 'centred' or 'whole'"),
        (lambda: Framer(16, 4).process(np.zeros((8, 2))), r"shape \(8, 2\): one channel"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()
