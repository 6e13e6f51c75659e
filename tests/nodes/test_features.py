import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.core import SECOND, Graph, GraphError, Output, Packet, Source, collect
from rt_engine.kinds import Audio, Frames
from rt_engine.nodes import features

RATE = 44100
NODES = {
    "stft": lambda: features.Stft(window="hamming"),
    "log-mel": lambda: features.LogMel(bands=40, low=30, compression="ln", gain=1000, power=1),
    "onset strength": lambda: features.OnsetStrength(),
    "chroma": lambda: features.Chroma(a4=442),
    "mfcc": lambda: features.Mfcc(coefficients=13),
    "rms": lambda: features.Rms(size=1000, fps=50),
    "pitch": lambda: features.Pitch(low=80),
}
each = pytest.mark.parametrize("make", NODES.values(), ids=NODES)


def chirp(seconds=0.4):
    t = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(1).standard_normal(len(t))
    return (0.3 * np.sin(900 * t + 3000 * t**2) + 0.01 * noise).astype(np.float32)


def feed(node, blocks, start=0, rate=RATE):
    """Send blocks as a source would, each stamped with the time of its first sample."""
    sample = 0
    for seq, block in enumerate(blocks):
        node.on_audio(Packet(start + sample * SECOND // rate, block, seq))
        sample += len(block)


@each
@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 17000), max_size=40))
def test_any_cut_of_the_stream_gives_the_offline_twin_at_the_right_times(make, cuts):
    node, sound, start = make(), chirp(), 12_345_678_901
    out = collect(node, audio=Audio(rate=RATE))["frames"]
    feed(node, np.split(sound, sorted(cuts)), start)
    twin = node.feature.offline(sound)
    assert [p.seq for p in out] == list(range(len(twin)))
    np.testing.assert_allclose(np.stack([p.data for p in out]), twin, rtol=2e-6, atol=2e-5)
    size, hop = node.feature.latency * 2, RATE / node.frames.format.rate
    centres = size / 2 + hop * np.arange(len(twin))
    late = np.array([p.t for p in out]) - start - centres * SECOND / RATE
    assert np.abs(late).max() < SECOND / RATE


@each
def test_the_declared_format_is_what_leaves(make, request):
    node = make()
    out = collect(node, audio=Audio(rate=RATE))["frames"]
    feed(node, [chirp()])
    declared = node.frames.format
    assert declared.content.startswith(request.node.callspec.id)
    assert {(p.data.shape, p.data.dtype.name) for p in out} == {((declared.size,), "float32")}
    steps = np.diff([p.t for p in out])
    np.testing.assert_allclose(steps, SECOND / declared.rate, atol=2)


@each
def test_stereo_is_mixed_down(make):
    left, right = chirp(), chirp()[::-1]
    mono, stereo = make(), make()
    expected = collect(mono, audio=Audio(rate=RATE))["frames"]
    feed(mono, [(left + right) / 2])
    found = collect(stereo, audio=Audio(rate=RATE, channels=2))["frames"]
    feed(stereo, [np.stack((left, right), axis=1)])
    assert [p.t for p in found] == [p.t for p in expected]
    np.testing.assert_array_equal([p.data for p in found], [p.data for p in expected])


@each
def test_after_a_gap_nothing_of_before_is_left(make):
    node, fresh, sound, later = make(), make(), chirp(), 7 * SECOND
    out = collect(node, audio=Audio(rate=RATE))["frames"]
    feed(node, [sound[::-1], sound[:777]])
    out.clear()
    node.reset()
    feed(node, [sound], later)
    expected = collect(fresh, audio=Audio(rate=RATE))["frames"]
    feed(fresh, [sound], later)
    assert [p.t for p in out] == [p.t for p in expected]
    np.testing.assert_array_equal([p.data for p in out], [p.data for p in expected])


