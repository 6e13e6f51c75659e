"""Takes to learn from: what is heard of a violinist beside the motion that went with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.simulation import JOINTS, Note

__all__ = ["FAST", "PARTS", "Take", "category", "read", "read_take", "write"]

PARTS = ("train", "valid", "test")
FAST = 0.45  # m/s, mean speed of the right wrist from which a window is gross motion
Floats = NDArray[np.float32]


class Take(NamedTuple):
    """Rows at 50 a second from 0 s on.

    features: (n, 35), those of `PerformanceFeatures`. joints: (n, 13, 3) m, order of
    `simulation.JOINTS`, body frame, floor at y = 0. turns: (k,) s, changes of the bow. bow:
    (n, 3), direction (+1 down, -1 up), speed in m/s and place 0 (frog) to 1 (tip). meta: piece,
    body, kind ("bach" or "etude"), part, sound, violinist, licence.
    """

    name: str
    features: Floats
    joints: Floats
    turns: NDArray[np.float64]
    bow: Floats
    notes: tuple[Note, ...]
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.joints)


def write(path: Path, take: Take) -> None:
    """Write a take as one compressed file; a broken write leaves nothing at `path`."""
    half = path.with_name(f".{path.name}")
    with half.open("wb") as file:
        np.savez_compressed(
            file,
            features=take.features.astype(np.float32),
            joints=take.joints.astype(np.float32),
            turns=take.turns,
            bow=take.bow.astype(np.float32),
            notes=np.array(take.notes, np.float64).reshape(-1, 5),
            meta=np.array(json.dumps(take.meta)),
        )
    half.replace(path)


def read_take(path: Path) -> Take:
    """One file; ValueError where it does not fit together."""
    with np.load(path, allow_pickle=False) as found:
        data = dict(found)
    features, joints = data["features"], data["joints"]
    if features.shape != (len(joints), PerformanceFeatures.dims):
        raise ValueError(f"{path}: features of shape {features.shape} beside {len(joints)} frames")
    if joints.shape[1:] != (len(JOINTS), 3):
        raise ValueError(f"{path}: joints of shape {joints.shape}: (n, {len(JOINTS)}, 3)")
    notes = tuple(Note(a, b, p, v, bool(slurred)) for a, b, p, v, slurred in data["notes"].tolist())
    meta = json.loads(str(data["meta"]))
    return Take(path.stem, features, joints, data["turns"], data["bow"], notes, meta)


def read(folder: Path, part: str) -> list[Take]:
    """All takes of a part in the order of their names.

    ValueError for a part that does not exist; FileNotFoundError where there are no takes.
    """
    if part not in PARTS:
        raise ValueError(f"part {part!r}: one of {', '.join(PARTS)}")
    paths = sorted(p for p in (Path(folder) / part).glob("*.npz") if p.name[0] != ".")
    if not paths:
        raise FileNotFoundError(
            f"{Path(folder) / part}: no takes; python -m rt_engine.models.violinists makes them"
        )
    return [read_take(path) for path in paths]


def category(joints: Floats, rate: float = 50.0) -> str:
    """Which kind of motion: "gross" where the bow arm travels, "fine" where it moves little.

    joints: (n, 13, 3), m. The measure is the mean speed of the right wrist against C7. Shrestha
    et al. 2022, table 3, tell the two apart by eye; the border of 0.45 m/s is ours.
    """
    wrist = joints[:, JOINTS.index("RMWR")] - joints[:, JOINTS.index("C7")]
    speed = np.linalg.norm(np.diff(wrist, axis=0), axis=1).mean() * rate
    return "gross" if speed > FAST else "fine"
