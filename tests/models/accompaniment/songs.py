"""Songs made of numbers: a backbeat, chords, a bass, as MIDI files in an archive."""

import tarfile
from pathlib import Path

import mido

CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))  # Am F C G
ROOTS = (33, 29, 36, 31)
TICKS = 480


def song(bars: int = 16, meter: int = 4, bpm: float = 120.0, shift: int = 0) -> mido.MidiFile:
    midi = mido.MidiFile(ticks_per_beat=TICKS)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    head.append(mido.MetaMessage("time_signature", numerator=meter, denominator=4))
    midi.tracks.append(head)
    piano, bass, drums = [], [], []
    for bar in range(bars):
        at = bar * meter * TICKS
        for beat in range(meter):
            t = at + beat * TICKS
            drums += [(t, TICKS // 8, 36 if beat % 2 == 0 else 38, 100)]
            drums += [(t + k * TICKS // 2, TICKS // 8, 42, 70) for k in range(2)]
            bass.append((t, TICKS // 2, ROOTS[bar % 4] + shift, 90))
        piano += [(at, 2 * TICKS, pitch + shift, 80) for pitch in CHORDS[bar % 4]]
    for channel, program, notes in ((0, 0, piano), (1, 33, bass), (9, 0, drums)):
        midi.tracks.append(track(notes, channel, program))
    return midi


def track(notes: list[tuple[int, int, int, int]], channel: int, program: int) -> mido.MidiTrack:
    events = [(t, 1, pitch, velocity) for t, _, pitch, velocity in notes]
    events += [(t + length, 0, pitch, 0) for t, length, pitch, _ in notes]
    made = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
    last = 0
    for t, _, pitch, velocity in sorted(events):
        made.append(
            mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=t - last)
        )
        last = t
    return made


def archive(folder: Path, count: int = 14) -> Path:
    """`midi-archive.tar.xz` in a folder, with songs of titles a, b, ... in several keys."""
    songs = folder / "songs"
    songs.mkdir(parents=True)
    for k in range(count):
        song(bpm=90 + 5 * k, shift=k % 5).save(songs / f"{chr(97 + k)}{chr(97 + k)}.mid")
    song(meter=3).save(songs / "waltz.mid")
    (songs / "broken.mid").write_bytes(b"no music")
    with tarfile.open(folder / "midi-archive.tar.xz", "w:xz") as tar:
        tar.add(songs, "songs")
    return folder
