"""Where the user's own files go, by the habits of the system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["config_folder", "data_folder"]


def config_folder() -> Path:
    """The user's folder for settings of this program; it need not exist yet."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", home / "AppData" / "Roaming")) / "rt-engine"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "rt-engine"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "rt-engine"


def data_folder() -> Path:
    """The user's folder for data of this program; it need not exist yet."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "rt-engine"
