"""Spectra made different from what they were: other rooms, microphones, keys and levels.

All functions take mel spectra (batch, time, bands) that are ln(1 + 10 x), x magnitudes over the
running level (see `rt_engine.signal.RhythmMel`), and a generator.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

GAIN = 10.0  # inside the logarithm
EQ = 4.0  # dB, deviation of each of the curves that make an equaliser
DRIFT = 2.0  # dB, deviation of the level's slow waves
CURVES = 4
SHIFT = 3  # bands, about 1.5 semitones each in the middle
MASK = 14  # bands, the widest mask
FLOOR = 0.15  # of the level, the loudest noise


def vary(mel: Tensor, rng: torch.Generator, strength: Tensor) -> Tensor:
    """Everything below, each with its own chance for each row of the batch.

    strength: (batch, 1) or (1, 1), of what colours the sound: 1 in full, 0 not at all.
    """
    mel = shift(mel, rng)
    x = torch.expm1(mel).clamp_(min=0.0)
    before = x.mean(dim=(1, 2), keepdim=True)
    x *= decibels(strength * equaliser(mel, rng))[:, None, :]
    x *= decibels(strength * drift(mel, rng))[:, :, None]
    x += strength[:, :, None] * noise(mel, rng) * before
    x *= before / x.mean(dim=(1, 2), keepdim=True).clamp(min=1e-6)
    return mask(torch.log1p(x), rng)


def decibels(gain: Tensor) -> Tensor:
    """Factors of gains in dB."""
    return torch.exp(gain * (math.log(10.0) / 20.0))


def equaliser(mel: Tensor, rng: torch.Generator) -> Tensor:
    """Smooth gains a band (batch, bands), dB; for a few rows one end of the range is cut off."""
    batch, _, bands = mel.shape
    place = torch.linspace(0.0, 1.0, bands)
    waves = torch.cos(math.pi * place * torch.arange(1, CURVES + 1)[:, None])
    curve = EQ * torch.randn(batch, CURVES, generator=rng) @ waves
    low, high = torch.rand(2, batch, 1, generator=rng) * 0.35
    cut = torch.rand(batch, 1, generator=rng)
    steep = torch.where(cut < 0.1, (low - place).clamp(min=0.0), 0.0)
    steep = torch.where(cut > 0.85, (place - 1.0 + high).clamp(min=0.0), steep)
    return curve - 150.0 * steep


def drift(mel: Tensor, rng: torch.Generator) -> Tensor:
    """Slow waves of the level (batch, time), dB."""
    batch, frames, _ = mel.shape
    t = torch.arange(frames) / 50.0
    period, phase = torch.rand(2, batch, 1, generator=rng)
    size = DRIFT * torch.randn(batch, 1, generator=rng)
    return size * torch.cos(2.0 * math.pi * (t / (3.0 + 17.0 * period) + phase))


def noise(mel: Tensor, rng: torch.Generator) -> Tensor:
    """A floor (batch, time, bands) with a random slope, for one row in three."""
    batch, frames, bands = mel.shape
    size = torch.rand(batch, 1, generator=rng) ** 2 * FLOOR * GAIN
    size = torch.where(torch.rand(batch, 1, generator=rng) < 0.33, size, 0.0)
    slope = torch.randn(batch, 1, generator=rng) * torch.linspace(-6.0, 6.0, bands)
    level = (size * decibels(slope))[:, None, :]
    return level * (0.5 + torch.rand(batch, frames, bands, generator=rng))


def shift(mel: Tensor, rng: torch.Generator) -> Tensor:
    """Every row up or down by up to `SHIFT` bands; the end band is repeated."""
    batch, _, bands = mel.shape
    by = torch.randint(-SHIFT, SHIFT + 1, (batch, 1), generator=rng)
    index = (torch.arange(bands) + by).clamp(0, bands - 1)
    return mel.gather(2, index[:, None, :].expand_as(mel))


def mask(mel: Tensor, rng: torch.Generator) -> Tensor:
    """A stretch of bands silenced in one row of three."""
    batch, _, bands = mel.shape
    width = torch.randint(1, MASK + 1, (batch, 1), generator=rng)
    start = (torch.rand(batch, 1, generator=rng) * (bands - width)).long()
    band = torch.arange(bands)
    hit = (band >= start) & (band < start + width)
    hit &= torch.rand(batch, 1, generator=rng) < 0.33
    return mel.masked_fill(hit[:, None, :], 0.0)