def test_a_correction_of_the_audio_clock_moves_the_frames_with_it():
    node, sound = features.Rms(), chirp()
    out = collect(node, audio=Audio(rate=RATE))["frames"]
    node.on_audio(Packet(0, sound[:8192], 0))
    before = len(out)
    node.on_audio(Packet(8192 * SECOND // RATE + 100_000, sound[8192:], 1))
    steps = np.diff([p.t for p in out])
    np.testing.assert_allclose(np.delete(steps, before - 1), SECOND / 100, atol=2)
    assert steps[before - 1] == pytest.approx(SECOND / 100 + 100_000, abs=2)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@each
def test_works_at_any_usual_rate_by_default(make, rate):
    node = type(make())()
    collect(node, audio=Audio(rate=rate))
    assert node.frames.format.rate == pytest.approx(100, rel=0.005)
    assert 0.015 < node.feature.latency / rate < 0.06


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_rhythm_mel_has_fifty_frames_a_second_from_the_start_at_any_rate(rate):
    sound = np.random.default_rng(3).standard_normal((rate, 2)).astype(np.float32)
    node = features.RhythmMel()
    out = collect(node, audio=Audio(rate=rate, channels=2))["frames"]
    feed(node, np.split(sound, [1000, 1003, 9000]), SECOND, rate)
    assert node.frames.format == Frames(50.0, 80, "rhythm mel")
    due = SECOND * (1 + np.arange(len(out)) / 50)
    np.testing.assert_allclose([p.t for p in out], due, rtol=0, atol=SECOND / rate)
    twin = node.feature.offline(sound.mean(axis=1))[: len(out)]
    assert len(out) >= 47
    np.testing.assert_allclose([p.data for p in out], twin, atol=2e-5)


def test_mel_onset_keeps_the_times_of_the_mel_frames_and_takes_no_other():
    node = features.MelOnset()
    out = collect(node, mel=Frames(50.0, 80, "rhythm mel"))["frames"]
    for k, level in enumerate([0.0, 0.0, 1.0, 1.0]):
        node.on_mel(Packet(k * 20, np.full(80, level, np.float32), k))
    assert node.frames.format == Frames(50.0, 5, "onset strength")
    assert [(p.t, float(p.data[-1])) for p in out] == [(0, 0), (20, 0), (40, 1), (60, 0)]
    with pytest.raises(ValueError, match=r"take features\.RhythmMel"):
        collect(features.MelOnset(), mel=Frames(50.0, 80, "log-mel"))


def test_threshold_of_pitch_changes_while_running():
    """An octave dip of aperiodicity 0.3 or so is taken only where the threshold allows it."""
    t = np.arange(RATE) / RATE
    sound = (np.sin(2 * np.pi * 440 * t) + 0.4 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)
    node = features.Pitch()
    out = collect(node, audio=Audio(rate=RATE))["frames"]
    node.on_audio(Packet(0, sound[: RATE // 2], 0))
    node.control(0, "threshold", [0.5])
    changed = len(out)
    node.on_audio(Packet(SECOND // 2, sound[RATE // 2 :], 1))
    assert out[changed - 1].data[0] == pytest.approx(220, rel=0.01)
    assert out[-1].data[0] == pytest.approx(440, rel=0.01)


def test_empty_mel_bands_are_told(caplog):
    collect(features.LogMel(size=512, bands=128), audio=Audio(rate=48000))
    assert "take fewer bands or a larger size" in caplog.text


def test_full_mel_bands_are_not(caplog):
    collect(features.LogMel(), audio=Audio(rate=48000))
    assert not caplog.text


class Tone(Source):
    """A source for graphs that are only built."""

    audio = Output(Audio(rate=RATE))


class Bare(Source):
    """A source that forgot its sample rate."""

    audio = Output(Audio)


@pytest.mark.parametrize(
    ("node", "source", "remedy"),
    [
        (features.Pitch(low=30), "tone", "take at least 2942, or a higher low"),
        (features.LogMel(high=30000), "tone", r"within 0..22050.0 at 44100"),
        (features.Mfcc(coefficients=20, bands=10), "tone", r"must lie in 1..10"),
        (features.OnsetStrength(edges=[500, 150]), "tone", "must rise"),
        (features.Rms(), "bare", "has no sample rate; set it in its source"),
        (features.Chroma(), "level", "carries Frames, but Audio is needed"),
    ],
)
def test_what_cannot_work_is_told_when_the_graph_is_built(node, source, remedy):
    graph = Graph("test")
    graph.add("tone", Tone())
    graph.add("bare", Bare())
    graph.add("level", features.Rms(), "tone")
    with pytest.raises(GraphError, match=rf"node 'wrong', 'in.*{remedy}"):
        graph.add("wrong", node, source)


@pytest.mark.parametrize(
    ("cls", "setting"),
    [
        (features.Stft, {"window": "hanning"}),
        (features.LogMel, {"bands": 0}),
        (features.LogMel, {"compression": "log2"}),
        (features.Rms, {"fps": 0}),
        (features.Chroma, {"a4": 220}),
        (features.Chroma, {"norm": "inf"}),
        (features.Pitch, {"threshold": 2}),
        (features.Mfcc, {"coeffs": 13}),
    ],
)
def test_settings_out_of_range_are_refused_by_name(cls, setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        cls(**setting)


def test_frames_of_the_wrong_kind_are_refused_alone_too():
    with pytest.raises(ValueError, match="carries Frames, but Audio is needed"):
        collect(features.Rms(), audio=Frames(rate=100, size=1))
