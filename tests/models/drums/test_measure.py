"""Bins, errors, and what is told of a rhythm."""

import numpy as np
import pytest
from scipy import stats

from rt_engine.drums.bar import Bar
from rt_engine.models.drums import measure, rhythms


def bars(n, seed=0, chance=0.15, steps=32):
    rng = np.random.default_rng(seed)
    hits = rng.random((n, steps, 9)) < chance
    velocities = np.where(hits, rng.uniform(0.1, 1, hits.shape), 0).astype(np.float32)
    return Bar(hits, velocities, np.where(hits, 0.2, 0).astype(np.float32))


def test_k_means_finds_clusters_that_lie_apart():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 10, (5, 7))
    points = np.concatenate([truth + rng.normal(0, 0.1, truth.shape) for _ in range(40)])
    points = points.astype(np.float32)
    found = measure.k_means(points, 5, np.random.default_rng(1))
    far = np.linalg.norm(found[:, None] - truth[None], axis=-1)
    assert sorted(far.argmin(axis=1).tolist()) == list(range(5)) and far.min(axis=1).max() < 0.1


def test_what_is_drawn_alike_differs_in_few_bins_and_other_drums_in_most():
    every = bars(6000, 1)
    bins = measure.Bins(every.hits[:3000], bins=20)
    assert bins.different(every.hits[3000:]) <= 4
    assert bins.different(every.hits[:3000]) == 0 and bins.distance(every.hits[:3000]) == 0
    assert bins.different(bars(3000, 2, 0.3).hits) >= 11
    assert bins.distance(bars(3000, 2, 0.3).hits) > 0.3


def test_the_test_of_a_bin_is_that_of_two_proportions():
    """Against the chi-squared test of the 2 by 2 table, which is the same test."""
    hits = np.zeros((1000, 2, 9), np.bool_)
    hits[:300, 0, 0] = True
    bins = measure.Bins(hits, bins=2)
    for number in range(150, 460, 7):
        other = np.zeros_like(hits)
        other[:number, 0, 0] = True
        table = [[300, 700], [number, 1000 - number]]
        differs = stats.chi2_contingency(table, correction=False).pvalue < 0.05
        assert bins.different(other) == (2 if differs else 0), number


def test_errors_over_strokes_and_over_cells():
    true = bars(10)
    found = measure.squared_errors(true.velocities + 0.5, true.offsets - 0.1, true)
    share = true.hits.mean()
    assert found["velocity MSE, hits"] == pytest.approx(0.25, rel=1e-5)
    assert found["offset MSE, hits"] == pytest.approx(0.01, rel=1e-5)
    assert found["velocity MSE, all cells"] == pytest.approx(0.25 * share, rel=1e-5)
    assert found["offset MSE, all cells"] == pytest.approx(0.01 * share, rel=1e-5)


def test_the_exact_rhythm_is_where_anything_is_struck():
    some = bars(20, chance=0.05)
    told = rhythms.exact(some)
    np.testing.assert_array_equal(told[..., 0] > 0, some.hits.any(axis=-1))
    assert (told[..., 1] == 1).all()


def test_a_body_leaves_out_weak_strokes_first_and_half_the_rows_are_exact():
    some = bars(4000, chance=0.05)
    told = rhythms.seen(some, np.random.default_rng(0))
    thin = told[:, 0, 1] == 0
    assert 0.45 < thin.mean() < 0.55
    np.testing.assert_array_equal(told[~thin], rhythms.exact(some)[~thin])
    struck, loud = some.hits.any(axis=-1)[thin], rhythms.strengths(some)[thin]
    kept = told[thin][..., 0] > 0
    weak, strong = struck & (loud < 0.4), struck & (loud > 0.9)
    assert 0.3 < kept[weak].mean() < kept[strong].mean() - 0.2
    assert 0.02 < kept[~struck].mean() < 0.04


def test_density_and_intensity_are_means_over_the_steps_around():
    some = bars(3, chance=0.1)
    density, intensity = rhythms.density_of(some), rhythms.intensity_of(some)
    for step in (0, 5, 20, 31):
        around = slice(max(step - 16, 0), step + 17)
        hits = some.hits[:, around]
        np.testing.assert_allclose(density[:, step], hits.any(-1).mean(-1), atol=1e-6)
        loud = [v[h].mean() for v, h in zip(some.velocities[:, around], hits, strict=True)]
        np.testing.assert_allclose(intensity[:, step], loud, atol=1e-5)
    assert not rhythms.intensity_of(bars(2, chance=0)).any()
