"""The motion encoder of M2S-Net: an ST-GCN over 13 joints.

Liu et al. 2022, section 4.3.1; the layers are those of Yan et al. 2018, "Spatial Temporal Graph
Convolutional Networks for Skeleton-Based Action Recognition".
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rt_engine.models.conducting.music import FEATURES

JOINTS = 13  # the first 13 keypoints of COCO, left before right; see `rt_engine.models.conducting`
AXES = 2
CHANNELS = 32
LAYERS = 10

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR = range(5)
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_ELBOW, RIGHT_ELBOW = range(5, 9)
LEFT_WRIST, RIGHT_WRIST, LEFT_HIP, RIGHT_HIP = range(9, 13)

EDGES = (
    (NOSE, LEFT_EYE), (NOSE, RIGHT_EYE), (LEFT_EYE, LEFT_EAR), (RIGHT_EYE, RIGHT_EAR),
    (NOSE, LEFT_SHOULDER), (NOSE, RIGHT_SHOULDER), (LEFT_SHOULDER, RIGHT_SHOULDER),
    (LEFT_SHOULDER, LEFT_ELBOW), (LEFT_ELBOW, LEFT_WRIST),
    (RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST),
    (LEFT_SHOULDER, LEFT_HIP), (RIGHT_SHOULDER, RIGHT_HIP), (LEFT_HIP, RIGHT_HIP),
)  # fmt: skip


def adjacency() -> Tensor:
    """Joints that are one edge apart, and each with itself, (13, 13); columns sum to 1."""
    near = torch.eye(JOINTS)
    for a, b in EDGES:
        near[a, b] = near[b, a] = 1.0
    return near / near.sum(dim=0)


class GraphLayer(nn.Module):
    """A convolution over the graph, then one over time; (batch, channels, time, joints)."""

    def __init__(self, inputs: int, outputs: int, shortcut: bool) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.graph = nn.Conv2d(inputs, outputs, 1)
        self.importance = nn.Parameter(torch.ones(JOINTS, JOINTS))
        self.time = nn.Sequential(
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, (3, 1), padding=(1, 0)),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor, near: Tensor) -> Tensor:
        y: Tensor = self.time(torch.matmul(self.graph(x), near * self.importance))
        return torch.relu(y + x if self.shortcut else y)


class MotionEncoder(nn.Module):
    """Motion (batch, time, 13, 2) to features (batch, time, 64)."""

    near: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("near", adjacency())
        self.norm = nn.BatchNorm1d(JOINTS * AXES)
        self.layers = nn.ModuleList(
            GraphLayer(CHANNELS if k else AXES, CHANNELS, k > 0) for k in range(LAYERS)
        )
        self.project = nn.Sequential(
            nn.Conv1d(CHANNELS * JOINTS, FEATURES, 1), nn.BatchNorm1d(FEATURES)
        )

    def forward(self, motion: Tensor) -> Tensor:
        batch, time = motion.shape[:2]
        x = self.norm(motion.flatten(2).transpose(1, 2))
        x = x.reshape(batch, JOINTS, AXES, time).permute(0, 2, 3, 1)
        for layer in self.layers:
            x = layer(x, self.near)
        x = x.transpose(2, 3).flatten(1, 2)
        return cast(Tensor, self.project(x)).transpose(1, 2)
