"""A simulated violinist: the bow lies across the strings, the arms reach it, bones keep length."""

from __future__ import annotations

import numpy as np
import pytest

from rt_engine.violin.simulation import JOINTS, RATE, RIGID, Note, drawn, landmarks33, play
from rt_engine.violin.simulation.arms import reach, violin
from rt_engine.violin.simulation.bow import HAIR

PITCHES = [55, 57, 62, 69, 74, 76, 83, 90, 98, 81, 76, 69, 62, 58]


def scale(length=0.4, gap=0.02, slurs=(), pitches=PITCHES, velocity=80.0):
    return [
        Note(0.5 + k * length, 0.5 + (k + 1) * length - gap, p, velocity, k in slurs)
        for k, p in enumerate(pitches)
    ]


def performance(seed=0, **settings):
    rng = np.random.default_rng(seed)
    return play(scale(**settings), drawn(rng), rng)


def lengths(joints):
    return [np.linalg.norm(joints[:, a] - joints[:, b], axis=1) for a, b in RIGID]


@pytest.mark.parametrize("seed", range(6))
def test_bones_keep_their_lengths_and_every_joint_is_somewhere(seed):
    motion = performance(seed)
    assert motion.joints.shape == (len(motion.t), len(JOINTS), 3)
    assert np.isfinite(motion.joints).all()
    for length in lengths(motion.joints.astype(np.float64)):
        assert np.ptp(length) < 1e-5


@pytest.mark.parametrize("seed", range(6))
def test_the_bow_lies_on_the_string_at_right_angles_but_for_the_skew(seed):
    rng = np.random.default_rng(seed)
    player = drawn(rng)
    motion = play(scale(), player, rng)
    body = motion.body
    neck = body.violin[:, 1] - body.violin[:, 0]
    hair = body.frog - body.tip
    assert np.linalg.norm(hair, axis=1) == pytest.approx(HAIR, abs=1e-9)
    cosine = (neck * hair).sum(axis=1) / np.linalg.norm(neck, axis=1) / HAIR
    assert np.degrees(np.arcsin(np.abs(cosine))).max() <= abs(player.skew) + 1e-6
    along = np.linalg.norm(body.frog - body.point, axis=1) / HAIR
    assert along == pytest.approx(motion.bow.position, abs=1e-9)
    # the strings run over the bridge: the point on them stays within 6 cm of its place
    point = np.einsum("tji,tj->ti", body.turn, body.point - body.violin[:, 0])
    across = point @ violin(player).right
    assert np.abs(across).max() < 0.03


@pytest.mark.parametrize("seed", range(40))
def test_every_player_reaches_most_of_the_bow(seed):
    low, high = reach(drawn(np.random.default_rng(seed)))
    assert 0.0 <= low < 0.2
    assert 0.6 < high <= 1.0


def test_the_bow_stays_between_frog_and_tip_and_its_speed_is_that_of_its_place():
    motion = performance(length=0.15, gap=0.01)
    bow = motion.bow
    assert bow.position.min() >= 0.0
    assert bow.position.max() <= 1.0
    moving = bow.direction != 0
    moved = np.abs(np.gradient(bow.position)) * HAIR * RATE
    np.testing.assert_allclose(bow.speed[moving], moved[moving], atol=1e-9)
    assert (bow.speed[~moving] == 0.0).all()


def test_separate_notes_change_the_bow_and_slurred_ones_do_not():
    motion = performance(slurs=(1, 2, 3, 5))
    starts = [note.start for note in motion.notes if not note.slurred]
    assert motion.turns == pytest.approx(starts)
    directions = [motion.bow.direction[round((t + 0.1) * RATE)] for t in motion.turns]
    assert directions == [(-1) ** k * directions[0] for k in range(len(directions))]
    inside = motion.bow.direction[round(0.6 * RATE) : round(1.9 * RATE)]
    assert (inside == directions[0]).all()


def test_after_a_rest_the_bow_is_carried_back_through_the_air():
    notes = [Note(0.5, 1.5, 69), Note(3.0, 4.0, 69)]
    rng = np.random.default_rng(2)
    motion = play(notes, drawn(rng), rng)
    rest = (motion.t > 1.6) & (motion.t < 2.9)
    assert (motion.bow.direction[rest] == 0).all()
    assert motion.bow.height[rest].max() > 0.02
    assert motion.bow.height[~rest & (motion.t > 3.0)].max() == 0.0


