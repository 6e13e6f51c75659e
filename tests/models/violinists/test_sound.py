"""What is rendered tells what the bow does, and a row of features lies at its own moment."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rt_engine.models.rhythm.material.render import DEBIAN
from rt_engine.models.violinists import bach, read, sound, store
from rt_engine.violin.simulation import RATE, Note, drawn, play

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (DATA / "violin" / "bach").exists(), reason=f"research data violin/bach is not at {DATA}"
)
needs_synth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not DEBIAN.exists(),
    reason="needs fluidsynth and fluid-soundfont-gm",
)


def slurred_pairs():
    """Eight notes of half a second, two in a bow."""
    notes = [Note(0.5 + k / 2, 1.0 + k / 2, 69.0 + k % 3, 90.0, k % 2 == 1) for k in range(8)]
    rng = np.random.default_rng(1)
    return play(notes, drawn(rng), rng)


def test_the_level_dips_at_turns_and_not_within_slurs():
    motion = slurred_pairs()
    times, values = sound.expression(motion).T
    value = values[np.searchsorted(times, motion.t, side="right") - 1]
    for k, note in enumerate(motion.notes[1:], 1):
        at = round(note.start * RATE)
        dip = value[at - 10 : at + 10].max() / value[at - 3 : at + 3].min()
        assert dip < 1.2 if k % 2 else dip > 1.5


def test_one_note_of_the_font_a_stroke_and_its_pitch_bent_within():
    events = [message for _, _, message in sorted(sound.messages(slurred_pairs()), key=_order)]
    kinds = [message.type for message in events]
    assert kinds.count("note_on") == 4
    assert kinds.count("note_off") == 4
    bends = [message.pitch for message in events if message.type == "pitchwheel"]
    semitone = 8192 / sound.RANGE
    assert [round(bend / semitone) for bend in bends] == [0, 1, 0, -2, 0, 1, 0, 1]


def _order(event):
    return event[:2]


def test_colour_changes_the_sound_and_not_its_time():
    rng = np.random.default_rng(0)
    click = np.zeros(48000)
    click[24000:24100] = 0.5
    coloured = sound.coloured(click, 48000, rng)
    assert coloured.dtype == np.float32
    assert abs(int(np.abs(coloured).argmax()) - 24050) < 100


def test_a_row_of_features_lies_at_its_moment():
    heard = np.zeros(3 * 48000, np.float32)
    t = np.arange(48000) / 48000
    heard[48000:96000] = 0.3 * np.sin(2 * np.pi * 440 * t)
    rows = store.hear(heard, 48000, 150)
    assert rows.shape == (150, 35)
    level = rows[:, -1]
    assert level[75] > 0.1
    half = np.flatnonzero(level > level[75] / 2)
    assert abs(half[0] - 50) <= 1
    assert abs(half[-1] - 100) <= 1


@needs_synth
def test_the_bow_is_heard(tmp_path):
    """A turn is a dip of the rendered sound, a slur is none; pitch and length are as played."""
    motion = slurred_pairs()
    made, font = sound.rendered(motion, tmp_path, "train", 24000, np.random.default_rng(0))
    assert font == "FluidR3_GM"
    assert len(made) == len(motion.t) * 24000 // RATE
    level = bach.level_of(made, 24000, len(motion.t))
    dips = []
    for note in motion.notes[1:]:
        at = round(note.start * RATE)
        dips.append(np.median(level[at - 12 : at + 12]) - level[at - 2 : at + 5].min())
    assert min(dips[1::2]) > 6.0
    assert max(dips[0::2]) < 4.0


@needs_synth
@needs_data
@pytest.mark.shared
def test_a_small_store_is_made_once_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SECONDS", 6.0)
    jobs = [job for job in store.jobs(DATA, 0.01) if not job.cut]
    monkeypatch.setattr(store, "jobs", lambda *_: iter(jobs[:2]))
    assert store.make(DATA, tmp_path, 0.01, told=lambda _: None) == 2
    assert store.make(DATA, tmp_path, 0.01, told=lambda _: None) == 0
    (take,) = read(tmp_path, jobs[0].part)
    assert take.meta["kind"] == "etude"
    assert len(take.turns) > 3
    assert take.features[:, -1].max() > 0.0


@needs_data
@pytest.mark.shared
def test_a_recording_is_performed_the_same_again():
    cut = bach.recordings(DATA / "violin" / "bach")[0]
    job = store.Job("train", 0, bach.Cut(cut, 10.0, 15.0, "train"))
    first, again = (store.perform(job, DATA) for _ in range(2))
    np.testing.assert_array_equal(first.sound, again.sound)
    np.testing.assert_array_equal(first.motion.joints, again.motion.joints)
    assert first.meta["licence"] == "CC-BY-3.0"
