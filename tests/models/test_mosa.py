"""The loader of MOSA, on a trial of the set's own form that is made here."""

import csv

import numpy as np
import pytest

from rt_engine.models.rhythm import mosa
from rt_engine.motion import landmarks as lm
from rt_engine.motion.joint_velocity import JOINTS

SECONDS = 8
NAME = "ba1_yv10_t1"


def markers(seconds=SECONDS):
    """A violinist of 22 markers (mm, z up) who looks along y; the right hand bows along x."""
    places = np.array([
        [60, 120, 1600], [-60, 120, 1600], [60, -60, 1600], [-60, -60, 1600],
        [0, -50, 1450], [0, -60, 1250], [0, 60, 1400], [0, 70, 1250],
        [180, 0, 1400], [300, 100, 1200], [320, 300, 1250], [320, 300, 1200], [320, 380, 1230],
        [-180, 0, 1400], [-300, 100, 1200], [-250, 300, 1350], [-250, 300, 1400], [-250, 380, 1370],
        [110, 100, 1000], [-110, 100, 1000], [110, -100, 1000], [-110, -100, 1000],
    ], float)  # fmt: skip
    t = np.arange(int(seconds * mosa.RATE)) / mosa.RATE
    moving = np.repeat(places[None], len(t), axis=0)
    moving[:, 10:13, 0] += 300 * np.sin(2 * np.pi * t)[:, None] / (2 * np.pi)
    return moving + np.array([5000.0, -300.0, 0.0])


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def trial(tmp_path):
    folder = tmp_path / "yv" / "ba1" / "yv10" / "t1"
    annotations = folder / "annotation" / "annotations"
    annotations.mkdir(parents=True)
    places = markers()
    body = np.zeros((len(places), 34, 3))
    body[:, :22] = places
    header = [f"{k}_{axis}" for k in range(34) for axis in "xyz"]
    rows = [["" if k == 200 else f"{v:.3f}" for v in row] for k, row in
            enumerate(body.reshape(len(body), -1))]  # fmt: skip
    write(folder / f"{NAME}_motion.csv", header, rows)
    # 120 to the minute from 1 s on, in 3/4 with an upbeat; a chord that is rolled
    notes = [(b, 1 + b / 2, 1.5 + b / 2) for b in range(-1, 12)] + [(3, 2.6, 3)]
    write(
        annotations / f"{NAME}_align_notetime.csv",
        ["note_id", "onset", "offset", "score_position"],
        [(k, on, off, b) for k, (b, on, off) in enumerate(notes)],
    )
    write(annotations / f"{NAME}_beat.csv", ["beat"], [[b] for b in range(-1, 13)])
    write(annotations / f"{NAME}_downbeat.csv", ["downbeat"], [[b] for b in (0, 3, 6, 9, 12)])
    sections = [(-1, 5, "A"), (5.5, 12, "B")]
    write(annotations / f"{NAME}_phrase_section.csv", ["onset", "offset", "Section"], sections)
    marks = [(0, 6, "ppp"), (6, 12, "mf"), (2, 4, "legato"), (4, 5, "staccato"), (4, 6, "cresc")]
    marks += [(7, 7.5, "")]
    write(annotations / f"{NAME}_expression.csv", ["onset", "offset", "expression"], marks)
    return folder


def test_beats_and_phrases_stand_where_the_score_sounded(trial):
    found = mosa.read_performance(trial)
    np.testing.assert_allclose(found.beats[:, 0], 1 + np.arange(-1, 13) / 2, atol=1e-5)
    assert found.beats[:, 1].tolist() == [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    np.testing.assert_allclose(found.phrases, [0.5, 3.75])
    assert found.audio.name == f"{NAME}_audio.wav"


def test_expression_is_marked_frame_by_frame(trial):
    found = mosa.read_performance(trial)
    assert len(found.dynamics) == len(found.articulation) == len(found.motion) == 50 * SECONDS
    at = {t: int(t * 50) for t in (0.5, 1.5, 2.5, 3.2, 5, 7.5)}
    assert [found.dynamics[at[t]] for t in (0.5, 1.5, 5, 7.5)] == [-1, 0, 3, -1]
    assert [found.articulation[at[t]] for t in (1.5, 2.5, 3.2, 5)] == [1, 0, 2, 1]


def test_the_bow_is_seen_to_move_and_the_rest_is_still(trial):
    motion = mosa.read_performance(trial).motion.astype(float)
    t = np.arange(len(motion)) / 50
    late = (t > 5) & (t < 7.9)
    right = 3 * JOINTS.index(lm.WRISTS[1])
    # x goes to the person's left, which is -x of this room
    true = 0.5 - 0.5 * np.cos(2 * np.pi * t)
    np.testing.assert_allclose(motion[late, right], true[late], atol=0.06)
    moving = [3 * JOINTS.index(pair[1]) for pair in (lm.WRISTS, lm.INDEXES, lm.PINKIES)]
    np.testing.assert_allclose(np.delete(motion[late], moving, axis=1), 0.5, atol=0.001)


def test_landmarks_are_in_the_body_frame():
    world, visibility = mosa.landmarks_of(markers())
    hips = world[:, list(lm.HIPS)].mean(axis=1)
    x, y, z = (world[0] - hips[0]).T
    assert y[lm.NOSE] == pytest.approx(0.6) and abs(z[lm.NOSE]) == pytest.approx(0.12)
    left, right = lm.SHOULDERS
    forward, up = world[0, lm.NOSE] - world[0, list(lm.EARS)].mean(axis=0), [0.0, 1.0, 0.0]
    assert np.cross(up, forward) @ (world[0, left] - world[0, right]) > 0  # y x z is x, the left
    assert x[left] == pytest.approx(-x[right])
    assert visibility[:, [*JOINTS, *lm.HIPS]].all()


def test_a_missing_marker_is_bridged_and_told():
    places = markers()
    places[100:110, 12] = np.nan
    world, visibility = mosa.landmarks_of(places)
    assert np.isfinite(world).all()
    assert not visibility[100:110, lm.INDEXES[1]].any() and visibility[:100].max() == 1
    true = mosa.landmarks_of(markers())[0]
    np.testing.assert_allclose(world, true, atol=0.01)


def test_too_few_columns_are_refused(tmp_path):
    write(tmp_path / "motion.csv", ["a", "b"], [[1, 2]])
    with pytest.raises(ValueError, match="66 columns"):
        mosa.read_markers(tmp_path / "motion.csv")
