import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.accompaniment import tokens as tk

HEAD = tk.Head("piano", 120.0)

notes = st.lists(
    st.builds(
        tk.Written,
        start=st.integers(0, 15),
        duration=st.integers(1, 16),
        pitch=st.integers(tk.LOWEST, tk.HIGHEST),
        velocity=st.integers(1, 127),
    ),
    unique_by=lambda n: (n.start, n.pitch),
)


@given(notes)
def test_a_bar_comes_back_on_the_grid(bar):
    found = tk.decode(tk.encode(HEAD, bar)[tk.HEAD :])
    assert [(n.start, n.pitch) for n in found] == sorted((n.start, n.pitch) for n in bar)
    told = {(n.start, n.pitch): n for n in bar}
    for note in found:
        before = told[note.start, note.pitch]
        assert note.duration == min(before.duration, tk.STEPS - note.start)
        assert abs(note.velocity - before.velocity) <= 64 / tk.VELOCITIES


def test_the_tokens_of_a_bar_by_name():
    bar = [tk.Written(4, 2, 60, 100), tk.Written(4, 2, 55, 100), tk.Written(0, 20, 48, 1)]
    found = [tk.group_of(token).name for token in tk.encode(HEAD, bar)]
    note = ["pitch", "velocity", "duration"]
    head = ["bar", "tempo", "density", "chord", "chord"]
    assert found == [*head, "position", *note, "position", *note, *note, "end"]


def test_every_token_has_one_sort_and_all_are_used():
    sorts = [[group for group in tk.GROUPS if token in group] for token in range(tk.SIZE)]
    assert all(len(found) == 1 for found in sorts)
    assert sum(group.size for group in tk.GROUPS) == tk.SIZE


def test_density_counts_positions_not_notes():
    chord = [tk.Written(0, 4, pitch, 80) for pitch in (48, 52, 55)]
    assert tk.density_of([]) == 0
    assert tk.density_of(chord) == 1
    assert tk.density_of([tk.Written(k, 1, 60, 80) for k in range(16)]) == 4


def test_tempo_rises_with_its_class():
    classes = [tk.tempo_of(bpm) for bpm in np.arange(40, 220, 5)]
    assert classes == sorted(classes)
    assert set(classes) == set(range(tk.TEMPO.size))


@pytest.mark.parametrize(
    "body",
    [
        [tk.PITCH.first, tk.VELOCITY.first, tk.DURATION.first, tk.END],  # no position
        [tk.POSITION.first, tk.PITCH.first, tk.DURATION.first, tk.VELOCITY.first, tk.END],
        [tk.POSITION.first, tk.PITCH.first],
        [tk.POSITION.first],
    ],
)
def test_a_broken_bar_is_refused(body):
    with pytest.raises(ValueError, match=r"begins no note|no end"):
        tk.decode(body)
