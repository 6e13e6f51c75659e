"""Claps, heard and seen, give the offset of the camera."""

import numpy as np
import pytest

from rt_engine.calibration.claps import calibrate_av, claps_heard, claps_seen, offset_between
from rt_engine.core import SECOND, Packet
from rt_engine.kinds import Pose

RATE = 48_000
BLOCK = 512
CLAPS = np.array([1.03, 1.71, 2.66, 3.15, 4.22, 4.87, 5.4, 6.61, 7.2, 8.47])
START = 100 * SECOND


def sound(claps, rng, rate=RATE, noise=0.002, seconds=10):
    """Bursts of decaying noise on a floor of noise, in blocks."""
    wave = noise * rng.standard_normal(seconds * rate)
    for clap in claps:
        age = np.arange(int(0.08 * rate)) / rate
        burst = rng.uniform(0.3, 0.9) * rng.standard_normal(len(age)) * np.exp(-age / 0.012)
        first = round(clap * rate)
        wave[first : first + len(age)] += burst[: len(wave) - first]
    starts = range(0, len(wave), BLOCK)
    blocks = [wave[s : s + BLOCK].astype(np.float32) for s in starts]
    return [
        Packet(START + s * SECOND // rate, b, i)
        for i, (s, b) in enumerate(zip(starts, blocks, strict=True))
    ]


def hands(claps, late, fps=30.0, jitter=0.0, stay=0.0, rng=None, seconds=10, phase=0.011):
    """A person whose hands meet at `claps` and stay together for `stay` s; stamps are `late` s."""
    packets = []
    for i, t in enumerate(np.arange(phase, seconds, 1 / fps)):
        after = t - claps
        away = np.where(after < 0, -after, np.maximum(after - stay, 0))
        apart = 0.15 + min(2.8 * float(away.min()), 1.0)
        image = np.zeros((33, 3), np.float32)
        image[[11, 12], :2] = (360, 100), (280, 100)
        image[[23, 24], :2] = (345, 260), (295, 260)
        image[15, :2], image[16, :2] = (320 + 80 * apart, 180), (320 - 80 * apart, 180)
        if rng is not None:
            image[:, :2] += rng.normal(0, jitter, (33, 2))
        pose = Pose(0, image, image, np.ones(33, np.float32), 640, 480)
        packets.append(Packet(START + round((t + late) * SECOND), [pose], i))
    return packets


@pytest.mark.parametrize("late", [-0.06, 0.0, 0.0437, 0.18])
@pytest.mark.parametrize("stay", [0.0, 0.1])
def test_the_offset_of_clean_claps_is_found_within_5_ms(late, stay):
    rng = np.random.default_rng(3)
    found = calibrate_av(sound(CLAPS, rng), RATE, hands(CLAPS, late, stay=stay))
    assert found.ms == pytest.approx(1000 * late, abs=5)
    assert found.claps >= 9
    assert found.uncertainty < 15


@pytest.mark.parametrize("fps", [15.0, 25.0, 30.0, 60.0])
def test_a_jittering_detector_costs_less_than_half_a_frame(fps):
    rng = np.random.default_rng(5)
    heard, seen = sound(CLAPS, rng), hands(CLAPS, 0.07, fps, 2.0, 0.05, rng)
    found = calibrate_av(heard, RATE, seen)
    assert abs(found.ms - 70) < 500 / fps
    assert abs(found.ms - 70) < found.uncertainty < 1000 / fps


def test_noises_that_are_no_claps_and_claps_that_were_not_seen_do_not_matter():
    rng = np.random.default_rng(7)
    noises = np.sort(np.concatenate([CLAPS[1:], [0.5, 2.1, 3.7, 7.9]]))
    found = calibrate_av(sound(noises, rng), RATE, hands(CLAPS[:-2], 0.09))
    assert found.ms == pytest.approx(90, abs=5)
    assert found.claps == 7


def test_claps_are_heard_to_a_few_milliseconds():
    for rate in (22_050, 44_100, 48_000):
        heard = claps_heard(sound(CLAPS, np.random.default_rng(1), rate), rate) - START / SECOND
        np.testing.assert_allclose(heard, CLAPS, atol=0.003)


def test_waving_without_contact_and_a_hidden_hand_are_no_claps():
    still = hands(np.array([99.0]), 0.0)
    assert len(claps_seen(still)) == 0
    hidden = hands(CLAPS, 0.0)
    for packet in hidden:
        packet.data[0].visibility[15] = 0
    assert len(claps_seen(hidden)) == 0
    assert len(claps_seen([Packet(p.t, [], p.seq) for p in hidden])) == 0


def test_too_few_claps_are_refused():
    rng = np.random.default_rng(2)
    with pytest.raises(ValueError, match="3 claps were heard, 4 are needed: clap at least 8"):
        calibrate_av(sound(CLAPS[:3], rng), RATE, hands(CLAPS, 0.0))
    with pytest.raises(ValueError, match="2 claps were seen"):
        calibrate_av(sound(CLAPS, rng), RATE, hands(CLAPS[:2], 0.0))
    with pytest.raises(ValueError, match="0 claps were heard"):
        calibrate_av([], RATE, hands(CLAPS, 0.0))


def test_a_metronome_cannot_be_told_apart_and_is_refused():
    regular = np.arange(1.0, 9.0, 0.4)
    with pytest.raises(ValueError, match="too regular"):
        offset_between(regular, regular + 0.1)


def test_claps_of_two_different_times_are_refused():
    with pytest.raises(ValueError, match="not those that were seen"):
        offset_between(CLAPS, CLAPS + 50)
