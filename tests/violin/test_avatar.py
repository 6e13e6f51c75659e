"""The violinist: a bow that stays in the hand and on the string, and a body that rests."""

import numpy as np
import pytest

from rt_engine.motion.skeleton import INDEX, forward, orientations
from rt_engine.violin.avatar import Avatar, Stance, held
from rt_engine.violin.avatar_bow import APART, HIGH, LIFT, LOW, REST, BowPath, Heard, Place
from rt_engine.violin.avatar_player import COLUMNS, AvatarPlayer
from rt_engine.violin.simulation.arms import BRIDGE, SCROLL, TOP
from rt_engine.violin.simulation.bow import HAIR

STEP = 0.02
BONES = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"))


def playing(turns, seconds, speed=0.4, string=1.0):
    """Places of the bow that turns at row numbers `turns`; the first row is a beginning."""
    path, places = BowPath(), []
    for k in range(round(seconds / STEP)):
        turn = 0.9 if any(abs(k - t) <= 2 for t in turns) else 0.05
        places.append(path.step(Heard(speed, turn, string, 1.0), STEP))
    return places


def changes(places):
    """Rows at which the direction is another one than in the row before."""
    sides = [place.direction for place in places]
    return [k for k in range(1, len(sides)) if sides[k] != sides[k - 1]]


def seen(bow, left=(0.0, 0.0, 0.0), trunk=(0.0, 0.0, 0.0)):
    """Joint places (55, 3), and what is held."""
    pose = Avatar().pose(Stance(bow, left, trunk))
    rotations = np.asarray(pose.rotations, np.float64)
    places = forward(rotations, pose.root)
    return places, held(places, orientations(rotations))


def test_the_bow_turns_once_for_each_turn_that_is_heard_and_begins_downwards():
    turns = [40, 75, 100, 140]
    places = playing(turns, 3.5, speed=0.3)
    assert places[0].direction == 1
    assert changes(places) == [t - 2 for t in turns]
    assert [p.direction for p in places][-1] == 1


def test_turns_that_come_faster_than_an_arm_can_are_one():
    path = BowPath()
    chatter = [0.9, 0.1] * 5
    places = [path.step(Heard(0.3, turn, 1.0, 1.0), STEP) for turn in [0.0] * 10 + chatter]
    assert len(changes(places)) <= len(chatter) * STEP / APART


@pytest.mark.parametrize("speed", [0.05, 0.4, 2.0])
def test_the_bow_stays_on_its_hair_and_turns_where_none_is_left(speed):
    places = playing([], 12.0, speed)
    positions = np.array([p.position for p in places])
    assert positions.min() >= LOW and positions.max() <= HIGH
    if speed >= 0.4:
        assert len(changes(places)) >= 3  # nothing was heard, but the hair is at its end
        assert np.ptp(positions) > 0.6


def test_speed_is_that_which_is_heard_in_the_middle_of_the_bow():
    places = playing([], 1.0, speed=0.2)
    moved = np.diff([p.position for p in places[10:]]) * HAIR / STEP
    assert moved == pytest.approx(0.2, rel=0.35) and (moved > 0).all()
    still = playing([], 1.0, speed=0.0)
    assert np.ptp([p.position for p in still]) == pytest.approx(0.0, abs=1e-6)


def test_in_silence_the_bow_is_taken_off_then_lowered_and_comes_back_to_the_frog():
    path = BowPath()
    [path.step(Heard(0.4, 0.0, 2.0, 1.0), STEP) for _ in range(100)]
    rest = [path.step(Heard(0.0, 0.0, 2.0, 0.0), STEP) for _ in range(round(6 / STEP))]
    early, late = rest[round((LIFT - 0.1) / STEP)], rest[round((REST - 0.1) / STEP)]
    assert early.above < 0.005 and late.above > 0.04
    assert late.lowered < 0.05 and rest[-1].lowered > 0.9
    again = [path.step(Heard(0.4, 0.9, 2.0, 1.0), STEP) for _ in range(25)]
    assert again[-1].above < 0.002 and again[-1].lowered < 0.02 and again[0].direction == 1


