"""Takes as files, and what kind of motion one holds."""

from __future__ import annotations

import numpy as np
import pytest

from rt_engine.models.violinists import category, read
from rt_engine.models.violinists.takes import Take, read_take, write
from rt_engine.violin.simulation import JOINTS, Note


def take(frames=50, columns=35):
    rng = np.random.default_rng(0)
    return Take(
        "one",
        rng.random((frames, columns), np.float32),
        rng.random((frames, len(JOINTS), 3), np.float32),
        np.array([0.2, 0.5]),
        rng.random((frames, 3), np.float32),
        (Note(0.1, 0.4, 69.0, 80.0, False), Note(0.4, 0.9, 71.0, 80.0, True)),
        {"piece": "p", "body": "b", "kind": "etude", "part": "train"},
    )


def test_a_take_comes_back_as_it_was(tmp_path):
    (tmp_path / "train").mkdir()
    write(tmp_path / "train" / "one.npz", take())
    (found,) = read(tmp_path, "train")
    for name in ("features", "joints", "turns", "bow"):
        np.testing.assert_array_equal(getattr(found, name), getattr(take(), name))
    assert (found.name, found.notes, found.meta) == (take().name, take().notes, take().meta)
    assert len(found) == 50


def test_a_file_that_does_not_fit_together_is_named(tmp_path):
    write(tmp_path / "bad.npz", take(columns=34))
    with pytest.raises(ValueError, match=r"bad\.npz: features of shape \(50, 34\)"):
        read_take(tmp_path / "bad.npz")


def test_no_takes_and_no_such_part(tmp_path):
    with pytest.raises(FileNotFoundError, match="no takes; python -m rt_engine"):
        read(tmp_path, "valid")
    with pytest.raises(ValueError, match="part 'dev': one of train, valid, test"):
        read(tmp_path, "dev")


@pytest.mark.parametrize(("metres", "kind"), [(0.02, "fine"), (0.2, "gross")])
def test_the_right_wrist_tells_fine_from_gross(metres, kind):
    joints = np.zeros((150, len(JOINTS), 3), np.float32)
    joints[:, JOINTS.index("RMWR"), 0] = metres * np.sin(2 * np.pi * np.arange(150) / 50)
    joints[:, :, 2] += np.linspace(0, 3, 150)[:, None]  # all of the player walks: no matter
    assert category(joints) == kind
