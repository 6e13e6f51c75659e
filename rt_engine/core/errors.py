"""What can go wrong, said in words that help the person who caused it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

__all__ = ["GraphError", "NodeError", "choices", "exists", "said"]


class GraphError(ValueError):
    """A graph that cannot run: says file, node, key, what was found and what would be right."""


class NodeError(RuntimeError):
    """A failure inside a node, with its cause: names node, place, packet and time."""

    def __init__(self, node: Any, place: str, cause: BaseException) -> None:
        self.node, self.place, self.cause = node, place, cause
        super().__init__(f"node {node.name!r} ({type(node).__name__}), {place}: {said(cause)}")
        self.__cause__ = cause


def said(cause: BaseException) -> str:
    """What an exception says, in one line; with its type where the text alone says too little."""
    text = " ".join(str(cause).split())
    clear = text and isinstance(cause, OSError | ValueError | ImportError | LookupError)
    return text if clear and not isinstance(cause, KeyError) else f"{type(cause).__name__}: {text}"


def exists(found: str, names: Any, what: str) -> str:
    """The end of a message about an unknown name: the nearest one, and all that exist."""
    known = sorted(names)
    near = get_close_matches(found, known, 1)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"{guess} ({what}: {', '.join(known) or 'none'})"


def choices(found: Any, hint: Any) -> str:
    """The end of a message about a value that is none of those which a type names, as `exists`;
    empty where it names none.
    """
    names = {str(value) for value in _named(hint)}
    return exists(str(found), names, "choices") if names else ""


def _named(hint: Any) -> tuple[Any, ...]:
    """The values of every Literal in a type."""
    inner = get_args(hint)
    return inner if get_origin(hint) is Literal else sum(map(_named, inner), ())
