"""Joints that hardly move are held, joints that move far are followed, each by its own measure."""

import numpy as np

from rt_engine.violin.pose_calm import MISSED, SHARE, Calm
from rt_engine.violin.pose_front import JOINTS, MEANS, NARROW, PLACES, RATE, WIDE, Front
from rt_engine.violin.simulation.noise import GROUPS, MEASURED

DECAY = float(np.exp(-1 / RATE / MEANS[-1]))
WRIST, KNEE = 5, 9


def drawn(quick, late, decay=DECAY):
    calm = Calm(decay, quick.shape[1])
    rows = zip(quick.astype(np.float32), late.astype(np.float32), strict=True)
    return np.array([calm.step(*row) for row in rows])


def departing(size, axis, joint, count=300):
    """Places that swing about 0 by so many m along one axis of one joint."""
    places = np.zeros((count, 1, JOINTS, 3))
    places[:, 0, joint, axis] = size * np.sin(2 * np.pi * np.arange(count) / RATE)
    return places


def test_it_is_lees_filter():
    rng = np.random.default_rng(1)
    quick, late = rng.normal(size=(2, 40, 3, JOINTS, 3)) * 0.03
    away = (quick - late)[..., :2]
    weight = 0.9 ** np.arange(40)[::-1]
    energy = (weight[:, None, None] * (away**2).sum(-1)).sum(0) / weight.sum()
    missed = np.array([SHARE * MEASURED[group].size[0] for group in GROUPS])
    share = energy / (energy + missed**2)
    true = late[-1, ..., :2] + share[..., None] * away[-1]
    np.testing.assert_allclose(drawn(quick, late, 0.9)[-1, ..., :2], true, atol=1e-6)


def test_what_moves_far_is_followed_and_what_hardly_moves_is_held():
    for axis, column in ((0, 0), (1, 0), (2, 1)):
        missed = float(MISSED[WRIST, column])
        for size, least, most in ((0.3 * missed, 0.0, 0.1), (10 * missed, 0.95, 1.0)):
            places = departing(size, axis, WRIST)
            found = drawn(places, np.zeros_like(places))
            share = found[100:].max() / places[100:].max()
            assert least <= share <= most


def test_each_joint_and_depth_by_its_own_measure():
    places = departing(0.03, 2, WRIST) + departing(0.03, 2, KNEE) + departing(0.03, 0, WRIST)
    found = drawn(places, np.zeros_like(places))[100:, 0].max(axis=0)
    assert found[WRIST, 2] < 0.6 * found[KNEE, 2]
    assert found[WRIST, 2] < 0.6 * found[WRIST, 0]


def test_reset_forgets():
    rng = np.random.default_rng(2)
    quick, late = rng.normal(size=(2, 30, 1, JOINTS, 3)).astype(np.float32) * 0.02
    calm = Calm(DECAY)
    first = [calm.step(*row) for row in zip(quick, late, strict=True)]
    calm.reset()
    again = [calm.step(*row) for row in zip(quick, late, strict=True)]
    np.testing.assert_array_equal(first, again)


def lines(places, held):
    """Places of the narrow and of the wide line, with what holds joints, and without."""
    front = Front(5)
    if not held:
        front._held.step = lambda quick, late: quick
    there, age = np.ones((1, JOINTS), np.float32), np.zeros(1, np.float32)
    rows = [(front.step(x, there, age)[0], front.mean[0]) for x in places.astype(np.float32)]
    numbers, means = (np.array(part) for part in zip(*rows, strict=True))
    found = [numbers[:, k * PLACES : (k + 1) * PLACES] + means for k in (NARROW, WIDE)]
    return [part.reshape(-1, JOINTS, 3) for part in found]


def test_the_front_holds_still_joints_before_a_webcam_and_leaves_wild_noise_as_it_is():
    rng = np.random.default_rng(3)
    body = rng.normal(size=(JOINTS, 3)) * 0.5
    for noise, calm in ((0.003, True), (0.3, False)):
        places = body + noise * rng.standard_normal((300, 1, JOINTS, 3))
        kept, bare = lines(places, True), lines(places, False)
        for (own, other), axes in zip(
            zip(kept, bare, strict=True), (slice(2), slice(2, 3)), strict=True
        ):
            own, other = (x[100:, :, axes].std(axis=0).mean() for x in (own, other))
            assert own < 0.7 * other if calm else own > 0.99 * other
        np.testing.assert_array_equal(kept[0][..., 2], bare[0][..., 2])
        np.testing.assert_array_equal(kept[1][..., :2], bare[1][..., :2])
