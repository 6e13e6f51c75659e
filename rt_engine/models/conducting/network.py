"""The live conductor: a causal network from music, beats and noise to 13 joints, frame by frame.

Inputs, one row a frame of 20 ms: `mel` (batch, time, 80) of `features.RhythmMel`, `controls`
(batch, time, 20) and `noise` (batch, time, 12) of `rt_engine.conducting.controls`. Output:
`joints` (batch, time, 39), x, y and z of `conducting.body.JOINTS`, metres, body frame. It looks
no frame ahead: what is to come it knows from the predicted beat alone.

A beat pattern is periodic in the bar, so its waves are given: products of the harmonics of bar
and beat, one set for each metre. What a metre, a tempo, a loudness or a style makes of them is
learnt. What changes slowly (metre, tempo, dynamics, the sound) passes a causal filter, so a body
goes over from rest to conducting, or from metre to metre, and does not jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rt_engine.conducting.controls import METERS, NOISE, SIZE, WAVES
from rt_engine.signal.rhythm_mel import BANDS

State = dict[str, Tensor]

JOINTS = 13
INPUTS = {"mel": BANDS, "controls": SIZE, "noise": NOISE}
OUTPUTS = {"joints": 3 * JOINTS}
PHASES = 2 * len(WAVES) + 2  # columns of the phases of beat and bar; the others change slowly
SLOW = SIZE - PHASES
GATES = len(METERS) + 1  # the first of the slow columns: which metre it is
PRODUCTS = (2 * len(WAVES) + 1) ** 2
TAPS = (1.0, 4.0, 6.0, 4.0, 1.0)  # binomial: the motion is smoothed over 5 frames
TURN, TURN_TAPS = 6.0, 48  # frames: time constant and length of the filter of slow columns
HEAR, HEAR_TAPS = 25.0, 75  # likewise of the sound, half a second


@dataclass(frozen=True)
class Size:
    """Numbers of channels: of what is heard, and of the layers."""

    heard: int = 16
    width: int = 128


class LiveGenerator(nn.Module):
    """The network of this module; `inputs`, `outputs` and `initial_state` as `export` wants them.

    The last layer speaks in units of the training motion (`centre`, `spread`), and its rows pass a
    fixed smoothing filter, whose delay of two frames the network has learnt to make up for.
    """

    inputs = INPUTS
    outputs = OUTPUTS
    centre: Tensor
    spread: Tensor

    def __init__(self, size: Size | None = None) -> None:
        super().__init__()
        self.size = s = size or Size()
        waves, style = GATES * PRODUCTS, SLOW + s.heard + NOISE
        self.listen = nn.Linear(BANDS, s.heard)
        self.first = nn.Linear(waves + style, s.width)
        self.bend = nn.Linear(style, s.width)
        self.second = nn.Linear(s.width + style, s.width)
        self.pose = nn.Linear(s.width + waves, OUTPUTS["joints"])
        self.register_buffer("centre", torch.zeros(OUTPUTS["joints"]))
        self.register_buffer("spread", torch.ones(OUTPUTS["joints"]))

    def initial_state(self, batch: int = 1) -> State:
        """Zeros: nothing was heard, and the body stands in its mean pose."""
        return {
            "heard": torch.zeros(batch, HEAR_TAPS - 1, BANDS),
            "slow": torch.zeros(batch, TURN_TAPS - 1, SLOW),
            "moved": torch.zeros(batch, len(TAPS) - 1, OUTPUTS["joints"]),
        }

    def forward(self, inputs: State, state: State) -> tuple[State, State]:
        """See the module; state: of `initial_state`, or from the call before."""
        phases, slow = inputs["controls"].split((PHASES, SLOW), dim=-1)
        heard = torch.cat((state["heard"], inputs["mel"]), dim=1)
        slowly = torch.cat((state["slow"], slow), dim=1)
        moved = self.moved(
            filtered(heard, hearing()), phases, filtered(slowly, turning()), inputs["noise"]
        )
        longer = torch.cat((state["moved"], moved), dim=1)
        rows = (("heard", heard), ("slow", slowly), ("moved", longer))
        after = {name: x[:, x.shape[1] - state[name].shape[1] :] for name, x in rows}
        return {"joints": self.placed(filtered(longer, smoothing()))}, after

    def moved(self, heard: Tensor, phases: Tensor, slow: Tensor, noise: Tensor) -> Tensor:
        """Joints (batch, time, 39) in units of the training, unsmoothed.

        heard (batch, time, 80) and slow (batch, time, 12) are filtered.
        """
        waves = products(phases, slow)
        style = torch.cat((slow, torch.tanh(self.listen(heard)), noise), dim=-1)
        x = nn.functional.silu(self.first(torch.cat((waves, style), dim=-1)))
        x = x * (1.0 + self.bend(style))
        x = nn.functional.silu(self.second(torch.cat((x, style), dim=-1)))
        joints: Tensor = self.pose(torch.cat((x, waves), dim=-1))
        return joints

    def placed(self, rows: Tensor) -> Tensor:
        """Rows in units of the training as metres."""
        return rows * self.spread + self.centre


def products(phases: Tensor, slow: Tensor) -> Tensor:
    """The waves of a bar, one set a metre, (batch, time, GATES * PRODUCTS).

    Products of 1 and three harmonics of the beat with 1 and three harmonics of the bar hold every
    frequency up to more than three a beat. They fade in and out with their metre.
    """
    beat, bar = phases.split((2 * len(WAVES), 2), dim=-1)
    s, c = bar.split(1, dim=-1)
    one = torch.ones_like(s)
    bars = torch.cat(
        (one, s, c, 2 * s * c, c * c - s * s, s * (3 - 4 * s * s), c * (4 * c * c - 3)), dim=-1
    )
    beats = torch.cat((one, beat), dim=-1)
    both = (bars.unsqueeze(-1) * beats.unsqueeze(-2)).flatten(-2)
    gates = slow[..., :GATES]
    return (gates.unsqueeze(-1) * both.unsqueeze(-2)).flatten(-2)


def filtered(rows: Tensor, taps: Tensor) -> Tensor:
    """Rows (batch, k - 1 + time, n) through a causal filter of k taps: (batch, time, n)."""
    kernel = taps.flip(0).reshape(1, 1, -1, 1)
    return nn.functional.conv2d(rows.unsqueeze(1), kernel).squeeze(1)


def smoothing() -> Tensor:
    """Of the motion."""
    return torch.tensor(TAPS) / sum(TAPS)


def turning() -> Tensor:
    """Of what is told: critically damped, the newest frame first."""
    k = np.arange(TURN_TAPS)
    return _unit((k + 1) * np.exp(-k / TURN))


def hearing() -> Tensor:
    """Of the sound."""
    return _unit(np.exp(-np.arange(HEAR_TAPS) / HEAR))


def _unit(taps: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy((taps / taps.sum()).astype(np.float32))
