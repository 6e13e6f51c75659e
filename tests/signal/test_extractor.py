"""Promises that every feature keeps: one result for any cut of the stream, and an offline twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.signal import (
    Chroma,
    LogBands,
    LogMel,
    Mfcc,
    Pitch,
    Rms,
    Spectrum,
    Stft,
    log_filters,
)

RATE = 22050
EXTRACTORS = {
    "stft": lambda: Stft(RATE, 1024, 220),
    "magnitude": lambda: Spectrum(RATE, 1024, 220),
    "power": lambda: Spectrum(RATE, 1000, 441, "blackman", 2, "whole"),
    "log mel": lambda: LogMel(RATE, 1024, 441),
    "log bands": lambda: LogBands(RATE, 1024, 220, log_filters(RATE, 1024, high=8000), power=1),
    "mfcc": lambda: Mfcc(RATE, 1024, 220),
    "chroma": lambda: Chroma(RATE, 2048, 441),
    "rms": lambda: Rms(RATE, 512, 700),
    "pitch": lambda: Pitch(RATE, 1024, 220),
}
each = pytest.mark.parametrize("make", EXTRACTORS.values(), ids=EXTRACTORS)


def stream(extractor, blocks):
    rows, times = [], []
    for block in blocks:
        rows.append(extractor.process(block))
        times.append(extractor.times)
    return np.concatenate(rows), np.concatenate(times)


def pieces(signal, size):
    return [signal[i : i + size] for i in range(0, len(signal), size)]


@each
@pytest.mark.parametrize("size", [64, 441, 4096])
def test_pieces_give_the_bits_of_the_whole(make, size, music):
    whole, times = stream(make(), [music])
    rows, row_times = stream(make(), pieces(music, size))
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(row_times, times)


@each
def test_single_samples_give_the_bits_of_the_whole(make, music):
    excerpt = music[9000:13000]
    whole, times = stream(make(), [excerpt])
    rows, row_times = stream(make(), pieces(excerpt, 1))
    assert len(rows) >= 4
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(row_times, times)


@each
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 6000), max_size=30))
def test_any_cut_gives_the_bits_of_the_whole(make, cuts, music):
    excerpt = music[8000:14000]
    rows, _ = stream(make(), np.split(excerpt, sorted(cuts)))
    np.testing.assert_array_equal(rows, make().process(excerpt))


@each
def test_offline_twin_agrees_to_rounding(make, music):
    extractor = make()
    rows = extractor.process(music)
    np.testing.assert_allclose(extractor.offline(music), rows, rtol=2e-6, atol=2e-6)


@each
def test_offline_leaves_the_stream_alone(make, music):
    extractor = make()
    begin = extractor.process(music[:5000])
    extractor.offline(music)
    rows = np.concatenate((begin, extractor.process(music[5000:])))
    np.testing.assert_array_equal(rows, make().process(music))


@each
def test_reset_forgets_the_stream(make, music):
    extractor = make()
    extractor.process(np.roll(music, 777))
    extractor.reset()
    np.testing.assert_array_equal(extractor.process(music), make().process(music))
    np.testing.assert_array_equal(extractor.times[:2] - extractor.times[0], [0, extractor.hop])


@each
def test_rows_have_the_declared_form(make, music):
    extractor = make()
    for signal in (music, music[:3]):
        for rows in (extractor.process(signal), extractor.offline(signal)):
            assert rows.shape[1] == extractor.dims
            assert rows.dtype == extractor.dtype
        extractor.reset()


@each
def test_rates_and_latency(make):
    extractor = make()
    assert extractor.frame_rate == extractor.rate / extractor.hop
    assert extractor.latency == extractor.size / 2


@each
def test_a_long_signal_at_once_gives_the_rows_of_its_blocks(make, music):
    long = np.tile(music, 10)
    rows, _ = stream(make(), pieces(long, 10000))
    np.testing.assert_array_equal(make().process(long), rows)


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        Rms(0)
