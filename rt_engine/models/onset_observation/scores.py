"""MIDI files as music: messages by time, beats of their own grid, and a recording of an excerpt."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import mido
import numpy as np
import soundfile
from mido.midifiles.meta import KeySignatureError
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRUMS = 9  # channel, counted from 0
KICKS, SNARES = (35, 36), (37, 38, 39, 40)
RENDER_RATE = 44100
TICKS = 10_000  # a second, of the files that are rendered
SETUP = ("program_change", "control_change", "pitchwheel")
NOTES = ("note_on", "note_off")


class Score:
    """A MIDI file: `messages`, and when they are, in `beats` (quarters) and `seconds`.

    ValueError for what cannot be read as one piece of music.
    """

    def __init__(self, path: Path) -> None:
        try:
            midi = mido.MidiFile(path, clip=True)
        except (OSError, EOFError, LookupError, KeySignatureError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        if midi.type == 2 or midi.ticks_per_beat <= 0:
            raise ValueError(f"{path.name}: no common grid")
        timeline = list(_timeline(midi))
        self.beats = np.array([beat for beat, _, _ in timeline])
        self.seconds = np.array([second for _, second, _ in timeline])
        self.messages = [message for _, _, message in timeline]

    def times(self, beats: Floats) -> Floats:
        """Seconds of places given in beats; tempi change at messages only, so this is exact."""
        return np.asarray(np.interp(beats, self.beats, self.seconds))

    def drums(self, pitches: Sequence[int] | None = None) -> Floats:
        """Places, in beats, of the hits on the drum channel."""
        hits = [
            message.type == "note_on"
            and message.channel == DRUMS
            and message.velocity > 0
            and (pitches is None or message.note in pitches)
            for message in self.messages
        ]
        return np.asarray(self.beats[np.array(hits, bool)])

    def signatures(self) -> set[tuple[int, int]]:
        """Time signatures that the file names."""
        named = [m for m in self.messages if m.type == "time_signature"]
        return {(m.numerator, m.denominator) for m in named}


def _timeline(midi: Any) -> Iterator[tuple[float, float, Any]]:
    tracks = (zip(accumulate(m.time for m in track), track, strict=True) for track in midi.tracks)
    last, second, tempo = 0, 0.0, 500_000
    for tick, message in sorted(chain.from_iterable(tracks), key=itemgetter(0)):
        second += mido.tick2second(tick - last, midi.ticks_per_beat, tempo)
        last = tick
        if message.type == "set_tempo":
            tempo = message.tempo
        yield tick / midi.ticks_per_beat, second, message


def render(
    score: Score, start: float, seconds: float, fonts: Sequence[Path], drum_gain: float
) -> Floats:
    """Sound of an excerpt at `RENDER_RATE`, one channel, by fluidsynth; later fonts win."""
    if shutil.which("fluidsynth") is None:
        raise FileNotFoundError("fluidsynth is missing: apt install fluidsynth fluid-soundfont-gm")
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "excerpt.mid", Path(folder) / "excerpt.wav"
        excerpt(score, start, seconds, drum_gain).save(midi)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.5", "-r", str(RENDER_RATE), "-F", str(wave)]
        subprocess.run(
            [*command, *map(str, fonts), str(midi)], check=True, capture_output=True, timeout=120
        )
        stereo, _ = soundfile.read(wave, always_2d=True)
    sound = np.zeros(round(seconds * RENDER_RATE))
    heard = stereo[: len(sound)].mean(axis=1)
    sound[: len(heard)] = heard
    return sound


def excerpt(score: Score, start: float, seconds: float, drum_gain: float) -> Any:
    """The notes of an excerpt as a MIDI file of its own, all earlier settings at its start."""
    track = mido.MidiTrack()
    now = 0
    for time, message in zip(score.seconds, score.messages, strict=True):
        inside = start <= time < start + seconds
        if not (
            (message.type in SETUP and time < start + seconds) or (message.type in NOTES and inside)
        ):
            continue
        tick = max(0, round((time - start) * TICKS))
        changes = _louder(message, drum_gain)
        track.append(message.copy(time=tick - now, **changes))
        now = tick
    # all sound off: fluidsynth goes on until the last voice has ended
    track += [mido.Message("control_change", channel=k, control=120) for k in range(16)]
    track[-16].time = round(seconds * TICKS) - now
    return mido.MidiFile(type=0, ticks_per_beat=TICKS // 2, tracks=[track])


def _louder(message: Any, gain: float) -> dict[str, int]:
    if message.type != "note_on" or message.channel != DRUMS or message.velocity == 0:
        return {}
    return {"velocity": int(np.clip(message.velocity * gain, 1, 127))}


def programs(score: Score) -> set[int]:
    """Sounds that a score asks for: programs 0..127, and 128 for drums."""
    asked = [m.program for m in score.messages if m.type == "program_change" and m.channel != DRUMS]
    return {0, 128, *asked}
