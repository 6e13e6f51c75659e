"""The bundled music is what it says: its files agree with each other and with the sound."""

from io import BytesIO

import librosa
import mido
import numpy as np
import pytest
import soundfile

from rt_engine import assets
from rt_engine.assets import compose

BREAK = 18  # bars before it


@pytest.fixture(scope="module")
def beats() -> np.ndarray:
    return np.loadtxt(assets.BEATS)


@pytest.fixture(scope="module")
def sound() -> tuple[np.ndarray, int]:
    stereo, rate = soundfile.read(assets.RECORDING, dtype="float32")
    return stereo.mean(axis=1), rate


def beat_times(file: mido.MidiFile) -> list[float]:
    """Beat times by mido's own reading of tempo and metre, from the first 4/4 bar on."""
    tempo, now, first, changes = 500_000, 0.0, 0.0, []
    for message in file.tracks[0]:
        now += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        if message.type == "set_tempo":
            tempo = message.tempo
            changes.append((now, tempo / 1e6))
        if message.type == "time_signature" and message.numerator == 4:
            first = now
    times = [first]
    while times[-1] < now:
        period = [period for start, period in changes if start <= times[-1] + 1e-6][-1]
        times.append(times[-1] + period)
    return times


def test_generator_writes_the_committed_files():
    written = BytesIO()
    compose.midi().save(file=written)
    assert written.getvalue() == assets.MIDI.read_bytes()
    assert compose.beats_text() == assets.BEATS.read_text()


def test_beats_follow_the_tempo_map_of_the_midi_file(beats):
    times = beat_times(mido.MidiFile(assets.MIDI))
    np.testing.assert_allclose(beats[:, 0], times[: len(beats)], atol=1e-4)
    assert beats[:, 1].tolist() == [n % 4 + 1 for n in range(len(beats))]


def test_piece_has_one_change_of_tempo(beats):
    bpm = np.round(60 / np.diff(beats[:, 0]), 1)
    assert np.unique(bpm).tolist() == [104.0, 118.0]
    assert np.count_nonzero(np.diff(bpm)) == 1


def test_recording_is_as_long_as_the_midi_file(beats, sound):
    samples, rate = sound
    assert len(samples) / rate == pytest.approx(mido.MidiFile(assets.MIDI).length, abs=0.01)
    assert beats[-1, 0] >= 40
    assert 0.5 < np.abs(samples).max() < 1.0


def test_break_of_four_beats_is_nearly_silent(beats, sound):
    samples, rate = sound
    start, end = beats[4 * BREAK, 0], beats[4 * BREAK + 4, 0]

    def level(first: float, last: float) -> float:
        return float(np.sqrt(np.mean(samples[round(first * rate) : round(last * rate)] ** 2)))

    assert level(start, end) < 0.2 * level(start - 4, start)
    assert level(start, end) < 0.2 * level(end, end + 4)


def test_every_played_beat_has_an_onset_within_10_ms(beats, sound):
    samples, rate = sound
    hop = 64
    strength = librosa.onset.onset_strength(  # center: no shift by half a window to the right
        y=samples, sr=rate, n_fft=512, hop_length=hop, n_mels=40, center=False
    )
    times = librosa.frames_to_time(np.arange(len(strength)), sr=rate, hop_length=hop)
    played = np.delete(beats[:, 0], range(4 * BREAK, 4 * BREAK + 4))
    for beat in played:
        near = np.abs(times - beat) < 0.05
        peak = np.argmax(strength[near])
        assert strength[near][peak] > 3 * strength.mean()
        assert times[near][peak] == pytest.approx(beat, abs=0.010)
