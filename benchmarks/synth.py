"""From a note to its sound: `synth.FluidSynth` and the built-in voice beside the usual ways.

    python benchmarks/synth.py [--notes 30]

A JACK server with the dummy driver stands for the sound card; a client of it listens to the
synthesiser sample by sample. Notes are announced 0.3 s ahead, or are due at once. The peers play
the program `fluidsynth` over MIDI: from `midi.Notes`, and through python-rtmidi. Accents go the
whole way of free mode: onset -> `drums.Drummer` -> `synth.FluidSynth` -> sound.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import Bar, Table, bar_table, report, summary

sys.path.insert(0, str(Path(__file__).parents[1]))

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, Live, Output, Source
from rt_engine.kinds import Beat, Note, Onset
from rt_engine.nodes.drums import Drummer
from rt_engine.nodes.synth import FluidSynth
from rt_engine.protocols.midi_link import Link, MidiLink
from rt_engine.synth.builtin import Builtin
from rt_engine.synth.fluid import Fluid
from rt_engine.synth.fonts import find_font
from rt_engine.synth.link import SynthLink
from rt_engine.synth.offline import blocks
from tests.rigs import Ear, JackServer, wait_for

CLICK = 33  # a metronome: FluidR3 begins it within 0.5 ms and ends it within 50
GAP = 0.23  # s between notes, no multiple of a period
AHEAD = 0.3  # s
BUSY = 3  # threads of pure Python in the engine's process
BEFORE, AFTER = 30_000_000, 180_000_000  # ns from its due time in which a sound is a note's
WAYS = ("synth.FluidSynth", "fluidsynth by midi.Notes", "fluidsynth by python-rtmidi", "built-in")
RINGING = ["open hi-hat", "crash", "ride"]  # what would hide the next accent
COLUMNS = "way", "period", "beside", "when", "heard", "p50", "p99", "sd"


class Accents(Source):
    """An accent every 1.1 s, from now on, and the beats that a drummer asks for."""

    accents = Output(kinds.Onsets)
    beats = Output(kinds.Beats)
    count: int = 20

    def reset(self) -> None:
        self.struck: list[int] = []
        self.index = 0
        self.begin = self.clock.now() + SECOND

    def read(self) -> bool:
        due = self.begin + self.index * 11 * SECOND // 10
        beat = Beat(self.index, self.index % 4 + 1, 4, 60 / 1.1, 1.1, 1.0)
        self.beats.emit(due + SECOND // 2, beat)
        if not self.clock.wait_until(due):
            return False
        self.struck.append(self.clock.now())
        self.accents.emit(self.struck[-1], Onset(0.9))
        self.index += 1
        return self.index < self.count


def main() -> int:
    """Measure, report; 0 when the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notes", type=int, default=30)
    options = parser.parse_args()
    rows, figures = [], {}
    for period in (128, 1024):
        with JackServer(period) as server:
            for way in WAYS:
                for busy in (False, True):
                    print(f"{way}, period {period}, busy {busy}", file=sys.stderr, flush=True)
                    found = measured(server, way, busy, options.notes)
                    figures[way, period, busy] = found
                    rows += lines(way, period, busy, found, options.notes)
    with JackServer(128):
        free = accents(20)
    grid = figures[WAYS[0], 128, True][0]
    now = figures[WAYS[0], 128, True][1]
    bars = [
        Bar("accent to sound, free mode, p50", "<= 80 ms", ms(free, 50), bool(p(free, 50) <= 80)),
        Bar("notes announced, beside busy threads: sd", "<= 5 ms", f"{np.std(grid):.2f} ms",
            bool(np.std(grid) <= 5)),
        Bar("notes due at once, beside busy threads: p50", "<= 15 ms", ms(now, 50),
            bool(p(now, 50) <= 15)),
    ]  # fmt: skip
    tables = [
        bar_table("Bars", bars),
        Table("Note due to first audible sample, in ms", COLUMNS, rows),
        Table("Offline, 60 s of drums and piano", ("voice", "s of sound a s"), offline()),
    ]
    notes = [
        f"{options.notes} notes each, 48 kHz; beside: {BUSY} threads of pure Python "
        "that never rest, in the process that sends, or nothing.",
        "A constant part of a period or two is the device's own; `offset_ms` takes it away. "
        "The program fluidsynth plays all MIDI of a period at its start, so that notes come up to "
        "a period early.",
        f"Accents: {len(free)} of 20 were heard apart from the one before; p99 {ms(free, 99)}.",
    ]
    report("synth", "From a note to its sound", tables, notes)
    print(summary(bars))
    return int(not all(bar.met for bar in bars))