@pytest.mark.parametrize("string", [0.0, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("position", [0.1, 0.4, 0.7])
def test_the_hair_crosses_the_strings_at_a_right_angle_above_the_bridge(position, string):
    _, tools = seen(Place(position, 1, string, 0.0, 0.0))
    frog, tip, button, scroll = (np.array(x) for x in (tools.frog, tools.tip, *tools[:2]))
    along = (scroll - button) / SCROLL
    assert np.linalg.norm(tip - frog) == pytest.approx(HAIR, abs=1e-6)
    assert (tip - frog) @ along / HAIR == pytest.approx(0.0, abs=1e-6)
    touched = frog + position * (tip - frog)  # where the string is, as far along as said
    off = touched - button
    assert BRIDGE < off @ along < BRIDGE + 0.07
    assert np.linalg.norm(off - (off @ along) * along) == pytest.approx(TOP, abs=0.005)


def test_lower_strings_lift_the_elbow_and_longer_strokes_open_it():
    elbow, wrist, shoulder = (INDEX["Right" + b] for b in ("LowerArm", "Hand", "UpperArm"))
    heights = [seen(Place(0.5, 1, s, 0.0, 0.0))[0][elbow, 1] for s in (0.0, 1.0, 2.0, 3.0)]
    assert heights == sorted(heights, reverse=True)
    far = [np.linalg.norm(seen(Place(p, 1, 2.0, 0, 0))[0][[wrist, shoulder]].ptp(axis=0))
           for p in (0.1, 0.5, 0.9)]  # fmt: skip
    assert far == sorted(far)


def test_bones_keep_their_lengths_and_the_scroll_is_left_and_the_bow_right():
    rest = forward(np.tile([0.0, 0.0, 0.0, 1.0], (55, 1)), np.zeros(3))
    rng = np.random.default_rng(2)
    for _ in range(20):
        place = Place(*rng.uniform((0.05, 1, 0, 0, 0), (0.9, 1, 3, 0.05, 1)))
        places, tools = seen(place, rng.normal(0, 0.05, 3), rng.normal(0, 0.03, 3))
        for side in ("Left", "Right"):
            for pair in BONES:
                a, b = (INDEX[side + bone] for bone in pair)
                true = np.linalg.norm(rest[a] - rest[b])
                assert np.linalg.norm(places[a] - places[b]) == pytest.approx(true, abs=1e-6)
        assert tools.scroll[0] > places[INDEX["LeftUpperArm"], 0]
        assert places[INDEX["RightHand"], 0] < tools.scroll[0]
        assert places[INDEX["RightLowerArm"], 0] < 0


def row(**values):
    return np.array([values.get(name.replace(" ", "_"), 0.0) for name in COLUMNS], np.float32)


def test_the_left_hand_goes_where_it_is_heard_and_the_trunk_carries_both():
    player = AvatarPlayer(np.random.default_rng(0), sway=0.0)
    quiet = row(sounds=1.0, string=1.0)
    [player.step(quiet, STEP) for _ in range(60)]
    hand = INDEX["LeftHand"]

    def wrist(values):
        for _ in range(60):
            pose, _ = player.step(values, STEP)
        return forward(pose.rotations, pose.root)[hand]

    before = wrist(quiet)
    moved = wrist(row(sounds=1.0, string=1.0, left_wrist_x=-0.02, left_wrist_z=-0.02)) - before
    assert moved[0] == pytest.approx(-0.029, abs=0.003)
    assert moved[2] == pytest.approx(-0.029, abs=0.003) and abs(moved[1]) < 0.004
    leant = wrist(row(sounds=1.0, string=1.0, C7_x=0.02, left_wrist_x=0.02)) - before
    assert 0.015 < leant[0] < 0.029  # the violin lies lower than C7


def test_sway_is_drawn_smooth_and_less_in_silence():
    def heads(seed, sounds, sway=1.0):
        player = AvatarPlayer(np.random.default_rng(seed), sway)
        values, found = row(sounds=sounds, speed=0.3, string=1.0), []
        for _ in range(600):
            pose, _ = player.step(values, STEP)
            found.append(forward(pose.rotations, pose.root)[INDEX["Neck"]])
        return np.array(found)[200:]

    loud, again, other = heads(0, 1.0), heads(0, 1.0), heads(1, 1.0)
    np.testing.assert_array_equal(loud, again)
    assert np.abs(loud - other).max() > 0.005
    assert 0.004 < loud.std(axis=0)[0] < 0.03
    assert heads(0, 0.0).std(axis=0)[0] < 0.5 * loud.std(axis=0)[0]
    assert np.abs(np.diff(loud, 2, axis=0)).max() < 1e-3
