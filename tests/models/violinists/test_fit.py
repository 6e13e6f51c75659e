"""The numbers of the simulation are those of the measurements that they are taken from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rt_engine.models.violinists import fit, playing, webcam
from rt_engine.violin.simulation.noise import MEASURED

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (DATA / "pose" / "drumpy").exists(), reason=f"research data pose/drumpy is not at {DATA}"
)


def test_the_fit_finds_the_numbers_that_made_an_error():
    errors = webcam.simulated_errors(60.0, only=("wrist",))["wrist"]
    found = webcam.fitted(errors)
    assert found.size == pytest.approx(MEASURED["wrist"].size, rel=0.1)
    plane, depth = (webcam.correlations_of(errors, c) for c in (webcam.PLANE, webcam.DEPTH))
    assert plane[[1, 3]] == pytest.approx([0.70, 0.44], abs=0.1)  # DrumPy, after 0.1 and 0.5 s
    assert depth[[1, 3]] == pytest.approx([0.89, 0.66], abs=0.1)


def test_wrist_and_sway_are_those_of_a_violinist_in_a_video():
    """Of `urmp2d`: 1.83 and 1.09 shoulder widths a second, 2.5 turns, sway of 0.058."""
    found = {name: mean for name, (mean, _) in playing.simulated_manner(4, 40.0).items()}
    assert found["wrist travel, w/s"] == pytest.approx(1.83, rel=0.3)
    assert found["elbow travel, w/s"] == pytest.approx(1.09, rel=0.35)
    assert found["turns of the wrist a second"] == pytest.approx(2.45, rel=0.2)
    assert found["sway sd of the neck, w"] == pytest.approx(0.058, rel=0.4)


def test_strokes_are_shaped_as_those_that_were_measured():
    """Time of half the way and bend of the elbow by Kinect; turn of the forearm by IMU."""
    stroke = playing.simulated_strokes()
    assert stroke["time at 50% of the way"] == pytest.approx(0.48, abs=0.06)
    assert stroke["chord, arm lengths"] == pytest.approx(0.76, rel=0.2)
    assert 60.0 < stroke["elbow least, degrees"] < 95.0
    assert playing.simulated_turns(0.175) == pytest.approx(0.11, abs=0.03)
    assert 0.2 < playing.simulated_turns(0.75) < 0.45


@needs_data
@pytest.mark.shared
def test_the_table_of_the_webcam_is_what_the_data_give():
    for part, errors in webcam.errors_of(DATA / "pose" / "drumpy").items():
        for new, old in zip(webcam.fitted(errors), MEASURED[part], strict=True):
            np.testing.assert_allclose(new, old, atol=6e-5)


def test_no_data_is_one_line(tmp_path, capsys):
    assert fit.main(["--data", str(tmp_path)]) == 1
    assert "no takes of DrumPy" in capsys.readouterr().err
