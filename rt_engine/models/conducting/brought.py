"""The published M2S-GAN, brought by the user, as an ONNX model with a card."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rt_engine.inference import Card, Material, Port, sha256_of, write_card
from rt_engine.models.conducting.m2s import NOISE, M2SGan
from rt_engine.models.conducting.motion import AXES, JOINTS
from rt_engine.models.conducting.music import BANDS, MEL_RATE, MOTION_RATE
from rt_engine.models.conducting.published import read_gan
from rt_engine.models.export import OPSET, open_onnx
from rt_engine.models.training import count_parameters

NAME = "m2sgan"
SECONDS = 20  # of a window, one step of the model
SHORTEST = 5  # s: the widest convolution needs more frames than it reaches to one side
TOLERANCE = 1e-3  # between ONNX and torch, in units of the picture
SIZE = JOINTS * AXES
ABOUT = (
    "The published M2S-GAN: a whole window of music to the motion of a conductor, 13 joints in "
    "2-D. It sees 8.8 s to each side and is no model for live use."
)
LIMITS = [
    "Not causal: a window must be over before its motion is made.",
    "The mel spectrum is relative to the maximum of the whole window (signal.conductor_mel).",
    "Noise changes the motion by about 0.3 % of its own variation.",
]


class Window(nn.Module):
    """The network as a session runs it: a frame is a window of so many seconds in one row.

    mel (1, n, 90 s * 128) and noise (1, n, s * 8) to motion (1, n, 30 s * 26), rows in order of
    time; n windows know nothing of each other.
    """

    def __init__(self, gan: M2SGan, seconds: int) -> None:
        super().__init__()
        self.gan, self.seconds = gan, seconds

    def forward(self, mel: Tensor, noise: Tensor) -> Tensor:
        rows = mel.reshape(-1, MEL_RATE * self.seconds, BANDS)
        motion: Tensor = self.gan(rows, noise.reshape(-1, self.seconds, NOISE))
        return motion.reshape(1, -1, MOTION_RATE * self.seconds * SIZE)


def bring(path: Path, folder: Path, name: str = NAME, seconds: int = SECONDS) -> Card:
    """Write NAME.onnx and its card NAME.json into a folder, from the published weights.

    seconds: of a window. ValueError where the file holds other weights, the window is too short,
    or the ONNX file does not say what the network says.
    """
    if seconds < SHORTEST:
        raise ValueError(f"a window of {seconds} s: needed are {SHORTEST} s at least")
    gan = plain(read_gan(path))
    folder.mkdir(parents=True, exist_ok=True)
    file, part = folder / f"{name}.onnx", folder / f"{name}.part.onnx"
    try:
        write_onnx(gan, part, seconds)
        worst = deviation(gan, part, seconds)
        if not worst <= TOLERANCE:
            raise ValueError(f"{file}: deviates from the network by {worst:.1e}")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    card = card_of(gan, file, name, seconds)
    write_card(card, folder)
    return card


def plain(gan: M2SGan) -> M2SGan:
    """The same network with its weights as they are used, not as direction and length."""
    gan = copy.deepcopy(gan)
    for module in list(gan.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return gan.eval()


def write_onnx(gan: M2SGan, path: Path, seconds: int) -> None:
    """Export with any number of windows."""
    net = Window(gan, seconds).eval()
    free = {name: {1: "frames"} for name in ("mel", "noise", "motion")}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracing exporter is old, and makes the fastest file
        torch.onnx.export(
            net, example(seconds), str(path), dynamo=False, opset_version=OPSET,
            input_names=["mel", "noise"], output_names=["motion"], dynamic_axes=free,
        )  # fmt: skip


def example(seconds: int) -> tuple[Tensor, Tensor]:
    """Two windows of numbers that mean nothing."""
    rng = torch.Generator().manual_seed(0)
    mel = torch.rand(1, 2, MEL_RATE * seconds * BANDS, generator=rng)
    return mel, torch.randn(1, 2, seconds * NOISE, generator=rng)


def deviation(gan: M2SGan, path: Path, seconds: int) -> float:
    """Largest difference of the file, window by window, from the network."""
    mel, noise = example(seconds)
    with torch.no_grad():
        wanted = Window(gan, seconds)(mel, noise).numpy()
    session: Any = open_onnx(path)
    worst = 0.0
    for k in range(2):
        feed = {"mel": mel[:, k : k + 1].numpy(), "noise": noise[:, k : k + 1].numpy()}
        worst = max(worst, float(np.abs(session.run(None, feed)[0] - wanted[:, k : k + 1]).max()))
    return worst


def card_of(gan: M2SGan, file: Path, name: str, seconds: int) -> Card:
    """The card; a frame of the model is a window."""
    rate = 1.0 / seconds
    return Card(
        name=name,
        version="published",
        file=file.name,
        sha256=sha256_of(file),
        about=ABOUT,
        inputs=[
            Port("mel", (1, 1, MEL_RATE * seconds * BANDS), "conductor mel", rate),
            Port("noise", (1, 1, seconds * NOISE), "noise", rate, optional=True),
        ],
        outputs=[Port("motion", (1, 1, MOTION_RATE * seconds * SIZE), "picture joints", rate)],
        latency=float(seconds),
        own_thread=True,
        parameters=count_parameters(gan),
        licence="unstated, brought by the user",
        data=[Material("ConductorMotion100", "unstated, brought by the user", "90 h, published")],
        limits=LIMITS,
        training="none here: published weights, imported",
    )
