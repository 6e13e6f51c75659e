"""The drawn dancer: on the beat, and round without a seam."""

import itertools

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

from rt_engine.video.dancing import BEAT, SECONDS, beats, dance, pictures
from rt_engine.video.performance import FPS

BAR = round(4 * BEAT * FPS)  # pictures


@pytest.fixture(scope="module")
def shown():
    return [picture[::4, ::4].astype(np.int16) for picture in pictures(8 * BEAT + 1 / FPS)]


def test_the_body_is_still_on_every_beat_and_moves_between(shown):
    change = np.array([np.abs(b - a).mean() for a, b in itertools.pairwise(shown)])
    on_beat = [round(t * FPS) for t in beats(8 * BEAT)][1:]
    for frame in on_beat:
        around = change[frame - 9 : frame + 9]
        assert change[frame] < 0.6 * around.mean()
        assert change[frame - 9] > 2 * change[frame]


def test_the_dance_is_the_same_in_every_bar_and_goes_round(shown):
    assert np.array_equal(shown[0], shown[BAR])
    assert not np.array_equal(shown[0], shown[BAR // 2])
    assert SECONDS * FPS % BAR == 0


def test_beats_are_even_and_the_film_is_as_long_as_asked(tmp_path):
    assert np.diff(beats()) == pytest.approx(BEAT)
    assert len(beats()) == SECONDS / BEAT
    from rt_engine.video.films import Movie

    dance(tmp_path / "dance.mp4", 1.0)
    film = Movie(str(tmp_path / "dance.mp4"))
    while film.read() is not None:
        pass
    assert film.duration == pytest.approx(1.0, abs=0.02)
