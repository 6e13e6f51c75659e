"""Scores as sound: fluidsynth and General MIDI fonts, those of a held-out split never elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
import soundfile

from rt_engine.models.rhythm.material.scores import (
    DRUM_CHANNEL,
    END,
    PITCH,
    START,
    VELOCITY,
    Floats,
    Part,
)

Rng = np.random.Generator

RATE = 22050
TICKS = 4000  # a second
PATIENCE = (8.0, 8.0, 60.0)  # s; it takes about one
DEBIAN = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")  # package fluid-soundfont-gm
FLUID = "FluidR3_GM"
FONTS = {
    "train": (FLUID, "Airfont_320_neo", "Airfont_330", "Airfont_340"),
    "valid": ("005.6mg_Aspirin_Stereo_V1.2_Bank",),
    "test": ("SGM-V2.01", "Aspirin_160_GMGS_2015"),
}
FONT_LICENCES = {FLUID: "MIT", "Airfont_330": "CC-BY-3.0", "SGM-V2.01": "CC-BY-4.0"}  # or none


class Font(NamedTuple):
    """A General MIDI sound bank: one file, or a folder of one `.sf3` file a program."""

    name: str
    path: Path

    def files(self, programs: set[int]) -> list[Path]:
        """What must be loaded for these programs, 128 being the drums."""
        if self.path.is_file():
            return [self.path]
        files = [self.path / f"{k:03d}.sf3" for k in sorted(programs)]
        return [file for file in files if file.exists()]


def fonts(folder: Path, split: str) -> list[Font]:
    """The fonts of a split that are there; FileNotFoundError if there is none."""
    found = [Font(name, DEBIAN if name == FLUID else folder / name) for name in FONTS[split]]
    found = [font for font in found if font.path.exists()]
    if not found:
        raise FileNotFoundError(f"{folder}: no sound font for {split}; see data/soundfonts")
    return found


def choose(available: Sequence[Font], parts: Sequence[Part], rng: Rng) -> tuple[str, list[Path]]:
    """Sounds for the parts: of one font, and in half of the cases of a second for some of them.

    The names of the fonts, and the files to load; later files win.
    """
    programs = {128 if part.drums else part.program for part in parts}
    first, second = (available[int(rng.integers(len(available)))] for _ in range(2))
    files = first.files(programs)
    if second is first or rng.random() < 0.5:
        return first.name, files
    other = {128} if rng.random() < 0.5 else {k for k in sorted(programs) if rng.random() < 0.5}
    more = [] if second.path.is_file() else second.files(other)
    return "+".join(sorted({first.name, second.name} if more else {first.name})), [*files, *more]


def render(
    parts: Sequence[Part], seconds: float, files: Sequence[Path], wet: bool, rate: int = RATE
) -> Floats:
    """Sound (n,) of the first `seconds` of the parts, one channel; later font files win.

    wet: with fluidsynth's own reverberation and chorus. FileNotFoundError without fluidsynth.
    """
    if shutil.which("fluidsynth") is None:
        raise FileNotFoundError("fluidsynth is missing: apt install fluidsynth fluid-soundfont-gm")
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "excerpt.mid", Path(folder) / "excerpt.wav"
        to_midi(parts, seconds).save(midi)
        effects = "1" if wet else "0"
        settings = ["-g", "0.3", "-o", "synth.dynamic-sample-loading=1", "-r", str(rate)]
        settings += ["-R", effects, "-C", effects, "-F", str(wave)]
        fluidsynth([*settings, *map(str, files), str(midi)])
        stereo, _ = soundfile.read(wave, always_2d=True)
    sound = np.zeros(round(seconds * rate))
    heard = stereo[: len(sound)].mean(axis=1)
    sound[: len(heard)] = heard
    return sound


def fluidsynth(arguments: list[str], patience: Sequence[float] = PATIENCE) -> None:
    """Run it without devices; again if it hangs, as version 2.3 does once in some forty runs.

    patience: s until each try is given up. TimeoutError when all were.
    """
    command = ["fluidsynth", "-ni", "-q", "-O", "float", *arguments]
    for seconds in patience:
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command,
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
            )
            return
    raise TimeoutError(f"fluidsynth hangs: {' '.join(command)}")


def to_midi(parts: Sequence[Part], seconds: float) -> Any:
    """A MIDI file of the first `seconds`; settings made before its start stand at its start."""
    events = [event for k, part in enumerate(parts) for event in _messages(part, _channel(part, k))]
    events = sorted((e for e in events if e[0] < seconds), key=lambda event: event[:2])
    track, now = mido.MidiTrack(), 0
    for time, _, message in events:
        tick = max(0, round(time * TICKS))
        message.time, now = tick - now, tick
        track.append(message)
    # all sound off: fluidsynth goes on until the last voice has ended
    track += [mido.Message("control_change", channel=k, control=120) for k in range(16)]
    track[-16].time = max(0, round(seconds * TICKS) - now)
    return mido.MidiFile(type=0, ticks_per_beat=TICKS // 2, tracks=[track])


def _channel(part: Part, number: int) -> int:
    """Drums on their own channel; the others one after the other, from 16 parts on together."""
    return DRUM_CHANNEL if part.drums else (number % 15) + (number % 15 >= DRUM_CHANNEL)


def _messages(part: Part, channel: int) -> Iterator[tuple[float, int, Any]]:
    """Messages with their time and rank: at one time, settings, then ends, then starts."""
    yield -1.0, 0, mido.Message("program_change", channel=channel, program=part.program)
    for time, control, value in part.controls:
        number, level = int(control), int(np.clip(value, 0, 127))
        yield time, 0, mido.Message("control_change", channel=channel, control=number, value=level)
    for note in part.notes[part.notes[:, START] >= 0]:
        pitch, velocity = int(note[PITCH]), int(np.clip(round(note[VELOCITY]), 1, 127))
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        yield note[START], 2, on
        yield note[END], 1, mido.Message("note_on", channel=channel, note=pitch, velocity=0)
