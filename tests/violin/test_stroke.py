import numpy as np
import pytest

from rt_engine.violin.simulation import drawn, landmarks33, play
from rt_engine.violin.stroke import Bow, Strokes, seen
from tests.violin.bowing import places, world

TURNS = [0.2, 0.7, 1.2, 1.5, 2.1, 2.6, 3.4]


def watch(t, points, sure=0.9):
    bow, strokes, turns, ended = Bow(), Strokes(), [], []
    for at, landmarks in zip(t, points, strict=True):
        place, wrist = bow.step(at, landmarks)
        turn, stroke = strokes.step(at, place, wrist, sure)
        turns += [turn] if turn else []
        ended += [stroke] if stroke else []
    return turns, ended


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_turns_are_found_where_the_hand_turns(fps):
    t = np.arange(0.2, 3.4, 1 / fps)
    turns, _ = watch(t, [world(place) for place in places(TURNS, t)])
    np.testing.assert_allclose(
        [turn.t for turn in turns], TURNS[1:-1], atol=0.02 if fps > 15 else 0.03
    )
    assert [turn.direction for turn in turns] == [-1, 1, -1, 1, -1]


def test_a_stroke_has_the_amount_and_speed_of_the_bow():
    t = np.arange(0.2, 3.4, 1 / 50)
    _, ended = watch(t, [world(place) for place in places(TURNS, t)])
    for (start, stroke), first, last in zip(ended, TURNS[1:-2], TURNS[2:-1], strict=True):
        assert start == pytest.approx(first, abs=0.02)
        assert stroke.duration == pytest.approx(last - first, abs=0.03)
        assert stroke.amount.value == pytest.approx(0.2, rel=0.06)
        assert stroke.speed.value == pytest.approx(0.2 / (last - first), rel=0.1)
        assert stroke.amount.reliability > 0.8
    assert [stroke.index for _, stroke in ended] == list(range(4))


def test_a_hand_that_circles_is_less_straight_than_one_that_does_not():
    t = np.arange(0.2, 3.4, 1 / 50)
    hand = places(TURNS, t)
    straight = [world(place) for place in hand]
    round_ = [world(place, 0.4 * (place - 0.3) * (0.5 - place) / 0.1) for place in hand]
    values = [
        [s.straightness.value for _, s in watch(t, points)[1]] for points in (straight, round_)
    ]
    assert min(values[0]) > 0.97
    assert max(values[1]) < 0.92


def test_a_hand_at_rest_that_trembles_makes_no_strokes():
    rng = np.random.default_rng(3)
    points = [world(0.4 + 0.0025 * rng.standard_normal()) for _ in range(600)]
    assert watch(np.arange(600) / 30, points)[1] == []


def test_what_is_badly_seen_is_not_sure():
    t = np.arange(0.2, 3.4, 1 / 30)
    _, ended = watch(t, [world(place) for place in places(TURNS, t)], sure=0.2)
    assert max(stroke.amount.reliability for _, stroke in ended) <= 0.2
    assert seen(np.array([1.0] * 16 + [0.3] + [1.0] * 16)) == 0.3


def test_a_gap_breaks_a_stroke_off():
    t = np.arange(0.2, 3.4, 1 / 30)
    t = t[(t < 1.3) | (t > 1.9)]
    _, ended = watch(t, [world(place) for place in places(TURNS, t)])
    assert all(not (start < 1.3 and start + stroke.duration > 1.9) for start, stroke in ended)


def test_the_bow_of_a_simulated_player_is_found():
    mir_eval = pytest.importorskip("mir_eval", reason="needs mir_eval (extra 'test')")
    notes = [(0.5 + 0.4 * k, 0.9 + 0.4 * k, 62 + 5 * (k % 5), 80, k % 3 == 2) for k in range(40)]
    rng = np.random.default_rng(2)
    motion = play(notes, drawn(rng), rng)
    turns, _ = watch(motion.t, landmarks33(motion)[0])
    f, *_ = mir_eval.onset.f_measure(motion.turns, np.array([turn.t for turn in turns]), window=0.1)
    assert f > 0.85


def test_depth_counts_as_much_as_is_wished():
    points = world(0.4)
    deep = points.copy()
    deep[16, 2] += 0.1
    for depth in (0.0, 0.5, 1.0):
        path = Bow(depth)
        path.step(0.0, points)
        moved = path.step(0.0, deep)[0] - Bow(depth).step(0.0, points)[0]
        line = np.array([-0.85, -0.25, 0.45]) * [1, 1, depth]
        assert moved == pytest.approx(0.1 * depth * line[2] / np.linalg.norm(line), abs=1e-6)
