"""The published weights of M2S-GAN and M2S-Net in the networks of this package."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from rt_engine.models.conducting.m2s import M2SGan, M2SNet

Net = TypeVar("Net", bound=nn.Module)
Weights = dict[str, Tensor]

RENAMED = (
    (r"^music_encoder\.conv1\.", "music.first."),
    (r"^music_encoder\.conv2\.", "music.second."),
    (r"^music_encoder\.conv3\.", "music.third."),
    (r"^music_encoder\.conv4\.", "music.project."),
    (r"\.conv2d_layer\.", ".layer."),
    (r"^motion_encoder\.st_gcn\.A$", "motion.near"),
    (r"^motion_encoder\.st_gcn\.data_bn\.", "motion.norm."),
    (r"^motion_encoder\.st_gcn\.st_gcn_networks\.(\d)\.gcn\.conv\.", r"motion.layers.\1.graph."),
    (r"^motion_encoder\.st_gcn\.st_gcn_networks\.(\d)\.tcn\.", r"motion.layers.\1.time."),
    (r"^motion_encoder\.st_gcn\.edge_importance\.(\d)$", r"motion.layers.\1.importance"),
    (r"^motion_encoder\.fc\.", "motion.project."),
    (r"^fuse_layer\.", "fuse."),
    (r"^tcn\.TCN\.tcn\.tcn\.network\.(\d)\.", r"generator.blocks.\1."),
    (r"\.bn([12])\.", r".norm\1."),
    (r"\.downsample\.", ".shortcut."),
    (r"^tcn\.TCN\.tcn\.linear\.", "generator.linear."),
    (r"^tcn\.fc\.", "generator.joints."),
    (r"^noise_BN\.", "generator.noise.norm."),
    (r"\.weight_g$", ".parametrizations.weight.original0"),
    (r"\.weight_v$", ".parametrizations.weight.original1"),
)
NOISE_LAYERS = {"0": 0, "2": 1, "4": 2, "6": 3}
UNUSED = re.compile(r"\.network\.\d\.net\.|st_gcn\.fcn\.")  # copies, and a layer nobody calls


def read_gan(path: Path) -> M2SGan:
    """The published music encoder and generator; ValueError where the file holds others."""
    return _read(path, M2SGan)


def read_net(path: Path) -> M2SNet:
    """The published M2S-Net; ValueError where the file holds another network."""
    return _read(path, M2SNet)


def _read(path: Path, make: Callable[[], Net]) -> Net:
    weights, net = renamed(load(path)), make()
    wanted = {name: tuple(x.shape) for name, x in net.state_dict().items()}
    if missing := sorted(set(wanted) - set(weights)):
        raise ValueError(
            f"{path}: no {type(net).__name__} as published: {missing[0]!r} is missing"
            f" ({len(missing)} of {len(wanted)} tensors are)"
        )
    for name, shape in wanted.items():
        if weights[name].numel() != net.state_dict()[name].numel():
            found = tuple(weights[name].shape)
            raise ValueError(f"{path}: {name!r} has shape {found}, needed is {shape}")
    net.load_state_dict({name: weights[name].reshape(shape) for name, shape in wanted.items()})
    return net.eval()


def load(path: Path) -> Weights:
    """The tensors of a state dict; ValueError where the file is none. No code of it is run."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        told = str(error).partition("\n")[0]
        raise ValueError(f"{path}: is no file of PyTorch weights ({told})") from None
    if not isinstance(found, dict) or not all(isinstance(x, Tensor) for x in found.values()):
        raise ValueError(f"{path}: holds no state dict, which maps names to tensors")
    return dict(found)


def renamed(weights: Weights) -> Weights:
    """The tensors under the names that they have here, without those that nothing uses."""
    return {_rename(name): x for name, x in weights.items() if not UNUSED.search(name)}


def _rename(name: str) -> str:
    if found := re.match(r"noise_convTranspose\.(\d)\.(.*)", name):
        return f"generator.noise.layers.{NOISE_LAYERS[found[1]]}.{found[2]}"
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name