def measured(server: JackServer, way: str, busy: bool, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds from due time to sound: of notes announced, and of notes due at once."""
    with opened(server, way) as (link, source), Ear(source) as ear, threads(BUSY if busy else 0):
        time.sleep(1.0)
        start = time.monotonic_ns() + round((AHEAD + 0.2) * SECOND)
        ahead = [start + round(k * GAP * SECOND) for k in range(count)]
        for due in ahead:
            time.sleep(max(0.0, (due - time.monotonic_ns()) / SECOND - AHEAD))
            play(link, due)
        time.sleep(AHEAD + 0.5)
        now = []
        for _ in range(count):
            now.append(time.monotonic_ns())
            play(link, now[-1])
            time.sleep(GAP)
        time.sleep(0.5)
        return matched(ear.onsets, ahead), matched(ear.onsets, now)


def play(link: Link, due: int) -> None:
    link.tell("note", due, SECOND // 50, 10, CLICK, 120)


def matched(onsets: list[int], due: list[int]) -> np.ndarray:
    """Milliseconds from each note to its sound, where there is one."""
    heard = np.array(onsets)
    found = []
    for t in due:
        after = heard[(heard >= t - BEFORE) & (heard < t + AFTER)]
        found += [(after[0] - t) * 1e-6] if len(after) else []
    return np.array(found or [np.nan])


@contextlib.contextmanager
def opened(server: JackServer, way: str) -> Iterator[tuple[Link, str]]:
    """A way to play notes, and the port that they sound from."""
    if way in (WAYS[0], WAYS[3]):
        voice = "fluidsynth" if way == WAYS[0] else "builtin"
        link: Link = SynthLink(voice, name="synth", commands=["reverb 0"])
        mine = "synth:left" if way == WAYS[0] else "PortAudio"
        source = wait_for(lambda: [p for p in server.ports() if p.startswith(mine)], 10)[0]
        with contextlib.closing(link):
            yield link, source
        return
    program = subprocess.Popen(
        ["fluidsynth", "-a", "jack", "-m", "jack", "-r", "48000", "-R", "0",
         "-o", "midi.jack.id=far", "-o", "audio.jack.id=far", str(find_font())],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: "far:midi_00" in server.ports(), 15)
    server.connect("far:left", "system:playback_1")
    api = "jack" if way == WAYS[1] else "rtmidi-jack"
    with contextlib.closing(MidiLink("notes", to="far", api=api, start="manual")) as midi:
        yield midi, "far:left"
    program.terminate()
    program.wait()


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Threads of pure Python that never rest, with the switch interval of a running graph."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            sum(range(1000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    for _ in range(count):
        threading.Thread(target=work, daemon=True).start()
    yield
    ended.set()
    sys.setswitchinterval(before)


def accents(count: int) -> np.ndarray:
    """Milliseconds from an accent, as a detector would tell it, to the sound of the drum."""
    graph = Graph("accents")
    source = Accents(count=count)
    graph.add("body", source)
    wires = {"accents": "body.accents", "beats": "body.beats"}
    graph.add("drums", Drummer(mode="free", mute=RINGING), wires)
    graph.add("synth", FluidSynth(reverb=0.0), "drums.notes")
    with Live(graph) as live, Ear("synth:left") as ear:
        live.wait(count * 1.1 + 3)
        onsets = list(ear.onsets)
    return matched(onsets, source.struck)


def lines(
    way: str, period: int, busy: bool, found: tuple[np.ndarray, np.ndarray], count: int
) -> list[tuple[str, ...]]:
    beside = f"{BUSY} threads" if busy else "nothing"
    return [
        (way, str(period), beside, when, f"{len(late)} of {count}",
         f"{p(late, 50):.1f}", f"{p(late, 99):.1f}", f"{np.std(late):.2f}")
        for when, late in zip(("announced", "at once"), found, strict=True)
    ]  # fmt: skip


def offline() -> list[tuple[str, str]]:
    """How much faster than real time each voice renders."""
    notes = []
    for k in range(480):
        notes.append((k * SECOND // 8, Note((36, 42, 38, 42)[k % 4], 100, 0.05, 10)))
        notes += [(k * SECOND // 8, Note(48 + 3 * k % 24, 80, 0.4, 1))] * (k % 2)
    rows = []
    for voice in (Fluid(), Builtin()):
        begin = time.perf_counter()
        for _ in blocks(voice, notes, 60.0):
            pass
        rows.append((type(voice).__name__, f"{60 / (time.perf_counter() - begin):.0f}"))
        voice.close()
    return rows


def p(values: np.ndarray, percent: float) -> float:
    return float(np.percentile(values, percent))


def ms(values: np.ndarray, percent: float) -> str:
    return f"{p(values, percent):.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
