"""A long take in the browser: how soon it opens, how fast it scrubs, whether it is the same.

    python benchmarks/web_takes.py [--minutes 10] [--side 160]

Writes a take of music and pictures, opens it as the stage page does, and shows moments from all
over it in every view at once: packets read, decoded, passed to the hub and made into the frames
that go to the browser. Writes `results/web_takes.md`. Needs the extras `web` and `pose`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from _web.engine import scheduling
from common import Bar, Table, bar_table, report, summary
from mcap.writer import Writer

from rt_engine.core import SECOND, Live, Replay
from rt_engine.core.host import RUNNER
from rt_engine.core.node import outputs
from rt_engine.core.packet import Controls, encode
from rt_engine.graphfile import build
from rt_engine.indexing import Index
from rt_engine.kinds import Audio, Images
from rt_engine.record import Digest, Recorder, Take, announce
from rt_engine.web.caching import cache
from rt_engine.web.hub import Hub
from rt_engine.web.timeline import Timeline

ASSETS = Path(__file__).parent.parent / "rt_engine" / "assets"
RATE, BLOCK, FPS = 48_000, 512, 30
MOMENTS = 300
SETTLED = 1.5  # s until the open take has seen its second record, and rests
NODES: dict[str, Any] = {
    "mic": {"is": "audio.Microphone", "rate": RATE, "block": BLOCK},
    "camera": {"is": "video.Camera", "camera": 0, "size": [160, 120], "fps": FPS},
    "onset": {"is": "features.OnsetStrength", "in": "mic"},
    "beat": {"is": "rhythm.BeatTracker", "in": "onset"},
}


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        take = Path(folder) / "take.mcap"
        write_take(take, options.minutes * 60, options.side)
        size = take.stat().st_size
        opened, walked = zip(*(open_time(take) for _ in range(5)), strict=True)
        begin = time.perf_counter()
        kept = Path(folder) / "kept.mcap"
        cache(take, kept, lambda share: None)
        made = time.perf_counter() - begin
        moments = scrub(take, kept)
        same = cache_is_the_replay(take, kept)
        live = live_is_the_replay(Path(folder))
    rate = 1 / statistics.median(moments)
    slowest = 1 / float(np.percentile(moments, 95))
    bars = [
        Bar("open, from the request to the first moment", "<= 2 s", f"{max(opened):.2f} s",
            max(opened) <= 2),
        Bar("moments a second, all views, 95 % of them", ">= 30", f"{slowest:.0f}", slowest >= 30),
        Bar("replay of a live record", "bit for bit", "same" if live else "differs", live),
        Bar("what is shown of a replay", "bit for bit", "same" if same else "differs", same),
    ]  # fmt: skip
    figures = [
        ("length", f"{options.minutes:g} min"),
        ("size", f"{size / 1e6:.0f} MB"),
        ("open, median of 5", f"{statistics.median(opened):.2f} s"),
        ("every moment is known, median of 5", f"{statistics.median(walked):.2f} s"),
        ("one moment, median", f"{1000 / rate:.1f} ms"),
        ("one moment, 95 %", f"{1000 / slowest:.1f} ms"),
        ("first opening: the graph goes over it in", f"{made:.1f} s"),
    ]
    notes = [
        f"Pictures of {options.side} x {options.side * 3 // 4} at {FPS}/s, sound at {RATE} Hz in "
        f"blocks of {BLOCK}; {MOMENTS} moments at random, seed 0; the file is in the system's "
        "cache of files.",
        "A moment is every output of the graph: pictures, two seconds of sound and of features, "
        "the newest beat and tempo, encoded for the browser.",
        scheduling(),
    ]
    tables = [bar_table("Bars", bars), Table("Figures", ("what", "figure"), figures)]
    report("web_takes", "Takes on the stage page", tables, notes)
    print(summary(bars))
    return 0


def write_take(path: Path, seconds: float, side: int) -> None:
    """A record as a microphone and a camera would leave it."""
    spec = {"name": "long", "nodes": NODES}
    sound, _ = soundfile.read(ASSETS / "demo.ogg", dtype="float32", always_2d=True)
    music = np.ascontiguousarray(sound[:, 0])
    formats = {("mic", "audio"): Audio(RATE), ("camera", "images"): Images(160, 120, FPS)}
    noise = np.random.default_rng(0).integers(0, 255, (3 * side // 4, side, 3), dtype=np.uint8)
    with path.open("wb") as file:
        writer = Writer(file, use_chunking=False)
        writer.start(profile="", library="rt-engine")
        writer.add_metadata("graph", {"spec": json.dumps(spec)})
        channels = {place: announce(writer, *place, kind) for place, kind in formats.items()}
        announce(writer, RUNNER, "controls", Controls())
        for t, place, number in events(seconds):
            if place == ("mic", "audio"):
                at = number * BLOCK % (len(music) - BLOCK)
                data = music[at : at + BLOCK]
            else:
                data = np.roll(noise, number, axis=1)
            writer.add_message(channels[place], t, encode(data), t, number)
        writer.finish()  # type: ignore[no-untyped-call]


def events(seconds: float) -> Iterator[tuple[int, tuple[str, str], int]]:
    """Time (ns), output and number of every packet, in order."""
    start = 10 * SECOND
    blocks = [(start + n * BLOCK * SECOND // RATE, ("mic", "audio"), n)
              for n in range(int(seconds * RATE / BLOCK))]  # fmt: skip
    pictures = [(start + n * SECOND // FPS, ("camera", "images"), n)
                for n in range(int(seconds * FPS))]  # fmt: skip
    yield from sorted(blocks + pictures)


class Desk:
    """The hub with every output watched, and the frames that a browser would be sent."""

    def __init__(self, take: Path) -> None:
        self.hub = Hub(lambda: None, lambda packet: None)
        self.hub.clear()
        graph = Take(take).graph()
        self.views = [
            (*self.hub.watch(graph, name, output), [0])
            for name, node in graph.nodes.items()
            for output in outputs(node)
        ]
        self.told: list[dict[str, Any]] = []

    def frames(self) -> int:
        """Make what is due; how many bytes."""
        size = 0
        for stream, view, seen in self.views:
            seen[0], packets = stream.since(seen[0])
            if packets and view is not None and (frame := view.make(packets)):
                size += len(frame.data)
        return size


def open_time(take: Path) -> tuple[float, float]:
    """Seconds from the request until the first moment was sent, and until every one is known."""
    kept = take.with_name("empty.mcap")
    kept.write_bytes(b"")
    desk, begin = Desk(take), time.perf_counter()
    timeline = Timeline(take, kept, desk.hub, desk.told.append)
    while not desk.told:
        time.sleep(0.001)
    took = time.perf_counter() - begin
    while not timeline.whole:
        time.sleep(0.001)
    walked = time.perf_counter() - begin
    timeline.close()
    kept.unlink()
    return took, walked


def scrub(take: Path, kept: Path) -> list[float]:
    """Seconds for each of many moments, from the seek to the bytes for the browser."""
    desk = Desk(take)
    timeline = Timeline(take, kept, desk.hub, desk.told.append)
    while not timeline.whole:
        time.sleep(0.001)
    time.sleep(SETTLED)
    found = []
    for t in np.random.default_rng(0).uniform(2, timeline.length, MOMENTS):
        begin = time.perf_counter()
        timeline.show(-1.0, float(t))
        assert desk.frames() > 0
        found.append(time.perf_counter() - begin)
    timeline.close()
    return found


def cache_is_the_replay(take: Path, kept: Path) -> bool:
    """Whether what the page shows of the graph's nodes is what a replay gives."""
    wanted, found, index = Digest(), Digest(), Index(kept)
    Replay(Take(take).graph(), Take(take).events(), [wanted]).run()
    for track in index.tracks.values():
        for number in range(len(track.times)):
            found(track.node, track.output, index.packet(track, number))
    index.close()
    return all(wanted.outputs()[name] == value for name, value in found.outputs().items())


def live_is_the_replay(folder: Path) -> bool:
    """Whether a replay of five seconds recorded live gives the same bits."""
    song = folder / "song.wav"
    sound, rate = soundfile.read(ASSETS / "demo.ogg", dtype="float32", always_2d=True)
    soundfile.write(song, sound[: 5 * rate, 0], rate)
    nodes = {k: v for k, v in NODES.items() if k != "camera"}
    nodes["mic"] = {"is": "audio.File", "path": str(song), "rate": RATE, "block": BLOCK}
    spec = {"name": "live", "nodes": nodes}
    graph, live, again = build(spec), Digest(), Digest()
    path = folder / "live.mcap"

    def failed(error: OSError) -> None:
        raise error

    with Recorder(path, graph, spec, failed) as recorder:
        Live(graph, [recorder, live]).run()
    Replay(Take(path).graph(), Take(path).events(), [again]).run()
    return bool(live.outputs()) and live.total() == again.total()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of the take (10)")
    parser.add_argument("--side", type=int, default=160, help="width of the pictures (160)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
