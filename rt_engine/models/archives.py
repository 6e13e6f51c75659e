"""Archives of music, read once: what is made of one is kept beside its files."""

from __future__ import annotations

import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["SPLITS", "kept", "split_in"]

SPLITS = ("train", "valid", "test")


def kept(path: Path, archive: Path, read: Callable[[Path], dict[str, list[Any]]]) -> Path:
    """Unpack `archive` beside `path`, keep there what `read` makes of its folder; `path`.

    read: the takes of each split. Nothing is done where `path` is there already. Raises
    FileNotFoundError where the archive is missing.
    """
    if path.exists():
        return path
    folder = path.parent / archive.name.partition(".")[0]
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(read(folder)))
    part.replace(path)
    return path


def split_in(path: Path, split: str) -> list[Any]:
    """The takes of one of `SPLITS` that `kept` wrote."""
    found: list[Any] = pickle.loads(path.read_bytes())[split]
    return found
