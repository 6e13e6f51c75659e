"""The vocabulary of drums: words to hits and back."""

import numpy as np
import pytest

from rt_engine.drums.kit import DRUMS
from rt_engine.drums.words import Words

KICK, SNARE, CLOSED = (DRUMS.index(name) for name in ("kick", "snare", "closed hi-hat"))


def hits_of(*drums):
    row = np.zeros(len(DRUMS), np.bool_)
    row[list(drums)] = True
    return row


def test_every_word_is_found_again_by_its_hits_and_by_its_name():
    words = Words([0, 1, 2, 5, 300])
    np.testing.assert_array_equal(words.of(words.hits), np.arange(5))
    assert Words.named(words.names).masks == words.masks
    assert words.names[:4] == ["rest", "kick", "snare", "kick+closed hi-hat"]


def test_hits_keep_their_shape():
    words = Words([0, 1, 2])
    hits = words.hits[np.array([[0, 1, 2], [2, 2, 0]])]
    np.testing.assert_array_equal(words.of(hits), [[0, 1, 2], [2, 2, 0]])


def test_of_what_is_no_word_the_nearest_is_taken_and_the_kick_stays():
    words = Words.named(["rest", "kick", "closed hi-hat", "kick+snare"])
    assert words.names[words.of(hits_of(KICK, CLOSED))] == "kick"
    assert words.names[words.of(hits_of(KICK, SNARE, CLOSED))] == "kick+snare"


@pytest.mark.parametrize(
    ("masks", "told"),
    [([0, 512], "512"), ([0, -1], "-1"), ([0, 1, 1], "all different"), ([1, 2], "rest")],
)
def test_masks_that_are_no_vocabulary_are_refused(masks, told):
    with pytest.raises(ValueError, match=told):
        Words(masks)


def test_a_drum_that_is_none_is_named():
    with pytest.raises(ValueError, match="'cowbell' is no drum; there are kick, snare"):
        Words.named(["rest", "kick+cowbell"])
