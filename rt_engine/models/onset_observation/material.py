"""Excerpts with known beats: songs, drummers and pop rendered from MIDI, and click tracks.

Everything is drawn with a seed that belongs to the piece, so that a piece sounds the same whatever
else is made, and lies in a work folder as `NAME.flac` and `NAME.beats` (time in s, position in the
bar of four); what is there is not made again.
"""

from __future__ import annotations

import csv
import random
import sys
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from rt_engine.models.onset_observation.scores import (
    KICKS,
    RENDER_RATE,
    SNARES,
    Floats,
    Score,
    programs,
    render,
)

RATE = 22050
SECONDS = 25.0
TEMPI = (66.0, 185.0)  # BPM: all within the range that the tracker searches by default
HELD_OUT = 4  # every fourth group of a source
SHARES = {"midi-archive": 0.58, "groove": 0.18, "pop909": 0.14, "clicks": 0.10}
FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")  # Debian's fluid-soundfont-gm
NOISES = (0.0, 1e-4, 1e-3, 3e-3)  # deviation of the hiss added, full scale 1


class Excerpt(NamedTuple):
    """Sound (n,) float32 at `RATE`; beats (k, 2): time in s and position in the bar, 1..4.

    group: what counts as one piece of music. held_out: not to be fitted on, as all of its group.
    """

    name: str
    source: str
    group: str
    held_out: bool
    sound: NDArray[np.float32]
    beats: Floats


class Candidate(NamedTuple):
    """A MIDI file that may become an excerpt; `beats` reads its beats, or raises ValueError."""

    source: str
    group: str
    path: Path
    beats: Callable[[Score], Floats]


def collect(data: Path, work: Path, count: int, seed: int = 0) -> list[Excerpt]:
    """About `count` excerpts, sources in their `SHARES`; what `work` has is not made again.

    data: the folder with `groove-midi.tar.xz`, `pop909.tar.xz`, `midi-archive.tar.xz` and
    `soundfonts/`. FileNotFoundError where it, or fluidsynth, is missing.
    """
    sources = unpack(data, work / "midi")
    found: list[Excerpt] = []
    for source, share in SHARES.items():
        wanted = round(share * count)
        pieces = draw(source, sources, data / "soundfonts", work / "excerpts", wanted, seed)
        for number, piece in enumerate(pieces, 1):
            found.append(piece)
            print(f"{source}: {number} of {wanted}  {piece.name}", file=sys.stderr, flush=True)
    return found


def unpack(data: Path, folder: Path) -> Path:
    """Unpack the archives of MIDI once; the folder."""
    for name in ("groove-midi", "pop909", "midi-archive"):
        done = folder / f"{name}.done"
        if not done.exists():
            with tarfile.open(data / f"{name}.tar.xz") as archive:
                archive.extractall(folder, filter="data")
            done.touch()
    return folder


def draw(
    source: str, sources: Path, fonts: Path, work: Path, wanted: int, seed: int
) -> Iterator[Excerpt]:
    """Up to `wanted` excerpts of a source in seeded order; every fourth group is held out."""
    if source == "clicks":
        yield from (clicks(k, seed) for k in range(wanted))
        return
    candidates = CANDIDATES[source](sources)
    random.Random(f"{seed} {source}").shuffle(candidates)
    held_out = set(list(dict.fromkeys(c.group for c in candidates))[::HELD_OUT])
    made: Counter[str] = Counter()
    for candidate in candidates:
        if made.total() == wanted:
            return
        if made[candidate.group] == MOST.get(source, 1):
            continue
        try:
            yield make(candidate, candidate.group in held_out, fonts, work, seed)
        except ValueError:
            continue
        made[candidate.group] += 1


