"""The losses of MOSA (Huang et al., section VI-B, equations 6 to 10), in closed form.

With the error e = made - real, the sum of (e_i - e_j)^2 over all pairs of n values is 2 n^2 times
their variance. So the matrices of equations 6 and 7, T x T and 3N x 3N, need not be built: the
time-wise loss is twice the variance of e over time, summed over coordinates, the space-wise one
twice its variance over coordinates, summed over time.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

__all__ = ["DISTANCES", "WEIGHTS", "compound", "even", "mse", "spacewise", "timewise", "weighted"]

WEIGHTS = (2.0, 2.0, 1.0)  # of L_t, L_s and L_m
DISTANCES = {"right": 3.0, "left": 3.0, "torso": 1.0}  # d_c: how far each component moves


def timewise(made: Tensor, real: Tensor) -> Tensor:
    """L_t (equation 6), the mean over the batch; motions (batch, T, 3N)."""
    return 2.0 * (made - real).var(dim=1, correction=0).sum(dim=-1).mean()


def spacewise(made: Tensor, real: Tensor) -> Tensor:
    """L_s (equation 7), the mean over the batch; motions (batch, T, 3N)."""
    return 2.0 * (made - real).var(dim=2, correction=0).sum(dim=-1).mean()


def mse(made: Tensor, real: Tensor) -> Tensor:
    """L_m (equation 8)."""
    return (made - real).square().mean()


def compound(made: Tensor, real: Tensor) -> Tensor:
    """L_c of one component (equation 9)."""
    t, s, m = WEIGHTS
    return t * timewise(made, real) + s * spacewise(made, real) + m * mse(made, real)


def even(made: Tensor, real: Tensor) -> Tensor:
    """L_c with each of its losses as a mean over rows and coordinates, whatever their numbers.

    As in `compound`, L_m is a mean, L_t a sum over coordinates and L_s one over time: over clips of
    some seconds L_m hardly counts, and nothing else sees an error that is the same everywhere.
    """
    t, s, m = WEIGHTS
    time, coordinates = made.shape[1:]
    by_time, by_space = timewise(made, real) / coordinates, spacewise(made, real) / time
    return t * by_time + s * by_space + m * mse(made, real)


def weighted(losses: Mapping[str, Tensor]) -> Tensor:
    """L_rec (equation 10): components, each by how far it moves."""
    total = [loss / DISTANCES[name] for name, loss in losses.items()]
    return sum(total[1:], total[0])
