"""The excerpts to learn from, as they lie on the disk: one compressed file each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rt_engine.models.rhythm.streams import FPS, INPUTS

Half = NDArray[np.float16]


@dataclass(frozen=True)
class Excerpt:
    """Some seconds of music at 50 frames a second, with what is known about them.

    mel: (frames, 80); motion: (frames, 39) and video: (frames, 7), or no rows. beats: (k, 2), s
    and place in the bar, 0 unknown. phrases, phrases2: (p,), s, their starts by two people.
    dynamics, articulation: (frames,) classes, -1 unknown.
    """

    name: str
    mel: Half
    motion: Half
    video: Half
    beats: NDArray[np.float32]
    phrases: NDArray[np.float32]
    phrases2: NDArray[np.float32]
    phrases_known: bool
    dynamics: NDArray[np.int8]
    articulation: NDArray[np.int8]
    meta: dict[str, Any]

    @property
    def source(self) -> str:
        """The set that it is from."""
        return str(self.meta.get("source", ""))

    @property
    def kind(self) -> str:
        """What was made of it: "band", "drums", "negative" (no music), ..."""
        return str(self.meta.get("kind", self.source))

    @property
    def beats_known(self) -> bool:
        """Whether no beat in `beats` means that there is none."""
        return len(self.beats) > 0 or self.kind == "negative"

    def __len__(self) -> int:
        return len(self.mel)


def read_excerpt(path: Path) -> Excerpt:
    """One file of a store; ValueError where it does not fit together."""
    with np.load(path, allow_pickle=False) as found:
        data = dict(found)
    meta = json.loads(str(data.pop("meta")))
    known = bool(data.pop("phrases_known"))
    data.setdefault("phrases2", data["phrases"][:0])
    excerpt = Excerpt(name=path.stem, phrases_known=known, meta=meta, **data)
    for stream in ("mel", "motion", "video"):
        rows = getattr(excerpt, stream)
        if rows.ndim != 2 or rows.shape[1] != INPUTS[stream]:
            raise ValueError(f"{path}: {stream} of shape {rows.shape}: (n, {INPUTS[stream]})")
        if len(rows) not in (0, len(excerpt)):
            raise ValueError(f"{path}: {stream} of {len(rows)} frames beside {len(excerpt)}")
    return excerpt


def read_store(folder: Path, limit: int | None = None) -> list[Excerpt]:
    """All excerpts of a folder in the order of their names, or `limit` spread evenly over them.

    Raises FileNotFoundError where there are none.
    """
    paths = sorted(path for path in folder.glob("*.npz") if path.name[0] != ".")
    if not paths:
        raise FileNotFoundError(f"{folder}: no excerpts (*.npz) are there")
    if limit is not None and limit < len(paths):
        paths = [paths[k] for k in np.linspace(0, len(paths) - 1, limit).astype(int)]
    return [read_excerpt(path) for path in paths]


def write_excerpt(path: Path, excerpt: Excerpt) -> None:
    """The inverse of `read_excerpt`."""
    np.savez_compressed(
        path, mel=excerpt.mel, motion=excerpt.motion, video=excerpt.video, beats=excerpt.beats,
        phrases=excerpt.phrases, phrases2=excerpt.phrases2,
        phrases_known=np.array(excerpt.phrases_known),
        dynamics=excerpt.dynamics, articulation=excerpt.articulation,
        meta=np.array(json.dumps(excerpt.meta)),
    )  # fmt: skip


def licences(excerpts: list[Excerpt]) -> Iterator[tuple[str, str, float]]:
    """Each source, its licences, and its hours; last the sound fonts that played them."""
    for source in sorted({e.source for e in excerpts}):
        own = [e for e in excerpts if e.source == source]
        yield source, joined(own, "licence", "; "), hours(own)
    if fonts := joined(excerpts, "fonts", "+"):
        licence = joined(excerpts, "font_licences", ", ")
        yield f"sound fonts {fonts.replace('+', ', ')}", licence, hours(excerpts)


def joined(excerpts: list[Excerpt], name: str, mark: str) -> str:
    """Everything that the excerpts' `meta` names in a text whose parts a mark separates."""
    texts = [str(e.meta.get(name, "")) for e in excerpts]
    return mark.join(sorted({part for text in texts for part in text.split(mark) if part}))


def hours(excerpts: list[Excerpt]) -> float:
    """How long they are together."""
    return sum(map(len, excerpts)) / FPS / 3600
