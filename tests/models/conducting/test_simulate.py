import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.conducting.evaluate import on_the_beat, seen  # noqa: E402
from rt_engine.models.conducting.simulate import collect, embody, suits  # noqa: E402
from tests.models.conducting.rigs import excerpt, pairs, store  # noqa: E402

pytestmark = pytest.mark.train


def test_the_same_excerpt_and_seed_give_the_same_conductor():
    one, two, other = (embody(excerpt(), seed) for seed in (1, 1, 2))
    assert np.array_equal(one.joints, two.joints)
    assert not np.allclose(one.joints, other.joints, atol=1e-3)


def test_the_conductor_beats_with_the_music():
    pair = embody(excerpt(seconds=20, graded=False), 3)
    assert on_the_beat(seen(pair.joints), pair.beats[:, 0])["F"] > 0.8


def test_louder_music_is_conducted_larger():
    sizes = []
    for pair in pairs(6, seconds=20):
        hand = pair.joints[:, 10, 1]
        sizes.append(hand[600:900].std() / hand[150:450].std())
    assert np.median(sizes) > 1.15
    assert pair.level[-1] > 0.8 > 0.2 > pair.level[0]


def test_what_cannot_be_conducted_is_left_out(tmp_path):
    short = excerpt(seconds=4)
    assert not suits(short)
    with pytest.raises(ValueError, match="not conducted"):
        embody(short)
    folder = store(tmp_path / "store", (("train", 2),), seconds=4)
    assert collect(folder, tmp_path / "work", "train", 5) == []


def test_pairs_are_made_once_and_come_back_the_same(tmp_path):
    folder = store(tmp_path / "store", (("test", 2),))
    first = collect(folder, tmp_path / "work", "test", 2)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "work" / "test").glob("*.npz")}
    again = collect(folder, tmp_path / "work", "test", 2)
    assert len(times) == 2
    assert {p: p.stat().st_mtime_ns for p in times} == times
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.joints, b.joints) and np.array_equal(a.controls, b.controls)


def test_an_empty_store_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no excerpts"):
        collect(tmp_path, tmp_path / "work", "train", 1)
