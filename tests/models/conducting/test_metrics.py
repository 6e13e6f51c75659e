import numpy as np
import pytest
import scipy.signal

torch = pytest.importorskip("torch")

from rt_engine.models.conducting import metrics as m  # noqa: E402
from rt_engine.models.conducting.m2s import Discriminator  # noqa: E402
from rt_engine.models.conducting.published import read_net  # noqa: E402
from tests.models.conducting.rigs import GOLDEN, swinging  # noqa: E402

pytestmark = pytest.mark.train
FACTORS = (0.5, 0.8, 1.0, 1.25, 2.0)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def golden():
    path = GOLDEN / "m2sgan_official_io.npz"
    if not path.exists():
        pytest.skip("needs ../shared/golden/m2sgan_official_io.npz")
    return np.load(path)


@pytest.mark.parametrize("size", [600, 256, 255, 100])
def test_power_density_equals_scipy(size):
    rows = np.random.default_rng(size).standard_normal((size, 3)).cumsum(axis=0)
    wanted = scipy.signal.welch(rows, 30.0, axis=0, nperseg=min(size, 256))
    for found, oracle in zip(m.welch(rows, 30.0), wanted, strict=True):
        np.testing.assert_allclose(found, oracle, rtol=1e-9, atol=1e-15)


@pytest.mark.shared
def test_rde_sce_and_sd_are_those_of_the_published_implementation():
    data = golden()
    for other, mark in (("motion2", ""), ("motion3", "13")):
        pair = data["motion"], data[other]
        assert abs(m.rde(*pair) - data[f"rde{mark}"]) < 1e-6
        assert abs(m.sce(*pair) - data[f"sce{mark}"]) < 1e-6
    assert abs(m.sd(data["motion"]) - data["sd"][0]) < 1e-6
    assert abs(m.sd(data["motion2"]) - data["sd"][1]) < 1e-6


@pytest.mark.shared
def test_the_formulas_of_the_paper_give_other_figures():
    data = golden()
    pair = data["motion"], data["motion3"]
    assert m.rde(*pair, "paper") == pytest.approx(5.46, abs=0.005)
    assert m.sce(*pair, "paper") == pytest.approx(12.39, abs=0.005)
    assert m.sd(data["motion"], "paper") == pytest.approx(0.1036, abs=5e-5)


@pytest.mark.parametrize("definition", ["published", "paper"])
@pytest.mark.parametrize("error", [m.rde, m.sce])
def test_an_error_is_nothing_without_perturbation_and_grows_with_either(error, definition):
    motion = swinging()
    assert error(motion, motion, definition) == 0.0
    for perturb in (m.amplified, m.stretched):
        down = [error(motion, perturb(motion, f), definition) for f in (0.8, 0.5)]
        up = [error(motion, perturb(motion, f), definition) for f in (1.25, 1.6)]
        assert 0 < down[0] < down[1] or perturb is m.stretched
        assert min(*down, *up) > 0
        if perturb is m.amplified:
            assert up[0] < up[1]


def test_mse_prefers_a_small_motion_out_of_time_to_a_large_one_nearer_to_it():
    motion = swinging()
    small_and_far = m.amplified(m.stretched(motion, 1.6), 0.1)
    full_and_nearer = m.stretched(motion, 1.25)
    assert m.mse(motion, small_and_far) < m.mse(motion, full_and_nearer)
    assert m.mse(motion, motion) == 0.0


def test_sdp_is_the_amplitude_in_percent_and_knows_no_time():
    motion = swinging()
    for factor in FACTORS:
        for definition in ("published", "paper"):
            found = m.sdp(motion, m.amplified(motion, factor), definition)
            assert found == pytest.approx(100 * factor)
        assert m.sdp(motion, m.stretched(motion, factor)) == pytest.approx(100, abs=4)


