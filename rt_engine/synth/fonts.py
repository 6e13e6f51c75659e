"""Sound fonts: where systems keep them, and which one is taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["FOLDERS", "FontError", "find_font"]

FOLDERS = (
    "~/.local/share/soundfonts",
    "~/.local/share/sounds/sf2",
    "~/Library/Audio/Sounds/Banks",
    "/usr/local/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/Library/Audio/Sounds/Banks",
    "C:/soundfonts",
)
SUFFIXES = (".sf2", ".sf3", ".dls")
KNOWN = ("FluidR3_GM", "GeneralUser", "MuseScore_General", "default-GM")  # complete, in order


class FontError(OSError):
    """No sound font; the message says where one was looked for and how to get one."""


def find_font(path: str = "") -> Path:
    """The sound font `path`, else the file that SOUNDFONT names, else the best known one here.

    Raises FontError: the file is not there, or there is none in `FOLDERS`.
    """
    if given := path or os.environ.get("SOUNDFONT", ""):
        file = Path(given).expanduser()
        if not file.is_file():
            raise FontError(f"sound font {given!r}: no such file")
        return file
    found = sorted(_fonts(), key=_rank)
    if not found:
        raise FontError(
            "no General MIDI sound font in the usual folders: "
            "apt install fluid-soundfont-gm, or name a .sf2 file by the setting soundfont"
        )
    return found[0]


def _fonts() -> Iterator[Path]:
    for folder in FOLDERS:
        place = Path(folder).expanduser()
        if place.is_dir():
            yield from (f for f in sorted(place.iterdir()) if f.suffix.lower() in SUFFIXES)


def _rank(font: Path) -> int:
    """Place among the known fonts; after them any other, in order of the folders."""
    places = [i for i, name in enumerate(KNOWN) if font.name.lower().startswith(name.lower())]
    return places[0] if places else len(KNOWN)
