"""The calls of the FluidSynth library (LGPL), loaded from the system when they are needed.

Source of the calls: https://www.fluidsynth.org/api/ (version 2).
"""

from __future__ import annotations

import ctypes as c
import ctypes.util
import functools
from collections.abc import Callable
from typing import Any

__all__ = ["LibraryError", "driver_names", "last_words", "library"]

NAMES = ("libfluidsynth.so.3", "libfluidsynth.so.2", "libfluidsynth-3.dll", "libfluidsynth.3.dylib")
FAULTS = 0, 1  # levels of the log: panic, error

_P, _S, _I, _D, _F, _H, _U = (
    c.c_void_p, c.c_char_p, c.c_int, c.c_double, c.c_float, c.c_short, c.c_uint,
)  # fmt: skip
LOG = c.CFUNCTYPE(None, _I, _S, _P)
OPTION = c.CFUNCTYPE(None, _P, _S, _S)
_CALLS: dict[str, tuple[Any, ...]] = {  # name: result, arguments
    "fluid_set_log_function": (_P, _I, _P, _P),
    "new_fluid_settings": (_P,),
    "delete_fluid_settings": (None, _P),
    "fluid_settings_setnum": (_I, _P, _S, _D),
    "fluid_settings_setint": (_I, _P, _S, _I),
    "fluid_settings_setstr": (_I, _P, _S, _S),
    "fluid_settings_foreach_option": (None, _P, _S, _P, OPTION),
    "new_fluid_synth": (_P, _P),
    "delete_fluid_synth": (None, _P),
    "fluid_synth_sfload": (_I, _P, _S, _I),
    "fluid_synth_noteon": (_I, _P, _I, _I, _I),
    "fluid_synth_noteoff": (_I, _P, _I, _I),
    "fluid_synth_cc": (_I, _P, _I, _I, _I),
    "fluid_synth_program_change": (_I, _P, _I, _I),
    "fluid_synth_all_notes_off": (_I, _P, _I),
    "fluid_synth_write_float": (_I, _P, _I, _P, _I, _I, _P, _I, _I),
    "new_fluid_audio_driver": (_P, _P, _P),
    "delete_fluid_audio_driver": (None, _P),
    "new_fluid_sequencer2": (_P, _I),
    "delete_fluid_sequencer": (None, _P),
    "fluid_sequencer_register_fluidsynth": (_H, _P, _P),
    "fluid_sequencer_set_time_scale": (None, _P, _D),
    "fluid_sequencer_get_tick": (_U, _P),
    "fluid_sequencer_send_at": (_I, _P, _P, _U, _I),
    "fluid_sequencer_remove_events": (None, _P, _H, _H, _I),
    "new_fluid_event": (_P,),
    "delete_fluid_event": (None, _P),
    "fluid_event_set_source": (None, _P, _H),
    "fluid_event_set_dest": (None, _P, _H),
    "fluid_event_noteon": (None, _P, _I, _H, _H),
    "fluid_event_noteoff": (None, _P, _I, _H),
    "fluid_event_control_change": (None, _P, _I, _H, _I),
    "fluid_event_program_change": (None, _P, _I, _I),
}

_said: list[str] = []
_callbacks: list[Any] = []  # a callback lives as long as somebody holds it


class LibraryError(OSError):
    """FluidSynth is not installed; the message is the line to type."""


def _note(level: int, text: bytes, _: Any) -> None:
    _said.append(text.decode(errors="replace").strip())
    del _said[:-10]


def _ignore(level: int, text: bytes, _: Any) -> None:
    """Warnings and chatter of the library."""


@functools.cache
def library() -> Any:
    """The library with its prototypes set, silent; LibraryError where there is none."""
    fluid = _load()
    for name, (result, *arguments) in _CALLS.items():
        call = getattr(fluid, name)
        call.restype, call.argtypes = result, arguments
    for level in range(5):
        _callbacks.append(LOG(_note if level in FAULTS else _ignore))
        fluid.fluid_set_log_function(level, c.cast(_callbacks[-1], _P), None)
    return fluid


def last_words() -> str:
    """What the library complained about last; "" where it did not."""
    return _said[-1] if _said else ""


def driver_names(settings: Any) -> list[str]:
    """The audio drivers that this library was built with."""
    found: list[str] = []
    add: Callable[..., None] = lambda _, name, option: found.append(option.decode())  # noqa: E731
    library().fluid_settings_foreach_option(settings, b"audio.driver", None, OPTION(add))
    return found


def _load() -> Any:
    found = ctypes.util.find_library("fluidsynth")
    for name in (*NAMES, *([found] if found else [])):
        try:
            fluid = c.CDLL(name)
        except OSError:
            continue
        if hasattr(fluid, "new_fluid_sequencer2"):
            return fluid
    raise LibraryError(
        "FluidSynth is not installed: apt install fluidsynth fluid-soundfont-gm "
        "(macOS: brew install fluid-synth)"
    )