def make(candidate: Candidate, held_out: bool, fonts: Path, work: Path, seed: int) -> Excerpt:
    """The excerpt of a candidate, read if it is there; ValueError if it does not suit."""
    key = "/".join(candidate.path.parts[-3:])
    name = f"{candidate.source}-{zlib.crc32(key.encode()):08x}"
    sound_file, beat_file = work / f"{name}.flac", work / f"{name}.beats"
    if not beat_file.exists():
        work.mkdir(parents=True, exist_ok=True)
        sound, beats = _record(
            candidate, fonts, np.random.default_rng([seed, zlib.crc32(key.encode())])
        )
        soundfile.write(sound_file, sound, RATE, subtype="PCM_16")
        np.savetxt(beat_file, beats, fmt=("%.4f", "%d"))  # last: it says that both are whole
    sound, _ = soundfile.read(sound_file, dtype="float32")
    beats = np.loadtxt(beat_file)
    return Excerpt(name, candidate.source, candidate.group, held_out, sound, beats)


def _record(candidate: Candidate, fonts: Path, rng: np.random.Generator) -> tuple[Floats, Floats]:
    score = Score(candidate.path)
    beats = candidate.beats(score)
    start, beats = cut(beats, rng)
    chosen = [FONT, *_overlay(fonts, programs(score), rng)]
    sound = render(score, start, SECONDS, chosen, drum_gain=rng.uniform(0.65, 1.15))
    return _finish(sound, rng), beats


def cut(beats: Floats, rng: np.random.Generator) -> tuple[float, Floats]:
    """Where the excerpt starts (s), and its beats from there; ValueError if it is too short."""
    ends = beats[-1, 0] - SECONDS
    ones = beats[beats[:, 1] == 1]
    ones = ones[ones[:, 0] < ends]
    if len(ones) == 0:
        raise ValueError("too short")
    first = ones[min(int(rng.choice((0, 0, 8, 16))), len(ones) - 1), 0]
    start = max(0.0, first - rng.uniform(0.0, 0.3))
    inside = beats[(beats[:, 0] >= start) & (beats[:, 0] < start + SECONDS - 0.05)]
    if not TEMPI[0] <= 60.0 / np.median(np.diff(inside[:, 0])) <= TEMPI[1]:
        raise ValueError("too slow or too fast")
    return float(start), inside - (start, 0.0)


def _overlay(fonts: Path, wanted: set[int], rng: np.random.Generator) -> list[Path]:
    """In five cases of seven the sounds of another font, over those of `FONT`."""
    folders = sorted(path for path in fonts.iterdir() if path.is_dir())
    choice = int(rng.integers(-2, len(folders)))
    if choice < 0:
        return []
    return [path for k in sorted(wanted) if (path := folders[choice] / f"{k:03d}.sf3").exists()]


def _finish(sound: Floats, rng: np.random.Generator) -> Floats:
    """At some level from -15 to -1 dB full scale, at `RATE`, with some hiss or none."""
    peak = np.abs(sound).max()
    if peak < 1e-3:
        raise ValueError("silent")
    levelled = sound / peak * 10 ** (-rng.uniform(1, 15) / 20)
    slower = soxr.resample(levelled, RENDER_RATE, RATE)
    return np.asarray(slower + rng.choice(NOISES) * rng.standard_normal(len(slower)))


# The sources: which files, and where their beats are.


def songs(folder: Path) -> list[Candidate]:
    """General MIDI songs in 4/4; a group is a title, its digits left out."""
    paths = sorted((folder / "midi-archive").rglob("*.mid"))
    titles = ["".join(filter(str.isalpha, path.stem.lower())) for path in paths]
    return [
        Candidate("midi-archive", title, path, song_beats)
        for title, path in zip(titles, paths, strict=True)
    ]


