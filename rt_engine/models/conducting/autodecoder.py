"""The noise of performances, learnt along with the network that turns it into motion."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rt_engine.conducting.controls import MOMENT, STYLE
from rt_engine.models.conducting.network import LiveGenerator, filtered, smoothing
from rt_engine.models.rhythm.streams import FPS

NARROW = -3.0  # logarithm of the variance that the noise of a performance begins with


class Song(NamedTuple):
    """A pair as the network sees it behind its filters, in rows of frames."""

    heard: Tensor  # (n, 80), half precision
    phases: Tensor  # (n, PHASES)
    slow: Tensor  # (n, SLOW)
    joints: Tensor  # (n, 39), m


class Batch(NamedTuple):
    """Windows of songs (rows, frames, ...); which song, and from which frame on."""

    heard: Tensor
    phases: Tensor
    slow: Tensor
    joints: Tensor
    song: Tensor
    start: Tensor


class AutoDecoder(nn.Module):
    """The generator that stays, and the noise of every performance, which is needed to train it.

    style (songs, 16) and moments (songs, seconds + 2, 8) are means, then logarithms of variances.
    """

    def __init__(self, songs: int, seconds: int, swift: float = 1.0) -> None:
        super().__init__()
        self.generator, self.swift = LiveGenerator(), swift
        self.style = nn.Parameter(_unknown(songs, 1, STYLE, swift)[:, 0])
        self.moments = nn.Parameter(_unknown(songs, seconds + 2, MOMENT, swift))

    def forward(self, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Joints (rows, frames - 4, 39) in units of the training, and the divergence (rows,)."""
        frames = batch.phases.shape[1]
        style, nats = drawn(self.swift * self.style[batch.song], rng)
        second = batch.start // FPS
        near = torch.stack([self.moments[batch.song, second + k] for k in range(2)], dim=1)
        moments, more = drawn(self.swift * near, rng)
        noise = noise_rows(style, moments, frames, batch.start % FPS)
        moved = self.generator.moved(batch.heard, batch.phases, batch.slow, noise)
        return filtered(moved, smoothing()), nats + more


def _unknown(songs: int, rows: int, size: int, swift: float) -> Tensor:
    """Noise of which nothing is known yet but that it differs."""
    mean = 0.1 * torch.randn(songs, rows, size)
    return torch.cat((mean, torch.full_like(mean, NARROW)), dim=-1) / swift


def drawn(told: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise from means and log-variances (rows, ..., 2 n), and its divergence (rows,)."""
    mean, log_variance = told.chunk(2, dim=-1)
    log_variance = log_variance.clamp(-8.0, 3.0)
    nats = 0.5 * (mean**2 + log_variance.exp() - 1.0 - log_variance)
    noise = mean + torch.randn(mean.shape, generator=rng) * (0.5 * log_variance).exp()
    return noise, nats.flatten(1).sum(dim=1)


def noise_rows(style: Tensor, moments: Tensor, frames: int, start: Tensor) -> Tensor:
    """Style (rows, 8) and moments at whole seconds (rows, k, 4) as rows (rows, frames, 12).

    start (rows,): frames from the first moment on. Between the seconds as `controls.Noise` goes.
    """
    place = start[:, None] + torch.arange(frames)[None]
    second = (place // FPS).clamp(max=moments.shape[1] - 2)
    share = (0.5 - 0.5 * torch.cos(torch.pi * (place / FPS - second)))[..., None]
    rows = torch.arange(len(moments))[:, None]
    between = moments[rows, second] * (1.0 - share) + moments[rows, second + 1] * share
    kept = style[:, None].expand(-1, frames, -1)
    return torch.cat((kept, between), dim=-1)


def random_noise(rows: int, frames: int, rng: torch.Generator) -> Tensor:
    """Noise (rows, frames, 12) of performances that nobody gave."""
    style = torch.randn(rows, STYLE, generator=rng)
    moments = torch.randn(rows, frames // FPS + 2, MOMENT, generator=rng)
    return noise_rows(style, moments, frames, torch.zeros(rows, dtype=torch.long))
