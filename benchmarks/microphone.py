"""The microphone path, end to end, on a real sound server.

A JACK server with the dummy driver carries a recording from another process to the engine, which
runs graphs/beat.yaml in a third one; beats arrive at `oscdump`, clock ticks at `jack_midi_dump`.
Compared are the arrival of each beat message and the same beat of the offline run (Replay) on the
same file, placed on the clock by the player: when each of its samples entered JACK.

    python benchmarks/microphone.py [--minutes 5] [--block 512]
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.common import Bar, Table, bar_table, report, summary  # noqa: E402
from rt_engine.assets import RECORDING  # noqa: E402
from rt_engine.core import Packet, Replay  # noqa: E402
from rt_engine.graphfile import build, read  # noqa: E402
from rt_engine.record import Take  # noqa: E402
from rt_engine.running import prune  # noqa: E402
from tests.rigs import JackServer, MidiDump, OscDump, wait_for  # noqa: E402

RATE = 48_000
LIMIT = 0.015  # s; the bar
GRAPH = ROOT / "graphs" / "beat.yaml"


def main() -> int:
    """Run, compare, report; 0 when the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--block", type=int, default=512)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music.wav"
        write_music(music, options.minutes)
        true = offline_beats(music)
        played, osc, ticks, take, log = live(Path(folder), music, options.block)
        lateness = matched(osc, played(np.array(true)))
        bias, blocks = capture(take, float(played(np.zeros(1))[0]))
    whole = blocks[1] == 0 and "overran" not in log and "lost samples" not in log
    bars = [
        Bar("beat message against offline beat, |median|", "<= 15 ms",
            f"{abs(np.median(lateness)) * 1e3:.1f} ms", bool(abs(np.median(lateness)) <= LIMIT)),
        Bar("overruns, lost samples", "none", "none" if whole else "some", whole),
    ]  # fmt: skip
    rows = [
        ("beats offline / matched messages", f"{len(true)} / {len(lateness)}"),
        ("message minus beat, median", f"{np.median(lateness) * 1e3:+.1f} ms"),
        ("message minus beat, 5 % to 95 %", " to ".join(
            f"{np.percentile(lateness, p) * 1e3:+.1f}" for p in (5, 95)) + " ms"),
        ("capture stamps against the player's clock", f"{bias * 1e3:+.2f} ms"),
        ("blocks captured, lost", f"{blocks[0]}, {blocks[1]}"),
        ("MIDI clock ticks received over JACK", str(ticks)),
    ]  # fmt: skip
    tables = [bar_table("Bars", bars), Table("Figures", ("what", "measured"), rows)]
    notes = [
        f"{options.minutes:g} minutes of the bundled music over and over, block {options.block} "
        f"at {RATE} Hz, JACK period 128 (2.7 ms, the grain of every time here).",
        "Beats within 0.25 s of an offline one count as matched.",
    ]
    report("microphone", "Microphone to OSC and MIDI over JACK", tables, notes)
    print(summary(bars))
    return int(not all(bar.met for bar in bars))


def write_music(path: Path, minutes: float) -> None:
    """The bundled recording over and over, one channel, as long as asked."""
    sound, rate = soundfile.read(RECORDING, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, RATE)
    count = int(np.ceil(minutes * 60 * RATE / len(mono)))
    soundfile.write(path, np.tile(mono, count)[: round(minutes * 60 * RATE)], RATE)


def offline_beats(music: Path) -> list[float]:
    """Beats of the same graph in a replay of the file, in s from its first sample."""
    beats: list[float] = []
    starts: list[int] = []

    def note(node: str, output: str, packet: Packet | None) -> None:
        if packet and output == "audio" and not starts:
            starts.append(packet.t)
        if packet and (node, output) == ("beat", "beats"):
            beats.append((packet.t - starts[0]) * 1e-9)

    spec = prune(read(GRAPH, {"mic": str(music)}), ["control"], str(GRAPH))
    Replay(build(spec, str(GRAPH)), taps=[note]).run()
    return beats


def live(
    folder: Path, music: Path, block: int
) -> tuple[Callable[[np.ndarray], np.ndarray], list[float], int, Path, str]:
    """Run the engine on the server: when each moment of the music sounded, beats, ticks, record."""
    take = folder / "take.mcap"
    with JackServer(128, sync=True) as jack, OscDump() as dump, MidiDump() as midi_dump:
        player = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks/_peers/player.py"), str(music), "4"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert player.stdout
        player.stdout.readline()
        with (folder / "log").open("w") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "rt_engine.cli", "run", str(GRAPH), "mic.port=system",
                 f"mic.block={block}", f"osc.to=127.0.0.1:{dump.port}", "midi.api=jack",
                 "midi.port=dump", "--without", "control", "--record", str(take)],
                stdout=log, stderr=log, cwd=ROOT,
            )  # fmt: skip
        ear = wait_for(lambda: [p for p in jack.ports() if p.startswith("PortAudio-01:in")], 10)
        jack.connect("PortAudio:out_0", ear[0])
        told = np.array([line.split() for line in player.stdout], float)
        player.wait()
        time.sleep(0.5)
        engine.send_signal(signal.SIGINT)
        wait_for(lambda: engine.poll() is not None)
        ticks = sum(data == b"\xf8" for _, data in midi_dump.events)
        addresses = [address for address, _, _ in dump.messages]
        times = [t * 1e-9 for t, a in zip(dump.times, addresses, strict=False) if a == "/beat"]
    text = (folder / "log").read_text()
    print(text)

    def played(seconds: np.ndarray) -> np.ndarray:
        return np.interp(seconds * RATE, told[:, 0], told[:, 1]) * 1e-9

    return played, times, ticks, take, text


def matched(found: list[float], true: np.ndarray) -> np.ndarray:
    """Found minus true time, s, of every true beat with a message within 0.25 s."""
    times = np.array(found)
    errors = [times[np.argmin(abs(times - t))] - t for t in true]
    return np.array([e for e in errors if abs(e) < 0.25])


def capture(path: Path, start: float) -> tuple[float, tuple[int, int]]:
    """Error of the capture's time stamps in s, and blocks captured and lost."""
    packets = [e.packet for e in Take(path).events() if e.node == "mic" and e.packet]
    sound = np.concatenate([p.data for p in packets[: 20 * RATE // len(packets[0].data)]])
    onset = int(np.argmax(np.abs(sound) > 1e-4))
    block, inside = divmod(onset, len(packets[0].data))
    heard = packets[block].t * 1e-9 + inside / RATE
    original, _ = soundfile.read(RECORDING, dtype="float32", always_2d=True)
    rate = soundfile.info(RECORDING).samplerate
    mono = soxr.resample(original.mean(axis=1), rate, RATE)
    first = int(np.argmax(np.abs(mono) > 1e-4)) / RATE
    lost = packets[-1].seq + 1 - packets[0].seq - len(packets)
    return heard - start - first, (len(packets), lost)


if __name__ == "__main__":
    sys.exit(main())