@pytest.mark.shared
def test_sync_error_grows_with_the_distance_in_time_whatever_the_amplitude():
    if not (path := GOLDEN / "M2SNet_official_pretrained.pt").exists():
        pytest.skip(f"needs ../shared/golden/{path.name}")
    motion, encoder = golden()["motion"][:300], read_net(path).motion

    def error(made):
        with torch.no_grad():
            a, b = (encoder(torch.from_numpy(x.astype(np.float32))[None]) for x in (motion, made))
        return float(((a - b) ** 2).mean())

    assert error(motion) == 0.0
    stretched = [error(m.stretched(motion, f)) for f in (1.02, 1.5)]
    amplified = [error(m.amplified(motion, f)) for f in (1.05, 1.3)]
    assert 0 < stretched[0] < stretched[1]
    assert 0 < amplified[0] < amplified[1]
    # point A of figure 5 is no better than point B
    assert error(m.amplified(m.stretched(motion, 1.5), 0.1)) > stretched[0]


def test_the_distance_of_a_critic_sees_unnatural_bodies_and_hardly_time():
    torch.manual_seed(0)
    body = swinging()
    real = torch.from_numpy(np.stack([body[k : k + 150] for k in range(0, 450, 50)]))
    odd = torch.from_numpy(m.amplified(real.numpy(), 0.8, about_mean=False)).float()
    critic = Discriminator()
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3)
    for _ in range(40):
        loss = (critic(odd) - critic(real)).mean() + 10 * (critic(real) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def distance(made):
        with torch.no_grad():
            made = torch.from_numpy(np.asarray(made, np.float32))[None]
            return float(critic(torch.from_numpy(body)[None]) - critic(made))

    spatial = distance(m.amplified(body, 0.8, about_mean=False))
    assert spatial > 0
    assert all(abs(distance(m.stretched(body, f))) < 0.2 * spatial for f in (0.8, 1.25))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_stretching_keeps_length_and_changes_the_frequency(factor):
    motion = swinging(bpm=120)
    slow = m.stretched(motion, factor)
    assert slow.shape == motion.shape
    frequencies, power = m.welch(slow[:, 10, 1:], 30.0)
    assert frequencies[power[:, 0].argmax()] == pytest.approx(2.0 / factor, abs=0.12)


def test_turns_of_the_hand_are_found_between_frames_and_scored():
    motion = swinging(bpm=100)
    beats = np.arange(0.6, 19.5, 0.6)
    lows = m.lowest_points(motion)
    assert len(lows) >= len(beats) - 2
    assert np.abs(beats[:, None] - lows[None]).min(axis=1)[:-1].max() < 0.01
    assert m.beat_f(lows, beats) > 0.95 > 0.3 > m.beat_f(lows, beats + 0.3)
    assert m.beat_consistency(lows, beats) > 0.9 > 0.2 > m.beat_consistency(lows, beats + 0.3)
    assert m.beat_consistency([], beats) == m.beat_f([], beats) == 0.0


def test_a_hand_that_turns_at_random_is_no_better_than_its_density():
    rng = np.random.default_rng(0)
    beats = np.arange(1.0, 200.0, 0.5)
    many = np.sort(rng.uniform(0, 200, 2000))
    assert m.beat_consistency(many, beats) > 0.8  # which is why F stands beside it
    assert m.beat_f(many, beats) < 0.45


def test_jerk_is_the_third_derivative():
    t = np.arange(300) / 30
    motion = np.zeros((300, 13, 2))
    motion[:, 9:11, 0] = (t**3)[:, None]
    assert m.jerk(motion) == pytest.approx(6.0, rel=1e-6)


def test_diversity_is_relative_to_the_motion_and_can_leave_the_pose_out():
    motion = swinging().astype(float)
    assert m.diversity(np.stack([motion, motion])) == 0.0
    moved = np.stack([motion, motion + 0.1])
    assert m.diversity(moved) > 1.0
    assert m.diversity_of_gesture(moved) == pytest.approx(0.0, abs=1e-9)
    other = np.stack([motion, m.stretched(motion, 1.3)])
    assert m.diversity_of_gesture(other) > 0.3


def test_a_contour_of_too_few_frames_is_told():
    with pytest.raises(ValueError, match="needs 60"):
        m.strength_contour(np.zeros((59, 13, 2)))
