"""Sound devices through PortAudio: listed, found by name, opened."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Literal

from rt_engine.quiet import quiet

__all__ = ["DeviceError", "find", "list_devices", "portaudio", "stream"]

Direction = Literal["input", "output"]

_lock = threading.RLock()  # PortAudio is opened, closed and asked by one thread at a time


class DeviceError(OSError):
    """A device that is missing, busy or gone; the message says what exists."""


def portaudio() -> ModuleType:
    """The sounddevice module; DeviceError with the line to type where PortAudio is missing."""
    with quiet():
        try:
            import sounddevice

            # PortAudio's own end aborts the process where a JACK server has died under it.
            atexit.unregister(sounddevice._exit_handler)
        except OSError as error:
            raise DeviceError(
                f"{error}: install PortAudio (apt-get install libportaudio2)"
            ) from None
    module: ModuleType = sounddevice
    return module


def list_devices(direction: Direction) -> list[dict[str, Any]]:
    """Devices with `name`, `index`, `channels`, `rate` (Hz, default) and `api`."""
    sd = portaudio()
    apis = [api["name"] for api in sd.query_hostapis()]
    return [
        {
            "name": device["name"],
            "index": device["index"],
            "channels": device[f"max_{direction}_channels"],
            "rate": int(device["default_samplerate"]),
            "api": apis[device["hostapi"]],
        }
        for device in sd.query_devices()
        if device[f"max_{direction}_channels"] > 0
    ]


def find(name: str, direction: Direction) -> dict[str, Any]:
    """The device of this name, or the only one whose name has this part; "" is the default.

    Raises DeviceError that lists what exists.
    """
    devices = list_devices(direction)
    exact = [d for d in devices if d["name"] == name]
    if not name:
        index = portaudio().default.device[direction == "output"]
        exact = [d for d in devices if d["index"] == index] or devices[:1]
    part = [d for d in devices if name.lower() in d["name"].lower()]
    found = exact or part
    if len(found) != 1:
        names = ", ".join(repr(d["name"]) for d in devices) or "none"
        how = "there is no" if not found else f"{len(found)} devices match:"
        raise DeviceError(f"{how} {direction} device {name!r} (devices: {names})")
    return found[0]


@contextlib.contextmanager
def stream(
    direction: Direction,
    device: str,
    rate: int,
    channels: int,
    block: int,
    callback: Callable[..., None] | None = None,
) -> Iterator[Any]:
    """A started PortAudio stream of float32: raw input to `callback`, or output by blocking writes.

    Raises DeviceError, naming the device and what it offers, when it cannot be opened.
    """
    with _lock:
        opened = _opened(find(device, direction), direction, rate, channels, block, callback)
    try:
        yield opened
    finally:
        with _lock, quiet(), contextlib.suppress(portaudio().PortAudioError):
            opened.close()


def _opened(
    found: dict[str, Any],
    direction: Direction,
    rate: int,
    channels: int,
    block: int,
    callback: Callable[..., None] | None,
) -> Any:
    sd = portaudio()
    kind = sd.RawInputStream if direction == "input" else sd.OutputStream
    with quiet(), contextlib.ExitStack() as undo:
        try:
            index = found["index"]
            opened = kind(rate, block, index, channels, "float32", "low", callback=callback)
            undo.callback(opened.close)
            opened.start()
            undo.pop_all()
            return opened
        except sd.PortAudioError as error:
            raise DeviceError(
                f"{direction} device {found['name']!r} refuses {rate} Hz, {channels} channel(s): "
                f"{str(error.args[0]).strip()} (it offers {found['rate']} Hz, up to "
                f"{found['channels']} channels)"
            ) from None
