"""Optional packages, and the line to type where one is missing."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

__all__ = ["EXTRAS", "MissingExtra", "installed", "require"]

EXTRAS = {
    "aubio": ("aubio",),
    "cpu": ("onnxruntime",),
    "export": ("pyarrow",),
    "pose": ("mediapipe", "cv2"),
    "soundtrack": ("av",),
    "train": ("torch", "onnx", "onnxscript", "matplotlib", "mir_eval"),
    "web": ("starlette", "uvicorn", "websockets"),
}


class MissingExtra(ImportError):  # noqa: N818 (says what it is)
    """A package of an extra is not installed; the message is the line to type."""


def installed(module: str) -> bool:
    """Whether `module` can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def require(module: str) -> ModuleType:
    """Import an optional module; MissingExtra with the line to type where it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        extra = next((name for name, modules in EXTRAS.items() if module in modules), module)
        line = f"pip install 'rt-engine[{extra}]'"
        raise MissingExtra(f"{module} is not installed: {line}") from None
