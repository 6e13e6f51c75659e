"""What a generator of conducting is worth: six measures, and what counts when it is seen live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rt_engine.conducting.performance import pictured
from rt_engine.models.conducting import metrics
from rt_engine.models.conducting.m2s import Discriminator
from rt_engine.models.conducting.motion import MotionEncoder
from rt_engine.models.conducting.music import MOTION_RATE
from rt_engine.models.conducting.network import LiveGenerator
from rt_engine.models.conducting.sets import at_thirty
from rt_engine.models.conducting.simulate import Pair
from rt_engine.models.conducting.train import perform, prepared

Floats = NDArray[np.float32]
Scores = dict[str, float]

DRAWS = 6  # performances of one piece, to tell how much noise changes
JERK = (5.0, 95.0)  # percentiles of the training motion


def live_motion(net: LiveGenerator, pair: Pair, rng: torch.Generator, draws: int = 1) -> Floats:
    """Performances of a pair's music with drawn noise: joints (draws, n, 13, 3), 50 a second."""
    with torch.no_grad():
        made = perform(net.eval(), prepared(pair), draws, rng)
    return np.asarray(made.unflatten(-1, (-1, 3)).numpy())


def seen(joints: Floats) -> Floats:
    """Joints (n, 13, 3) at 50 frames a second as the paper's data has them: 2-D at 30."""
    seconds = len(joints) // 50
    return at_thirty(pictured(joints[: 50 * seconds]))


def six(
    real: Sequence[Floats], made: Sequence[Floats], encoder: MotionEncoder, critic: Discriminator
) -> Scores:
    """MSE (x 1000), SE, W-dis (x 1000), RDE, SCE and SDP (%), means over pieces.

    encoder: of an M2S-Net that was trained on the test part, as section 6.2.2 wants. critic: the
    one that was trained with the method.
    """
    pairs = list(zip(real, made, strict=True))
    with torch.no_grad():
        sync = [float(((_features(encoder, a) - _features(encoder, b)) ** 2).mean())
                for a, b in pairs]  # fmt: skip
        gap = [float(critic(_tensor(a)) - critic(_tensor(b))) for a, b in pairs]
    return {
        "MSE": 1e3 * float(np.mean([metrics.mse(a, b) for a, b in pairs])),
        "SE": float(np.mean(sync)),
        "W-dis": 1e3 * float(np.mean(gap)),
        "RDE": float(np.mean([metrics.rde(a, b) for a, b in pairs])),
        "SCE": float(np.mean([metrics.sce(a, b) for a, b in pairs])),
        "SDP": 100 * float(np.mean([metrics.sd(b) for _, b in pairs]))
        / float(np.mean([metrics.sd(a) for a, _ in pairs])),
    }  # fmt: skip


def _tensor(motion: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(motion, np.float32))[None]


def _features(encoder: MotionEncoder, motion: Floats) -> torch.Tensor:
    features: torch.Tensor = encoder(_tensor(motion))
    return features


def steady(motions: Sequence[Floats], real: Sequence[Floats]) -> tuple[float, float, float]:
    """Share of motions whose jerk is within 5..95 % of the real ones', and those two limits."""
    low, high = np.percentile([metrics.jerk(x) for x in real], JERK)
    inside = [low <= metrics.jerk(x) <= high for x in motions]
    return float(np.mean(inside)), float(low), float(high)


def on_the_beat(motion: Floats, beats: NDArray[np.float64]) -> Scores:
    """Beat consistency and F-measure of the lowest points of the hand; motion at 30 a second."""
    last = len(motion) / MOTION_RATE
    inside = beats[(beats > 2.0) & (beats < last - 0.5)]
    lows = metrics.lowest_points(motion)
    lows = lows[(lows > 1.5) & (lows < last)]
    return {
        "consistency": metrics.beat_consistency(lows, inside),
        "F": metrics.beat_f(lows, inside),
    }


def scores_of(net: LiveGenerator, pairs: Sequence[Pair], seed: int = 0) -> Scores:
    """The live generator's figures on held-out pairs, beside the truth; for the card.

    All in %. "late" is a baseline: the real motion, shifted by 1.2 s, which hears nothing.
    """
    rng = torch.Generator().manual_seed(seed)
    truth, made, spread, found = [], [], [], []
    for pair in pairs:
        takes = live_motion(net, pair, rng, DRAWS)
        pictures = np.stack([seen(x) for x in takes])
        truth.append(seen(pair.joints))
        made.append(pictures[0])
        spread.append((metrics.diversity(pictures), metrics.diversity_of_gesture(pictures)))
        found.append(_beside(pair, pictures[0], truth[-1]))
    inside, _, _ = steady(made, truth)
    mean = {name: float(np.mean([x[name] for x in found])) for name in found[0]}
    sd_made, sd_truth = (np.mean([metrics.sd(x) for x in xs]) for xs in (made, truth))
    return mean | {
        "SDP": 100 * float(sd_made / sd_truth),
        "jerk inside 5..95 %": 100 * inside,
        "diversity": 100 * float(np.mean([a for a, _ in spread])),
        "diversity of gesture": 100 * float(np.mean([b for _, b in spread])),
    }


def _beside(pair: Pair, made: Floats, truth: Floats) -> Scores:
    """Beats met by the made motion, by the real one, and by the real one of half a bar later."""
    beats = pair.beats[:, 0]
    rows = {"made": made, "real": truth, "late": np.roll(truth, 37, axis=0)}
    scores = {name: on_the_beat(motion, beats) for name, motion in rows.items()}
    return {f"{what} {name}": 100 * x[what] for name, x in scores.items() for what in x}
