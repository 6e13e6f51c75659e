"""Drummers who mark phrases."""

import numpy as np

from rt_engine.models.rhythm.material.fills import CRASHES, marked
from rt_engine.models.rhythm.material.scores import Part

BEATS = np.column_stack([np.arange(64) * 0.5, np.arange(64) % 4 + 1])
PHRASES = BEATS[::16, 0]


def hats():
    starts = np.arange(128) * 0.25
    rows = [starts, starts + 0.1, np.full(128, 42), np.full(128, 80)]
    return Part(np.column_stack(rows), 0, True)


def crash_times(part):
    return part.notes[np.isin(part.notes[:, 2], CRASHES), 0]


def test_crashes_fall_on_the_starts_of_phrases_far_more_often_than_elsewhere():
    on, off = 0, 0
    for seed in range(40):
        crashes = crash_times(marked(hats(), BEATS, PHRASES, np.random.default_rng(seed)))
        hit = np.isin(crashes, PHRASES)
        on, off = on + hit.sum(), off + (~hit).sum()
    assert on / (40 * len(PHRASES)) > 0.4  # 0.75 of the bands, 0.8 of their phrases
    assert off / (40 * 12) < 0.15  # of the other bars


def test_a_fill_replaces_what_was_there_and_stays_before_the_phrase():
    for seed in range(20):
        part = marked(hats(), BEATS, PHRASES, np.random.default_rng(seed))
        toms = part.notes[np.isin(part.notes[:, 2], (38, 50, 48, 45, 43)), 0]
        for t in toms:
            after = BEATS[BEATS[:, 1] == 1, 0]
            left = (after[after > t] - t).min() if (after > t).any() else 2.0
            assert left <= 1.0 + 1e-9  # two beats at most
        assert np.all(np.diff(part.notes[:, 0]) >= 0)


def test_without_phrases_the_part_is_left_alone():
    part = hats()
    assert marked(part, BEATS, None, np.random.default_rng(0)) is part