def song_beats(score: Score) -> Floats:
    """The grid of a song whose drums play a backbeat on it; ValueError for any other song."""
    drums, kicks, snares = score.drums(), score.drums(KICKS), score.drums(SNARES)
    if score.signatures() - {(4, 4)} or min(len(kicks), len(snares)) < 12 or len(drums) < 100:
        raise ValueError("not in 4/4, or few drums")
    on_grid = np.abs((4 * drums + 0.5) % 1 - 0.5) < 0.25
    if on_grid.mean() < 0.9 or _on(snares, (1, 3)) < 0.55 or _on(kicks, (0, 2)) < 0.4:
        raise ValueError("no backbeat on the grid")
    places = np.arange(drums[0] // 4 * 4, drums[-1])
    return np.column_stack([score.times(places), places % 4 + 1])


def _on(hits: Floats, beats: Sequence[int]) -> float:
    """Share of hits that lie within 0.07 beats of these beats of the bar, of those on eighths."""
    eighths = hits[np.abs((2 * hits + 0.5) % 1 - 0.5) < 0.15]
    near = np.rint(2 * eighths) % 8
    return float(np.isin(near, [2 * beat for beat in beats]).mean()) if len(eighths) else 0.0


def drummers(folder: Path) -> list[Candidate]:
    """The train split of Groove MIDI, beats in 4/4; a group is a drummer."""
    with (folder / "groove" / "info.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    return [
        Candidate("groove", row["drummer"], folder / "groove" / row["midi_filename"], click_beats)
        for row in rows
        if row["beat_type"] == "beat" and row["time_signature"] == "4-4"
    ]


def click_beats(score: Score) -> Floats:
    """The grid of a performance that was played to a click from its first bar on."""
    places = np.arange(0.0, score.beats[-1])
    return np.column_stack([score.times(places), places % 4 + 1])


def pop(folder: Path) -> list[Candidate]:
    """POP909: piano and melody, without drums; a group is a song."""
    paths = sorted((folder / "pop909").glob("[0-9]*/[0-9]*.mid"))
    return [Candidate("pop909", path.stem, path, _pop_beats(path)) for path in paths]


def _pop_beats(path: Path) -> Callable[[Score], Floats]:
    def read(_: Score) -> Floats:
        table = np.loadtxt(path.with_name("beat_midi.txt"), ndmin=2)
        ones = np.flatnonzero(table[:, 2])  # the second column counts bars of two beats
        if len(ones) < 2 or set(np.diff(ones)) != {4}:
            raise ValueError("not in 4/4 throughout")
        return np.column_stack([table[:, 0], (np.arange(len(table)) - ones[0]) % 4 + 1])

    return read


CANDIDATES = {"midi-archive": songs, "groove": drummers, "pop909": pop}
MOST = {"groove": 4}  # excerpts of a group; 1 elsewhere


def clicks(index: int, seed: int = 0, seconds: float = SECONDS) -> Excerpt:
    """A metronome: one of four sounds at some tempo; in half of them the first beat is louder."""
    rng = np.random.default_rng([seed, index])
    bpm = 62.0 * (195.0 / 62.0) ** ((index * 0.618 + rng.uniform(0, 0.05)) % 1.0)
    times = np.arange(rng.uniform(0.1, 0.6), seconds - 0.1, 60.0 / bpm)
    sound = 1e-4 * rng.standard_normal(round(seconds * RATE))
    kind = (index + index // HELD_OUT) % len(CLICKS)  # so that no kind is held out altogether
    hit = CLICKS[kind](np.arange(RATE // 40) / RATE, rng.uniform(0.5, 2.0), rng)
    for k, time in enumerate(times):
        start = round(time * RATE)
        gain = 1.3 if index % 8 >= 4 and k % 4 == 0 else 1.0
        sound[start : start + len(hit)] += 0.5 * gain * hit
    beats = np.column_stack([times, np.arange(len(times)) % 4 + 1])
    name, held_out = f"click-{index}", index % HELD_OUT == 0
    return Excerpt(name, "clicks", name, held_out, sound.astype(np.float32), beats)


Sound = Callable[[Floats, float, np.random.Generator], Floats]  # times in s, pitch, for noise
CLICKS: tuple[Sound, ...] = (
    lambda t, pitch, _: np.sin(2 * np.pi * 1000 * pitch * t) * np.hanning(len(t)),
    lambda t, pitch, _: np.sin(2 * np.pi * 2500 * pitch * t) * np.exp(-t / 0.004),
    lambda t, _, rng: rng.standard_normal(len(t)) * np.exp(-t / 0.003),
    lambda t, pitch, _: (
        np.sin(2 * np.pi * (60 * t - 0.45 * np.exp(-t / 0.004)) * pitch) * np.exp(-t / 0.009)
    ),
)
