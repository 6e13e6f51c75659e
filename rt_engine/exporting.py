"""Takes as files of other programs: the command `rt-engine export`, and the page's exports."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from rt_engine.core import GraphError
from rt_engine.exports.material import Material, Show

__all__ = ["FORMS", "export"]

FORMS = {  # suffix: the module of rt_engine.exports, and its function
    ".bvh": ("body", "to_bvh"),
    ".mid": ("music", "to_midi"),
    ".mp4": ("film", "to_film"),
    ".parquet": ("table", "to_parquet"),
    ".wav": ("sound", "to_wav"),
}


def export(
    take: str | Path, output: str | Path, wish: str = "", show: Show = lambda share: None
) -> str:
    """Write `output`, whole or not at all, in the form of its suffix; what it holds, in words.

    `wish`: "node" or "node.output" to take in place of what is usual. `show` is told the share
    that is done. Raises GraphError where the take has nothing for this form, or a file cannot
    be used; MissingExtra where the form needs one; NodeError where the replay fails.
    """
    whole = Path(output)
    if whole.suffix not in FORMS:
        known = ", ".join(FORMS)
        raise GraphError(f"{output}: unknown form {whole.suffix!r}; needed is one of {known}")
    module, name = FORMS[whole.suffix]
    write: Callable[[Material, Path], str]
    write = getattr(importlib.import_module(f"rt_engine.exports.{module}"), name)
    material = Material(take, wish, show)
    part = whole.with_name(f"{whole.stem}.part{whole.suffix}")
    try:
        if not whole.absolute().parent.is_dir():
            raise GraphError(f"{output}: cannot be written: there is no such folder")
        said = write(material, part)
        part.replace(whole)
    except OSError as error:
        reason = error.strerror or str(error).replace(str(part), str(output))
        raise GraphError(f"{output}: cannot be written: {reason}") from None
    finally:
        part.unlink(missing_ok=True)
    show(1.0)
    return said
