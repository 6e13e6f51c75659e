"""The drummer live, over JACK MIDI: bars that came too late, and hits against the grid."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from jack_midi import MidiEar

from _dance.band import band
from rt_engine.core import SECOND, Live, Packet
from rt_engine.nodes import midi
from rt_engine.protocols.jack import IS_INPUT
from tests.rigs import JackServer

NOTE_ON = 0x99
STEPS = 4


class Ear(MidiEar):
    """Notes what arrives: time (when a cycle began here, plus the frames into it), status, pitch,
    velocity.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard = array("q")
        self._port = self.port("drums", IS_INPUT)
        self.activate()

    def process(self, frames: int) -> None:
        now = time.monotonic_ns()
        for event in self.events(self._port, frames):
            t = now + event.time * SECOND // self.rate
            self.heard.extend((t, *(event.buffer[k] for k in range(3))))


def listen(file: str) -> None:
    """The receiver process; writes what it heard when its stdin closes."""
    gc.disable()  # a collection would make the receiver miss a cycle
    ear = Ear()
    print("ready", flush=True)
    sys.stdin.read()
    ear.close()
    np.savez(file, heard=np.array(ear.heard).reshape(-1, 4))


def play(seconds: float, write: str, bpm: tuple[float, float], file: str) -> None:
    """The engine process; writes the beats that were told, the dues of notes, and the bars."""
    graph = band(seconds, write, bpm, humanise=0.0)
    graph.add("midi", midi.Notes(port="ear:drums", api="jack"), "drums.notes")
    due, bars = [], []

    def tap(node: str, output: str, packet: Packet | None) -> None:
        if node == "drums" and packet is not None:
            now = live.clock.now()
            if output == "notes":
                due.append((packet.t, now))
            else:
                bars.append((packet.t, now))

    with Live(graph, taps=[tap]) as live:
        while live.lanes["sweep"].thread.is_alive():
            time.sleep(0.1)
    lateness = graph.nodes["midi"].lateness
    np.savez(file, beats=graph.nodes["sweep"].told, due=due, bars=bars,
             dropped=lateness["dropped"], missed=graph.nodes["drums"].late)  # fmt: skip


def measured(
    seconds: float, write: str, bpm: tuple[float, float], period: int = 128
) -> dict[str, Any]:
    """Plays so long and says what was heard, in ms where nothing else is said."""
    with JackServer(period, sync=True), tempfile.TemporaryDirectory() as folder:
        played, heard = f"{folder}/played.npz", f"{folder}/heard.npz"
        command = [sys.executable, str(Path(__file__).parents[1] / "dance.py")]
        with subprocess.Popen(
            [*command, "--listen", heard], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as ear:
            assert ear.stdin and ear.stdout
            ear.stdout.readline()
            told = str(seconds), write, *map(str, bpm), played
            subprocess.run([*command, "--play", *told], check=True)
            ear.stdin.close()
            ear.wait()
        return figures(dict(np.load(played)), np.load(heard)["heard"])


def figures(played: dict[str, Any], heard: np.ndarray) -> dict[str, Any]:
    """Bars missed, strokes late, hits against the grid between the beats, and notes that hang."""
    beats, due, bars = played["beats"], played["due"], played["bars"]
    on = heard[(heard[:, 1] == NOTE_ON) & (heard[:, 3] > 0)]
    off = heard[(heard[:, 1] == 0x89) | ((heard[:, 1] == NOTE_ON) & (heard[:, 3] == 0))]
    grid = np.interp(np.arange((len(beats) - 1) * STEPS) / STEPS, np.arange(len(beats)), beats)
    inside = on[(on[:, 0] > grid[0]) & (on[:, 0] < grid[-1])]
    error, moved = distance(inside[:, 0], grid), distance(due[due[:, 0] < grid[-1], 0], grid)
    return {
        "bars": len(bars),
        "missed": int(played["missed"]),
        "least": float((bars[1:, 0] - bars[1:, 1]).min() / 1e6),
        "strokes": len(due),
        "late": int((due[:, 1] > due[:, 0]).sum()),
        "dropped": int(played["dropped"]),
        "heard": len(on),
        "hanging": len(on) - len(off),
        "planned": float(moved.std()),
        "mean": float(error.mean()),
        "sd": float(error.std()),
        "p99": float(np.percentile(np.abs(error - np.median(error)), 99)),
    }


def distance(times: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Distance in ms to the nearest step of the grid; later if positive."""
    after = np.clip(np.searchsorted(grid, times), 1, len(grid) - 1)
    near = np.where(times - grid[after - 1] < grid[after] - times, after - 1, after)
    return np.asarray((times - grid[near]) / 1e6)
