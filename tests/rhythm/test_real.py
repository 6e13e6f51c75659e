from pathlib import Path

import mir_eval
import numpy as np
import pytest
import soundfile

from rt_engine.rhythm import Tracker
from rt_engine.signal.onset import OnsetStrength

DATA = Path(__file__).parents[3] / "shared" / "data" / "beats_dev"


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason=f"research data beats_dev is not at {DATA}")
@pytest.mark.parametrize("piece", ["mdb_Rock", "mdb_Beatles"])
def test_beats_of_real_mixes(piece):
    sound, rate = soundfile.read(DATA / f"{piece}.flac", dtype="float32")
    onset = OnsetStrength(rate)
    tracker = Tracker(onset.frame_rate)
    rows = onset.process(sound)
    steps = [tracker.step(row, t / rate) for row, t in zip(rows, onset.times, strict=True)]
    dues = np.array([beat.due for step in steps for beat in step.beats])
    true = np.loadtxt(DATA / f"{piece}.beats")[:, 0]
    trimmed = (mir_eval.beat.trim_beats(times) for times in (true, dues))
    assert mir_eval.beat.f_measure(*trimmed) > 0.9