def test_a_slur_over_a_rest_is_none():
    notes = [Note(0.5, 1.0, 69), Note(2.0, 2.5, 71, 80.0, True), Note(2.5, 3.0, 72, 80.0, True)]
    rng = np.random.default_rng(0)
    motion = play(notes, drawn(rng), rng)
    assert [note.slurred for note in motion.notes] == [False, False, True]
    assert motion.turns == pytest.approx([0.5, 2.0])


def test_thrown_strokes_leave_the_string_a_little():
    motion = performance(length=0.3, gap=0.15)
    assert all(stroke.thrown for stroke in motion.strokes[1:])
    assert 0.004 < motion.bow.height[motion.t > 0.7].max() < 0.01


def test_a_short_note_after_a_long_one_is_hooked_at_times():
    dotted = [
        note
        for t in range(20)
        for note in (Note(0.5 + t, 1.2 + t, 69, 20.0), Note(1.25 + t, 1.45 + t, 69, 20.0))
    ]
    rng = np.random.default_rng(1)
    motion = play(dotted, drawn(rng), rng)
    hooked = [stroke for stroke in motion.strokes if not stroke.turned]
    assert 1 <= len(hooked) <= 15
    for stroke in hooked:
        before = motion.strokes[motion.strokes.index(stroke) - 1]
        assert stroke.direction == before.direction
        assert stroke.start not in motion.turns


def test_louder_is_faster_and_nearer_to_the_bridge():
    soft, loud = (performance(velocity=v) for v in (30.0, 120.0))
    assert loud.bow.speed.mean() > 1.3 * soft.bow.speed.mean()
    assert loud.bow.contact.mean() < soft.bow.contact.mean() - 0.1


def test_low_strings_lift_the_right_elbow():
    low, high = (performance(pitches=[p] * 8) for p in (55, 76))
    elbow, shoulder = JOINTS.index("RMEL"), JOINTS.index("RSHO")
    lifted = [(m.joints[:, elbow, 1] - m.joints[:, shoulder, 1]).mean() for m in (low, high)]
    assert lifted[0] > lifted[1] + 0.05


def test_scroll_to_the_left_bow_arm_to_the_right():
    motion = performance()
    places = motion.joints.mean(axis=0)
    assert places[JOINTS.index("LMWR"), 0] > 0.15 > 0.1 > places[JOINTS.index("RMWR"), 0]
    scroll = motion.body.violin[:, 1] - motion.body.violin[:, 0]
    assert (scroll[:, 0] > 0.1).all()
    assert (scroll[:, 2] > 0.1).all()
    assert np.abs(motion.joints[:, -2:, 1]).max() < 0.05  # feet on the floor


def test_the_same_seed_is_the_same_motion_and_another_is_not():
    first, again, other = (performance(seed).joints for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_of_a_chord_the_highest_note_is_played_and_notes_do_not_overlap():
    rng = np.random.default_rng(0)
    notes = [Note(0.5, 1.4, 62), Note(0.51, 1.4, 69), Note(1.0, 1.5, 74)]
    motion = play(notes, drawn(rng), rng)
    assert [note.pitch for note in motion.notes] == [69, 74]
    assert motion.notes[0].end == 1.0


def test_what_cannot_be_played_is_refused():
    rng = np.random.default_rng(0)
    player = drawn(rng)
    with pytest.raises(ValueError, match="MIDI pitch 40: a violin has 55 to 103"):
        play([Note(0.0, 1.0, 40)], player, rng)
    with pytest.raises(ValueError, match=r"at 1 s ends at 0\.5 s"):
        play([Note(1.0, 0.5, 60)], player, rng)


def test_silence_is_a_player_who_waits():
    rng = np.random.default_rng(0)
    motion = play([], drawn(rng), rng, np.full(100, 0.5))
    assert motion.joints.shape == (100, 13, 3)
    assert len(motion.turns) == 0
    assert (motion.bow.direction == 0).all()


def test_landmarks_have_the_joints_and_a_face_above_them():
    motion = performance(7)
    places, visible = landmarks33(motion)
    assert places.shape == (len(motion.t), 33, 3)
    assert visible.shape == (len(motion.t), 33)
    np.testing.assert_allclose(places[:, [23, 24]].mean(axis=1), 0.0, atol=1e-6)
    for mark, joint in ((11, "LSHO"), (14, "RMEL"), (16, "RMWR"), (26, "RKNE"), (31, "LTOE")):
        found = places[:, mark] - places[:, 12]
        wanted = motion.joints[:, JOINTS.index(joint)] - motion.joints[:, JOINTS.index("RSHO")]
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert (places[:, 0, 1] > places[:, 11, 1]).all()
    assert (places[:, 0, 2] > places[:, 7, 2]).all()
    assert ((visible > 0) & (visible <= 1)).all()
