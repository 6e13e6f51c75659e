"""MIDI clock over JACK beside three busy Python threads: ours, and a clock thread as the peer.

    python benchmarks/midi_clock.py [--minutes 10] [--period 128]

One engine process runs three busy Python threads, the beats, and three clocks that play the
same beats at the same time: `midi.Clock` over JACK, `midi.Clock` through python-rtmidi, and a
thread of the engine that sends through python-rtmidi on absolute deadlines. A receiver in a
process of its own notes when each message arrives, on the clock that all processes share.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt
from common import Bar, Table, bar_table, report, summary
from jack_midi import MidiEar

sys.path.insert(0, str(Path(__file__).parents[1]))

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, Input, Live, Node, Output, Packet, Source
from rt_engine.nodes import midi
from rt_engine.protocols.jack import IS_INPUT
from rt_engine.protocols.midi_clock import SLEW
from rt_engine.protocols.midi_link import MidiLink
from tests.rigs import JackServer, realtime_allowed

TICK, CONTINUE = 0xF8, 0xFB
LEAD = SECOND // 10  # beats are announced so long ahead
OURS, RTMIDI, THREAD = "midi.Clock, JACK", "midi.Clock, python-rtmidi", "thread in the engine"
PORTS = {"jack": OURS, "rtmidi": RTMIDI, "thread": THREAD}
COLUMNS = "ticks", "lost", "p50", "p99", "max", "sd", "interval sd", "drift", "sent p99"
STARTS = 7

Times = npt.NDArray[np.int64]
Row = dict[str, float]


def tempo(part: str, number: int) -> float:
    """BPM of beat `number`."""
    if part == "steady":
        return 120.0
    if part == "ramp":  # a BPM a beat
        return 100.0 + min(max(number - 24, 0), 20)
    return 100.0 if number < 24 else 120.0


class Metronome(Source):
    """Announces beats whose tempo `part` says, until `seconds` are over."""

    beats = Output(kinds.Beats)
    part: str = "steady"
    seconds: float = 10.0

    def reset(self) -> None:
        self.times = [self.clock.now() + SECOND]

    def read(self) -> bool:
        number, t = len(self.times) - 1, self.times[-1]
        if not self.clock.wait_until(t - LEAD):
            return False
        period = 60 / tempo(self.part, number)
        beat = kinds.Beat(number, number % 4 + 1, 4, 60 / period, period, 1.0)
        self.beats.emit(t, beat)
        self.times.append(t + round(period * SECOND))
        return t < self.times[0] + self.seconds * SECOND


class Busy(Source):
    """Computes in pure Python, all the time."""

    def read(self) -> None:
        sum(number * number for number in range(20_000))


class ThreadClock(Node):
    """The peer: a thread with absolute deadlines, as one writes it without a second thought."""

    beats = Input(kinds.Beats)
    port: str = ""

    def open(self) -> None:
        import rtmidi

        self.late: list[int] = []

        self._out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "thread")
        ports = self._out.get_ports()
        self._out.open_port(next(i for i, name in enumerate(ports) if self.port in name))
        self._due: SimpleQueue[int | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def on_beats(self, packet: Packet) -> None:
        period = packet.data.period * SECOND
        for tick in range(24):
            self._due.put(packet.t + round(tick * period / 24))

    def _play(self) -> None:
        while (due := self._due.get()) is not None:
            time.sleep(max(0, due - time.monotonic_ns()) / SECOND)
            self._out.send_message([TICK])
            self.late.append(time.monotonic_ns() - due)

    def close(self) -> None:
        self._due.put(None)
        self._thread.join()
        self._out.close_port()


def play(part: str, seconds: float, file: str) -> None:
    """The engine process; writes the times of the beats, and how late the ticks were sent."""
    graph = Graph()
    metronome = Metronome(part=part, seconds=seconds)
    graph.add("metronome", metronome)
    for number in range(3):
        graph.add(f"busy{number}", Busy())
    graph.add("jack", midi.Clock(api="jack", client="jack", port="ear:jack"), "metronome")
    graph.add("rtmidi", midi.Clock(api="rtmidi-jack", port="ear:rtmidi"), "metronome")
    peer = ThreadClock(port="ear:thread")
    graph.add("thread", peer, "metronome")
    with Live(graph) as live:
        while live.lanes["metronome"].thread.is_alive():
            time.sleep(0.1)
    sent = {name: graph.nodes[name].lateness["p99"] for name in ("jack", "rtmidi")}
    sent["thread"] = float(np.percentile(peer.late, 99)) / 1e6
    np.savez(file, beats=np.array(metronome.times, np.int64), **sent)


class Ear(MidiEar):
    """Notes what arrives: status, frame, and time (when a cycle began here, plus the frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = {name: array("q") for name in PORTS}  # time, frame, status, time, ...
        self._ports = {name: self.port(name, IS_INPUT) for name in PORTS}
        self.activate()

    def process(self, frames: int) -> None:
        now, first = time.monotonic_ns(), self.jack.jack_last_frame_time(self.client)
        for name, port in self._ports.items():
            for event in self.events(port, frames):
                t = now + event.time * SECOND // self.rate
                self.heard[name].extend((t, first + event.time, event.buffer[0]))


def listen(file: str) -> None:
    """The receiver process; writes what it heard when its stdin closes."""
    gc.disable()  # a collection would make the receiver miss a cycle
    ear = Ear()
    print("ready", flush=True)
    sys.stdin.read()
    ear.close()
    np.savez(file, **{name: np.array(heard).reshape(-1, 3).T for name, heard in ear.heard.items()})


def measure(part: str, seconds: float, period: int) -> tuple[dict[str, Times], dict[str, Times]]:
    """What the engine says (see `play`), and what arrived: times, frames, statuses, by clock."""
    with JackServer(period, sync=True) as server, tempfile.TemporaryDirectory() as folder:
        played, heard = f"{folder}/played.npz", f"{folder}/heard.npz"
        command = [sys.executable, str(Path(__file__).resolve())]
        with subprocess.Popen(
            [*command, "--listen", heard], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as ear:
            assert ear.stdin and ear.stdout
            ear.stdout.readline()
            subprocess.run([*command, "--play", part, str(seconds), played], check=True)
            ear.stdin.close()
            ear.wait()
        missed = np.array(sum("XRun" in line for line in server.log))
        return {**np.load(played), "xruns": missed}, dict(np.load(heard))


def figures(ticks: Times, frames: Times, beats: Times) -> Row:
    """Ticks against the ideal grid, 24 even steps from each beat to the next; times in ms."""
    at = np.arange((len(beats) - 1) * 24 + 1)
    grid = np.interp(at / 24, np.arange(len(beats)), beats - beats[0])
    heard = (ticks[: len(at)] - beats[0]).astype(float)
    ahead = np.interp(heard, grid, at) - np.arange(len(heard))  # of their place in the order
    first, last = round(float(np.median(ahead[:48]))), round(float(np.median(ahead[-48:])))
    heard = heard[: len(grid) - first]
    late = (heard - grid[first : first + len(heard)]) / 1e6
    intervals = np.maximum(np.diff(frames), 0.01) / 48
    changes = 100 * np.abs(intervals[1:] / intervals[:-1] - 1)
    tenth = max(1, len(late) // 10)
    return {
        "ticks": len(heard),
        "lost": last - first,
        "p50": float(np.median(late)),
        "p99": float(np.percentile(late, 99)),
        "max": float(late.max()),
        "sd": float(late.std()),
        "interval sd": float(intervals.std()),
        "drift": float(np.median(late[-tenth:]) - np.median(late[:tenth])),
        "change %": float(np.percentile(changes, 99)),
        "most %": float(changes.max()),
        "bursts": int(np.count_nonzero(intervals < 1)),
        "off": float(np.abs(late).max()),
    }


def rows(part: str, seconds: float, period: int) -> dict[str, Row]:
    """Figures of each clock; jumps are counted by their `continue` messages."""
    played, heard = measure(part, seconds, period)
    found = {}
    for port, name in PORTS.items():
        t, frame, status = heard[port]
        tick = status == TICK
        jumps = int(np.count_nonzero(status == CONTINUE))
        row = figures(t[tick], frame[tick], played["beats"])
        other = {"sent p99": float(played[port]), "xruns": int(played["xruns"])}
        found[name] = {**row, "jumps": jumps, **other}
    return found


def starts(period: int) -> float:
    """Median time that a MIDI process needs to be ready, in ms."""
    took = []
    with JackServer(period):
        for _ in range(STARTS):
            before = time.monotonic()
            link = MidiLink("clock", api="jack")
            took.append(1000 * (time.monotonic() - before))
            link.close()
    return statistics.median(took)


def text(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if value < 1000 else "> 1000"


def steady_bars(minutes: float, row: Row) -> Iterator[Bar]:
    drift = f"{row['drift'] * 1000:+.0f} us"
    yield Bar(f"drift over {minutes:g} min", "< 100 us", drift, abs(row["drift"]) < 0.1)
    yield Bar("ticks lost", "0", text(row["lost"]), row["lost"] == 0)
    yield Bar("tick sd", "<= 1 ms", f"{row['sd']:.3f} ms", row["sd"] <= 1)
    yield Bar("p99 lateness", "<= 4 ms", f"{row['p99']:.3f} ms", row["p99"] <= 4)


def moving_bars(part: str, row: Row) -> Iterator[Bar]:
    limit = 100 * SLEW + 0.3  # rounding to frames of 48 kHz, at 120 BPM
    change = row["change %"]
    yield Bar(
        f"{part}: change of intervals, p99", f"<= {limit} %", f"{change:.2f} %", change <= limit
    )
    yield Bar(f"{part}: jumps", "0", text(row["jumps"]), row["jumps"] == 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of the steady part")
    parser.add_argument("--period", type=int, default=128, help="frames a JACK cycle, at 48 kHz")
    parser.add_argument("--listen", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--play", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.listen:
        listen(asked.listen)
    elif asked.play:
        play(asked.play[0], float(asked.play[1]), asked.play[2])
    else:
        compare(asked.minutes, asked.period)


def compare(minutes: float, period: int) -> None:
    """All parts, one after the other, and the report."""
    steady = rows("steady", 60 * minutes, period)
    tables = [table(f"120 BPM for {minutes:g} minutes: lateness of the ticks, ms", steady, COLUMNS)]
    bars = list(steady_bars(minutes, steady[OURS]))
    for part, title in (("ramp", "100 to 120 BPM in 20 beats"), ("step", "100 to 120 BPM at once")):
        moving = rows(part, 36, period)
        tables.append(table(title, moving, ("change %", "most %", "bursts", "jumps", "off")))
        bars += moving_bars(part, moving[OURS])
    took = starts(period)
    bars.append(Bar("start of the MIDI process", "< 150 ms", f"{took:.0f} ms", took < 150))
    report("midi_clock", "MIDI clock", [bar_table("Bars", bars), *tables], notes(period))
    print(summary(bars))


def table(title: str, clocks: dict[str, Row], columns: Sequence[str]) -> Table:
    body = [(name, *(text(row[column]) for column in columns)) for name, row in clocks.items()]
    missed = next(iter(clocks.values()))["xruns"]
    return Table(f"{title} ({missed} xruns)", ("clock", *columns), body)


def notes(period: int) -> list[str]:
    ms = period / 48
    allowed = "was allowed and used" if realtime_allowed() else "was not allowed"
    return [
        f"JACK dummy server, 48 kHz, {period} frames a cycle ({ms:.2f} ms). Real-time priority "
        f"{allowed}: JACK 70, MIDI processes 50, engine threads none.",
        "Lateness: arrival after the even grid between the beats; arrival: the time at which the "
        "receiver's cycle began, plus the message's frames into it. Intervals are counted in the "
        "frames of JACK, as a synthesiser hears them. Sd is that of the lateness, "
        "drift its median in the last tenth minus that in the first, sent p99 what the sender saw. "
        f"What goes through python-rtmidi arrives at the start of a cycle, {ms / 2:.2f} ms late on "
        "average: a smaller cycle helps it. midi.Clock over JACK gives each message its frame.",
        "The server is synchronous: where this machine stands still, a cycle is late (an xrun), "
        "not lost. In its asynchronous mode an xrun can lose or repeat any client's messages.",
        "Change %: difference of an interval to the one before, 99th percentile; most: the "
        "largest, which shows the stalls of the machine too. Bursts: intervals below "
        "1 ms. Jumps: song positions sent. Off: farthest from the even grid, ms.",
        "All three clocks ran at the same time, beside the same three busy Python threads, fed "
        f"by the same beats, announced {LEAD / 1e9:g} s ahead.",
    ]


if __name__ == "__main__":
    main()
