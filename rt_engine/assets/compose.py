"""Write the bundled piece: its MIDI file, its true beats and, with fluidsynth, its recording.

    python -m rt_engine.assets.compose --font FluidR3_GM.sf2

The MIDI file and the beats are the same bytes on every run. Without `--font` the recording
stays as it is.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile

from rt_engine import assets
from rt_engine.assets import arrange, score
from rt_engine.assets.arrange import BAR, PICKUP, Note

TICKS = 480  # a beat
RATE = 44100  # Hz
RING = 3.0  # beats that the final chord rings on
PEAK = 0.9  # of full scale


@dataclass(frozen=True)
class Part:
    """A MIDI track: General MIDI program (0..127), volume and pan (0..127, 64 centre)."""

    name: str
    channel: int
    program: int
    volume: int
    pan: int
    notes: Iterable[Note]


def parts() -> list[Part]:
    """The band."""
    return [
        Part("drums", 9, 0, 127, 64, arrange.drums()),
        Part("bass", 1, 33, 94, 64, arrange.bass()),
        Part("electric piano", 0, 4, 68, 44, arrange.keys()),
        Part("steel guitar", 2, 25, 116, 92, arrange.guitar()),
        Part("pad", 3, 89, 62, 64, arrange.pad()),
        Part("vibraphone", 4, 11, 127, 76, arrange.lead("vibraphone")),
        Part("jazz guitar", 5, 26, 66, 56, arrange.lead("jazz guitar")),
    ]


def tempo_changes() -> list[tuple[float, int]]:
    """Beat and microseconds a beat from there on."""
    changes = [(0.0, mido.bpm2tempo(score.PIECE[0].bpm))]
    for start, section in arrange.sections():
        tempo = mido.bpm2tempo(section.bpm)
        if tempo != changes[-1][1]:
            changes.append((start, tempo))
    return changes


def seconds(beat: float) -> float:
    """Time of a beat of the file by its tempo map."""
    changes = tempo_changes()
    ends = [start for start, _ in changes[1:]] + [float("inf")]
    spans = (
        (min(beat, end) - start) * tempo
        for (start, tempo), end in zip(changes, ends, strict=True)
        if beat > start
    )
    return sum(spans) / 1e6


def beats() -> list[tuple[float, int]]:
    """Time in seconds and position in the bar (1..4), from the first downbeat to the last."""
    *_, (last, _) = arrange.sections()
    count = round(last - PICKUP) + 1
    return [(seconds(PICKUP + n), n % round(BAR) + 1) for n in range(count)]


def midi() -> mido.MidiFile:
    """Return the whole piece: a track of tempo, metre and section names, then one a part."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks += [conductor(), *(track(part) for part in parts())]
    return file


def conductor() -> mido.MidiTrack:
    """Tempo map, metre (a pickup bar of one beat, then 4/4) and a marker for every section."""
    meta = mido.MetaMessage
    events = [(beat, meta("set_tempo", tempo=tempo)) for beat, tempo in tempo_changes()]
    events += [
        (0.0, meta("time_signature", numerator=round(PICKUP), denominator=4)),
        (PICKUP, meta("time_signature", numerator=round(BAR), denominator=4)),
    ]
    events += [(start, meta("marker", text=section.name)) for start, section in arrange.sections()]
    *_, (last, _) = arrange.sections()
    events.append((last + BAR + RING, meta("end_of_track")))
    return timed(events)


def track(part: Part) -> mido.MidiTrack:
    """One part, with its sound set up at the start."""
    message, channel = mido.Message, part.channel
    events = [
        (0.0, mido.MetaMessage("track_name", name=part.name)),
        (0.0, message("program_change", channel=channel, program=part.program)),
        (0.0, message("control_change", channel=channel, control=7, value=part.volume)),
        (0.0, message("control_change", channel=channel, control=10, value=part.pan)),
    ]
    for note in part.notes:
        key = {"channel": channel, "note": note.pitch}
        events.append((note.start, message("note_on", velocity=note.velocity, **key)))
        events.append((note.start + note.length, message("note_off", velocity=0, **key)))
    return timed(events)


def timed(events: list[tuple[float, mido.Message]]) -> mido.MidiTrack:
    """Order events by beat, a note's end before the next note's start, and space them in ticks."""
    events = sorted(events, key=lambda event: (event[0], event[1].type == "note_on"))
    ticks = [0, *(round(beat * TICKS) for beat, _ in events)]
    spaces = np.diff(ticks).tolist()
    return mido.MidiTrack(
        message.copy(time=space) for (_, message), space in zip(events, spaces, strict=True)
    )


def beats_text() -> str:
    """Return the beats as lines of time in seconds, a tab, and position in the bar."""
    return "".join(f"{time:.4f}\t{position}\n" for time, position in beats())


def render(font: Path, target: Path) -> None:
    """Record the MIDI file with fluidsynth and write it, normalised, as Ogg Vorbis."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder, "demo.wav")
        command = ["fluidsynth", "-ni", "-g", "0.5", "-r", str(RATE), "-F", str(wave)]
        subprocess.run([*command, str(font), str(assets.MIDI)], check=True, capture_output=True)
        sound, _ = soundfile.read(wave, dtype="float32")
    sound = sound[: round(seconds_total() * RATE)]
    sound *= PEAK / np.abs(sound).max()
    with soundfile.SoundFile(target, "w", RATE, 2, format="OGG", subtype="VORBIS") as ogg:
        for start in range(0, len(sound), RATE):  # libsndfile's encoder overflows on one long write
            ogg.write(sound[start : start + RATE])


def seconds_total() -> float:
    """Length of the recording."""
    *_, (last, _) = arrange.sections()
    return seconds(last + BAR + RING)


def main() -> None:
    """Write the files beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, help="General MIDI sound font (.sf2) to record with")
    options = parser.parse_args()
    midi().save(assets.MIDI)
    assets.BEATS.write_text(beats_text())
    if options.font:
        render(options.font, assets.RECORDING)


if __name__ == "__main__":
    main()
