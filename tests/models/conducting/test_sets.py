import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.conducting.sets import (  # noqa: E402
    at_thirty,
    of_pair,
    passages,
    read_conductor_motion,
)
from tests.models.conducting.rigs import pairs, take  # noqa: E402

pytestmark = pytest.mark.train


def sample(folder, frames=180, bands=128):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.save(folder / "mel.npy", rng.random((3 * frames, bands)).astype(np.float32))
    np.save(folder / "motion.npy", rng.random((frames, 13, 2)).astype(np.float32))


def test_samples_are_found_in_every_folder_and_read_as_they_are(tmp_path):
    sample(tmp_path / "train" / "0")
    sample(tmp_path / "train" / "1", frames=1800)
    takes = read_conductor_motion(tmp_path)
    assert [t.name for t in takes] == ["train/0", "train/1"]
    assert takes[1].mel.shape == (5400, 128) and takes[1].motion.shape == (1800, 13, 2)
    assert np.array_equal(takes[0].motion, np.load(tmp_path / "train/0/motion.npy"))
    batch, drawn = passages(takes, 5, 3, np.random.default_rng(0))
    assert batch.mel.shape == (3, 450, 128) and batch.motion.shape == (3, 150, 13, 2)
    k, start = drawn[0]
    assert np.array_equal(batch.motion[0].numpy(), takes[k].motion[start : start + 150])
    assert np.array_equal(batch.mel[0].numpy(), takes[k].mel[3 * start : 3 * start + 450])
    assert not batch.saw.any()  # its beats are unknown


@pytest.mark.parametrize(
    ("name", "array", "told"),
    [
        ("mel", np.zeros((540, 80)), r"needed is \(3 n, 128\)"),
        ("motion", np.zeros((170, 13, 2)), r"\(180, 13, 2\) beside 540 rows"),
        ("motion", np.zeros((180, 17, 2)), r"shape \(180, 17, 2\)"),
    ],
)
def test_a_sample_that_does_not_fit_is_named(name, array, told, tmp_path):
    sample(tmp_path / "0")
    np.save(tmp_path / "0" / f"{name}.npy", array)
    with pytest.raises(ValueError, match=told):
        read_conductor_motion(tmp_path)


def test_what_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no sample"):
        read_conductor_motion(tmp_path)
    sample(tmp_path / "0")
    (tmp_path / "0" / "motion.npy").write_bytes(b"none")
    with pytest.raises(ValueError, match=r"motion\.npy: is no array"):
        read_conductor_motion(tmp_path)
    (tmp_path / "0" / "motion.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"motion\.npy"):
        read_conductor_motion(tmp_path)


def test_a_passage_longer_than_its_take_is_told():
    with pytest.raises(ValueError, match="shorter than 30 s"):
        passages([take(seconds=20)], 30, 1, np.random.default_rng(0))


def test_a_simulated_pair_becomes_a_take_of_the_rates_of_the_paper():
    pair = pairs(1)[0]
    made = of_pair(pair)
    assert made.mel.shape == (90 * 16, 40) and made.motion.shape == (30 * 16, 13, 2)
    beat = made.beats[4]
    row = made.mel.mean(axis=1)
    around = row[round(90 * beat) - 10 : round(90 * beat) + 10]
    assert abs(int(around.argmax()) - 11) <= 3  # the click is heard where the beat is
    hips = made.motion[:, 11:].mean(axis=1)
    np.testing.assert_allclose(hips, np.tile([[0.5, 0.75]], (480, 1)), atol=1e-5)
    saw = made.saw[:, 0]
    assert saw.max() < 1.0 and saw.min() == 0.0
    assert saw[round(30 * (beat + 0.25))] == pytest.approx(0.5, abs=0.07)


def test_frames_keep_their_time_when_the_rate_changes():
    t = np.arange(200) / 50
    motion = np.repeat(t[:, None, None], 2, axis=2)
    found = at_thirty(motion)
    np.testing.assert_allclose(found[:, 0, 0], np.arange(len(found)) / 30, atol=1e-6)
