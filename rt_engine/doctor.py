"""What this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import platform
import threading
from collections.abc import Iterator

from rt_engine import devices
from rt_engine.core.live import realtime
from rt_engine.extras import EXTRAS, installed
from rt_engine.quiet import quiet
from rt_engine.synth.fonts import find_font
from rt_engine.synth.library import library

__all__ = ["doctor", "midi_missing", "midi_ports"]

PACKAGES = ("rt-engine", "numpy", "msgspec", "sounddevice", "soundfile", "soxr", "python-osc",
            "mido", "python-rtmidi", "mcap")  # fmt: skip


def doctor() -> str:
    """The report, one finding a line: `ok`, `--` (optional) or `!!` (needed) in front."""
    return "\n".join([*_versions(), *_extras(), *_sound(), *_synthesiser(), *_midi(), *_rights()])


def midi_ports() -> dict[str, dict[str, list[str]]]:
    """For each MIDI system that answers, the names of its input and output ports."""
    import rtmidi

    found = {}
    for api in rtmidi.get_compiled_api():
        if api == rtmidi.API_RTMIDI_DUMMY:
            continue
        try:
            with quiet():
                ports = {"inputs": rtmidi.MidiIn(api), "outputs": rtmidi.MidiOut(api)}
                names = {key: list(port.get_ports()) for key, port in ports.items()}
                for port in ports.values():
                    port.delete()
        except rtmidi.RtMidiError:
            continue
        found[rtmidi.get_api_display_name(api)] = names
    return found


def midi_missing() -> str | None:
    """Why no MIDI can be sent on this machine, or None when it can."""
    if midi_ports():
        return None
    return "no MIDI system answers (ALSA sequencer: modprobe snd-seq; or start a JACK server)"


def _versions() -> Iterator[str]:
    yield f"ok  Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    for name in PACKAGES:
        try:
            yield f"ok  {name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"!!  {name} is missing: pip install rt-engine"


def _extras() -> Iterator[str]:
    for extra, modules in EXTRAS.items():
        missing = [name for name in modules if not installed(name)]
        line = f"pip install 'rt-engine[{extra}]'"
        yield f"--  extra {extra}: {line}" if missing else f"ok  extra {extra}"


def _sound() -> Iterator[str]:
    for direction in ("input", "output"):
        try:
            found = devices.list_devices(direction)
        except devices.DeviceError as error:
            yield f"!!  sound: {error}"
            return
        for device in found:
            rate, channels = device["rate"], device["channels"]
            yield f"ok  {direction} {device['name']!r}: {rate} Hz, {channels} channels"
        if not found:
            yield f"--  no {direction} device: plug one in, or start a JACK or PipeWire server"


def _synthesiser() -> Iterator[str]:
    try:
        library()
        yield f"ok  FluidSynth, sound font {find_font()}"
    except OSError as error:
        yield f"--  {error} (without it a built-in voice plays)"


def _midi() -> Iterator[str]:
    for api, ports in midi_ports().items():
        for direction, names in ports.items():
            yield f"ok  MIDI {api} {direction}: {', '.join(names) or 'none, virtual ones work'}"
    if reason := midi_missing():
        yield f"--  {reason}"


def _rights() -> Iterator[str]:
    allowed: list[bool] = []
    thread = threading.Thread(target=lambda: allowed.append(realtime()))
    thread.start()
    thread.join()
    if allowed[0]:
        yield "ok  real-time priority is allowed"
    else:
        yield (
            "--  no real-time priority: put '@audio - rtprio 80' into "
            "/etc/security/limits.d/audio.conf, join group audio, log in again"
        )
