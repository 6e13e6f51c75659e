import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.grammar import LONGEST, VOICES, Grammar

ALL = np.ones(12, bool)


def babble(instrument, steps, allowed, seed, end=0.05):
    """Any tokens that the grammar lets pass."""
    rng = np.random.default_rng(seed)
    grammar, body = Grammar(instrument, steps, allowed), []
    while not body or body[-1] != tk.END:
        mask = grammar.mask()
        assert mask.any()
        if mask[tk.END] and mask.sum() > 1 and rng.random() > end:
            mask[tk.END] = False
        token = int(rng.choice(np.flatnonzero(mask)))
        grammar.take(token)
        body.append(token)
    return body


@given(
    st.sampled_from(tk.INSTRUMENTS), st.integers(1, 16), st.integers(1, 4095), st.integers(0, 99)
)
def test_whatever_is_drawn_is_a_bar(instrument, steps, classes, seed):
    allowed = np.array([classes >> k & 1 for k in range(12)], bool)
    body = babble(instrument, steps, allowed, seed)
    notes = tk.decode(body)
    low, high = tk.RANGES[instrument]
    assert all(low <= n.pitch <= high and allowed[n.pitch % 12] for n in notes)
    assert all(n.duration >= 1 and n.start + n.duration <= steps for n in notes)
    assert [(n.start, n.pitch) for n in notes] == sorted({(n.start, n.pitch) for n in notes})
    assert len(body) <= LONGEST + 3


@pytest.mark.parametrize("density", range(len(tk.DENSITIES) + 1))
@pytest.mark.parametrize("steps", [1, 5, 16])
def test_a_bar_has_the_density_that_is_asked_for(density, steps):
    least, most = tk.positions_of(density)
    for seed in range(4):
        grammar, rng, body = (
            Grammar("bass", steps, ALL, density=density),
            np.random.default_rng(seed),
            [],
        )
        while not body or body[-1] != tk.END:
            body.append(int(rng.choice(np.flatnonzero(grammar.mask()))))
            grammar.take(body[-1])
        count = len({n.start for n in tk.decode(body)})
        assert min(least, steps) <= count <= min(most, steps)
        if least <= steps:
            assert tk.density_of(tk.decode(body)) == density or most > steps


def test_tokens_may_lie_above_what_sounds():
    body = babble_shifted(5)
    low, high = tk.RANGES["guitar"]
    assert all(low <= n.pitch - 5 <= high and (n.pitch - 5) % 12 == 2 for n in tk.decode(body))
    assert len(body) > 4


def babble_shifted(shift):
    only = np.zeros(12, bool)
    only[2] = True
    grammar, body = Grammar("guitar", 16, only, shift, 3), []
    rng = np.random.default_rng(0)
    while not body or body[-1] != tk.END:
        body.append(int(rng.choice(np.flatnonzero(grammar.mask()))))
        grammar.take(body[-1])
    return body


def test_a_bar_that_never_ends_by_itself_is_ended():
    body = babble("piano", 16, ALL, 3, end=0.0)
    assert body[-1] == tk.END
    places = [n.start for n in tk.decode(body)]
    assert max(places.count(p) for p in places) <= VOICES


def test_what_songs_play_is_within_the_grammar():
    bar = [tk.Written(0, 16, 36, 80), tk.Written(0, 4, 60, 80), tk.Written(12, 4, 64, 80)]
    grammar = Grammar("piano", 16, ALL)
    for token in tk.encode(tk.Head("piano", 120.0), bar)[tk.HEAD :]:
        assert grammar.mask()[token]
        grammar.take(token)


@pytest.mark.parametrize("steps", [0, 17])
def test_a_bar_too_short_or_too_long_is_refused(steps):
    with pytest.raises(ValueError, match="1 to 16"):
        Grammar("piano", steps, ALL)
