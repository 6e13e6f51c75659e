import numpy as np
import pytest

from rt_engine.rhythm import BarSpace, ForwardFilter


def dense_model(space, tempi, restart, endurance):
    """The transition matrix, written out state by state from the definition."""
    matrix = np.zeros((space.size, space.size))
    index = {}
    for row in range(space.rows):
        for tempo, period in enumerate(space.periods):
            for position in range(period):
                index[row, tempo, position] = len(index)
    weights = np.exp(-80.0 * np.abs(space.periods[None] / space.periods[:, None] - 1))
    change = weights / weights.sum(axis=1, keepdims=True)
    meter_start = np.repeat(np.cumsum(space.meters) - space.meters, space.meters)
    for (row, tempo, position), state in index.items():
        for other in range(len(space.periods)):
            for landing in range(space.rows):
                goal = index[landing, other, 0]
                matrix[state, goal] += restart * tempi[other] / space.rows
        if position + 1 < space.periods[tempo]:
            matrix[state, index[row, tempo, position + 1]] += 1 - restart
            continue
        beats = int(np.repeat(space.meters, space.meters)[row])
        following = meter_start[row] + (row - meter_start[row] + 1) % beats
        for other in range(len(space.periods)):
            lasting = endurance[tempo] * change[tempo, other]
            matrix[state, index[following, other, 0]] += (1 - restart) * lasting
    return matrix


@pytest.mark.parametrize("meters", [(1,), (4,), (3, 4)])
@pytest.mark.parametrize(("restart", "wearing"), [(1e-8, False), (1e-2, False), (1e-3, True)])
def test_equals_the_dense_forward_pass(meters, restart, wearing):
    rng = np.random.default_rng(0)
    space = BarSpace(10.0, (70, 150), meters)
    tempi = space.tempo_prior(100, 0.5)
    labels = rng.integers(0, 5, space.size)
    endurance = rng.uniform(0.5, 1.0, len(tempi)) if wearing else np.ones(len(tempi))
    ours = ForwardFilter(space, labels, tempi, restart, endurance if wearing else None)
    matrix = dense_model(space, tempi, restart, endurance)
    assert wearing or np.allclose(matrix.sum(axis=1), 1.0)
    belief = ours.belief.copy()
    for _ in range(550):  # beyond the room of the sliding buffer
        likelihood = rng.uniform(0.01, 1.0, 5)
        belief = (belief @ matrix) * likelihood[labels]
        total = belief.sum()
        belief /= total
        ours.step(likelihood)
        np.testing.assert_allclose(ours.belief, belief, rtol=0, atol=1e-9)
        assert ours.evidence == pytest.approx(np.log(total), abs=1e-9)


def test_a_place_that_was_ruled_out_comes_back():
    space = BarSpace(50.0, (80, 160), (1,))
    on_beat = (space.phase > 1 / 16).astype(int)
    ours = ForwardFilter(space, on_beat, space.tempo_prior(120, 0.5), restart=1e-4)
    for start in (0, 12):
        for frame in range(1500):
            hit = frame % 25 == start
            ours.step(np.array([1.0, 0.02] if hit else [0.02, 1.0]))
        tempo = space.tempo[ours.belief.argmax()]
        assert space.periods[tempo] == 25


def test_the_belief_is_a_distribution_after_an_hour_of_frames_that_say_little():
    space = BarSpace(20.0, (80, 160), (4,))
    ours = ForwardFilter(space, np.arange(space.size) % 3, space.tempo_prior(120, 0.5))
    for _ in range(5000):
        ours.step(np.array([1e-30, 2e-30, 1e-30]))
    assert ours.belief.sum() == pytest.approx(1.0)
    assert (ours.belief > 0).all()
