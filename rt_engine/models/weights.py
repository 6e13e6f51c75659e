"""Weights of earlier trainings, read from files that somebody names."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["begin", "begin_with_parts", "read_weights"]


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name; ValueError where the file holds none, FileNotFoundError without a file."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; needed is the best.pt of a training")
    if path.is_dir():
        raise ValueError(f"{path}: a folder; needed is the best.pt of a training")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except Exception:  # the bytes of another file, read as a pickle, can raise anything
        found = None
    if not isinstance(found, dict) or not all(map(_is_part, found.items())):
        raise ValueError(f"{path}: no weights of a network; needed is the best.pt of a training")
    return found


def _is_part(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and torch.is_tensor(item[1])


def begin(net: nn.Module, path: Path, new: str = "") -> None:
    """Give a network the weights of a file; ValueError where they are of another one.

    Parts whose names start with `new` may lack, and then begin as they are.
    """
    told = read_weights(path)
    own = net.state_dict()
    given = {name: x for name, x in own.items() if new and name.startswith(new)} | told
    names = own.keys() | given.keys()
    differ = [n for n in names if n not in own or n not in given or own[n].shape != given[n].shape]
    if differ:
        told_of = f"{len(differ)} of {len(names)} parts differ"
        raise ValueError(f"{path}: {told_of}: these are weights of another network or size")
    net.load_state_dict(given)


def begin_with_parts(net: nn.Module, path: Path) -> None:
    """Give a network what a file has of its parts; ValueError where it has none."""
    told, own = read_weights(path), net.state_dict()
    same = {n: x for n, x in told.items() if n in own and own[n].shape == x.shape}
    if not same:
        raise ValueError(f"{path}: no part of these weights fits this network")
    net.load_state_dict(own | same)
