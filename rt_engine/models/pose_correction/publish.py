"""The streaming networks as `pose_correction*.onnx`, with their cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rt_engine.inference import Card, Material, Port
from rt_engine.models.card import metrics, publish
from rt_engine.models.pose_correction.network import INPUTS, OUTPUTS, PoseNet
from rt_engine.models.pose_correction.train import LOOKAHEADS
from rt_engine.violin.pose_front import CONTENT as FRONT
from rt_engine.violin.pose_front import RATE
from rt_engine.violin.pose_prior import packed

__all__ = ["NAMES", "publish_pose"]

NAMES = {
    "stream_0": "pose_correction_0",
    "stream_100": "pose_correction",
    "stream_300": "pose_correction_300",
}
ABOUT = (
    "Poses of a violinist before a webcam, corrected and fifty a second, from landmarks that "
    "tremble, vanish and come late, and from the sound of the playing. Use it by violin.Pose."
)
FONTS = {  # licences
    "FluidR3_GM": "MIT", "Airfont_320_neo": "public domain", "Airfont_330": "CC BY 3.0",
    "Airfont_340": "public domain",
}  # fmt: skip
LIMITS = [
    "Violinists, bowing and sound were simulated: no motion of a real violinist with its sound was "
    "trained on. What sound adds is what it adds on simulated bowing.",
    "The noise of the webcam is a model with the figures of one person's takes (DrumPy); the noise "
    "of the paper is drawn as MAPdat's.",
    "C7 is inferred from the other joints where landmarks come from MediaPipe.",
    "Where joints tremble as in the paper, it goes by what simulated violinists look like: seen "
    "from the left toe, upright, from the front. Where they are calm, as a webcam's are, it "
    "smooths what is seen, and only joints out of sight are inferred.",
]


def publish_pose(
    net: PoseNet, which: str, folder: Path, hours: tuple[float, float], fonts: Sequence[str],
    told: dict[str, dict[str, float]], training: str,
) -> Card:  # fmt: skip
    """Export one of LOOKAHEADS; hours: of violinists and of CMU; fonts: that etudes were rendered
    with; told: errors in mm by material.
    """
    figures = [
        figure for on, scores in told.items()
        for figure in metrics(on, scores, dict.fromkeys(scores, "mm"))
    ]  # fmt: skip
    rate = float(RATE)
    return publish(
        net, NAMES[which], folder,
        [
            Port("front", (1, 1, INPUTS["front"]), FRONT, rate),
            Port("sound", (1, 1, INPUTS["sound"]), "performance features", rate, optional=True),
            Port("heard", (1, 1, 1), "presence", rate, present=("sound",)),
        ],
        [Port("pose", (1, 1, OUTPUTS["pose"]), "13 joints from their means, m")],
        version="1", about=ABOUT, front_end={"is": "violin.Pose", "prior": packed(net.prior)},
        latency=LOOKAHEADS[which] / RATE, own_thread=False, data=materials(*hours, fonts),
        metrics=figures, limits=LIMITS, training=training,
        measuring="python benchmarks/pose_correction.py",
    )  # fmt: skip


def materials(violinists: float, others: float, fonts: Sequence[str]) -> list[Material]:
    """What it was trained on."""
    found = [
        Material("simulated violinists", "Apache-2.0 (this project)",
                 f"{violinists:.1f} h: bowing planned from the notes"),
        Material("Bach for violin, recordings with notes", "CC BY 3.0",
                 "the sound of two movements, and their notes for the bowing"),
    ]  # fmt: skip
    found += [
        Material(f"sound font {font}", FONTS.get(font, "see its makers"), "the sound of etudes")
        for font in fonts
    ]
    if others:
        found.append(Material("CMU motion capture (subset of 96 takes)",
                              "free for research and commercial use",
                              f"{others:.2f} h, without sound"))  # fmt: skip
    return found
