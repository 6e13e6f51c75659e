"""From a picture to a datagram: latency, a slow detector, and what half an hour costs in memory.

graphs/avatar.yaml runs on a film, paced as a camera would. Another process receives the VMC frames
and notes when each came; the detector's own time of that picture is taken off. Then a detector that
is too slow stands in, in virtual time and for real.

    python benchmarks/avatar.py [--minutes 3] [--video FILE] [--quick]
    python benchmarks/avatar.py --soak [--minutes 30]    # memory and age alone, over a long time
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Meta

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.common import RESULTS, Bar, Table, bar_table, report, summary  # noqa: E402
from rt_engine.core import Input, Live, Node, Output, Packet, Replay, Stats  # noqa: E402
from rt_engine.graphfile import build, read  # noqa: E402
from rt_engine.kinds import Images, Poses  # noqa: E402
from rt_engine.nodes.pose import MediaPipe  # noqa: E402
from rt_engine.protocols.vmc import Performer  # noqa: E402
from rt_engine.running import prune  # noqa: E402
from rt_engine.video.opencv import opencv  # noqa: E402
from rt_engine.video.performance import perform  # noqa: E402
from tests.motion.bodies import pose, random_posture  # noqa: E402

GRAPH = ROOT / "graphs" / "avatar.yaml"
VIDEO = ROOT.parent / "shared/data/video/sports2d_demo.mp4"
FPS = 30
MEDIAN, LATE = 3.0, 8.0  # ms; bars of 50 and 99 % of the frames
BUILDING = 0.1  # ms; bar of a frame's building
GROWTH = 5.0  # MB; bar of memory
SLOW = 0.15  # s of the slow detector
SLACK = 0.01  # s that a bound on a real machine is given

Floats = npt.NDArray[np.float64]


class Timed(MediaPipe):
    """The detector, and a note of when it began which picture and how long it took."""

    def open(self) -> None:
        super().open()
        self.room: Floats = np.full((0, 3), -1.0)
        self.used, self._spent = 0, 0.0
        detect = self._detector.detect

        def timed(*arguments: Any) -> Any:
            begin = time.perf_counter()
            found = detect(*arguments)
            self._spent = time.perf_counter() - begin
            return found

        self._detector.detect = timed  # type: ignore[method-assign]

    def on_images(self, packet: Packet) -> None:
        begin = self.clock.now()
        super().on_images(packet)
        if self.used < len(self.room):
            self.room[self.used] = packet.t * 1e-9, self._spent, (begin - packet.t) * 1e-9
            self.used += 1


class Slow(Node):
    """A detector that finds the same person after `pause` s."""

    threaded = True
    images = Input(Images, keep="latest")
    poses = Output(Poses)
    pause: Annotated[float, Meta(ge=0)] = 0.0

    def open(self) -> None:
        self._person = pose(random_posture(np.random.default_rng(0)), hands=False)

    def on_images(self, packet: Packet) -> None:
        time.sleep(self.pause)
        self.poses.emit(packet.t, [self._person])


class Run(NamedTuple):
    """A run of the graph: frames that arrived, and what the process came to need."""

    arrived: Floats  # (n, 4) s: time of the picture, age on arrival, of it detector and before
    pictures: int
    memory: Floats  # (m, 2): s since the start, MB
    stats: dict[str, Stats]


def main() -> int:
    """Run, compare, report; 0 when the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, help="3, or 30 with --soak")
    parser.add_argument("--video", type=Path, default=VIDEO, help="else a drawn person")
    parser.add_argument("--quick", action="store_true", help="a third of a minute, nothing kept")
    parser.add_argument("--soak", action="store_true", help="only what a long time costs")
    options = parser.parse_args()
    minutes = 1 / 3 if options.quick else options.minutes or (30 if options.soak else 3)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        scaled = options.video.exists()
        scale(options.video, film) if scaled else perform(film)
        run = live(Path(folder), film, f"{__name__}.Timed", 60 * minutes)
        if options.soak:
            return soaked(run, minutes, keep=not options.quick)
        virtual = replayed(film)
        slow = live(Path(folder), film, f"{__name__}.Slow", 15.0, pause=SLOW)
    built = building()
    own = 1e3 * (run.arrived[:, 1] - run.arrived[:, 2])
    bars = [*latency_bars(own, run.stats, built), *slow_bars(virtual, slow), *long_bars(run)]
    tables = [bar_table("Bars", bars), *figures(run, own, slow)]
    notes = [
        f"{minutes:g} minutes of {'sports2d_demo.mp4 at 640 x 480' if scaled else 'a drawn person'}"
        f" over and over at {FPS} pictures a second; MediaPipe's detector in the same process.",
        "Arrival is when another process has received the datagram with /VMC/Ext/T; the age counts "
        "from the time that the film gives the picture.",
        "By the meter: age after vmc less the detector's own time, each at its own percentile.",
    ]
    report("avatar", "Picture to avatar over VMC", tables, notes, keep=not options.quick)
    if not options.quick:
        histogram(own, RESULTS / "avatar.png")
    print(summary(bars))
    return int(not all(bar.met for bar in bars))


def soaked(run: Run, minutes: float, keep: bool) -> int:
    """Report what `minutes` cost; 0 when the bars are met."""
    bars = long_bars(run)
    note = f"{minutes:g} minutes; {len(run.arrived)} frames of {run.pictures} pictures arrived."
    report(
        "avatar_soak", "Picture to avatar, for long", [bar_table("Bars", bars)], [note], keep=keep
    )
    if keep:
        over_time(run, RESULTS / "avatar_soak.png")
    print(summary(bars))
    return int(not all(bar.met for bar in bars))


def scale(source: Path, target: Path) -> None:
    """The film at 640 x 480 and 30 pictures a second, whatever it was."""
    cv2 = opencv()
    film = cv2.VideoCapture(str(source))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (640, 480))
    while (found := film.read())[0]:
        writer.write(cv2.resize(found[1], (640, 480)))
    writer.release()


def avatar(film: Path, detector: str, port: int, **settings: Any) -> Any:
    """The graph on a film that never ends, with another detector, as far as VMC."""
    changes = {"camera": str(film), "camera.loop": True, "vmc.to": f"127.0.0.1:{port}"}
    spec = prune(read(GRAPH, changes), ["control", "view", "show"], str(GRAPH))
    spec["nodes"]["pose"] = {"is": detector, "in": "camera", **settings}
    return build(spec, str(GRAPH))


def live(folder: Path, film: Path, detector: str, seconds: float, **settings: Any) -> Run:
    """Run it for `seconds` beside a receiver."""
    times = folder / "times.npy"
    receiver = subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks/_peers/vmc_times.py"), str(times)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert receiver.stdout and receiver.stdin
    graph = avatar(film, detector, int(receiver.stdout.readline()), **settings)
    memory, first = [], [0.0]

    def note(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None and node == "ground" and not first[0]:
            first[0] = packet.t * 1e-9

    with Live(graph, [note]) as runner:
        detecting = graph.nodes["pose"]
        room = np.full((round(1.2 * FPS * seconds) + 100, 3), -1.0)  # written: it is in memory now
        if isinstance(detecting, Timed):
            detecting.room = room
        begin = time.monotonic()
        while (age := time.monotonic() - begin) < seconds and not runner.wait(1.0):
            memory.append((age, resident()))
        stats = runner.stats()
    receiver.stdin.close()
    receiver.wait()
    spent = detecting.room[: detecting.used] if isinstance(detecting, Timed) else None
    arrived = matched(np.load(times), first[0], spent)
    return Run(arrived, stats["camera"].count, np.array(memory), stats)


def matched(times: Floats, first: float, spent: Floats | None) -> Floats:
    """Time of the picture, age, detector's time and time before it (n, 4), in s, of frames.

    The sender counts from its own start: the first frame tells it. `spent` are times of pictures
    and of the detector; the nearest one is that of the frame, which has a float's precision.
    """
    stamps = times[:, 0] + (first - times[0, 0])
    if spent is None:
        none = np.zeros(len(stamps))
        return np.stack([stamps, times[:, 1] - stamps, none, none], 1)
    picture, detector, before = spent[_near(spent[:, 0], stamps)].T
    return np.stack([picture, times[:, 1] - picture, detector, before], 1)[1:]


def _near(values: Floats, wanted: Floats) -> npt.NDArray[np.intp]:
    """Indices of the values (rising) that are nearest to the wanted ones."""
    right = np.searchsorted(values, wanted).clip(1, len(values) - 1)
    return right - (wanted - values[right - 1] < values[right] - wanted)


def replayed(film: Path) -> Floats:
    """Ages in s of skeletons in virtual time, each detection taking SLOW s."""
    graph = avatar(film, f"{__name__}.Slow", 9)
    graph.nodes["camera"].loop = False
    ages: list[float] = []

    def note(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None and node == "ground":
            ages.append((replay.clock.now() - packet.t) * 1e-9)

    replay = Replay(graph, taps=[note], cost={"pose": SLOW})
    replay.run()
    return np.array(ages)


def building(count: int = 3000) -> Floats:
    """Times in ms of building the datagrams of a frame."""
    from rt_engine.motion.retarget import Retargeter

    rng, retargeter, performer = np.random.default_rng(0), Retargeter(1.7), Performer()
    frames = [retargeter.step(pose(random_posture(rng)), i * 10**9) for i in range(50)]
    spent = []
    for i in range(count):
        begin = time.perf_counter()
        performer.frame(frames[i % len(frames)], i / FPS)
        spent.append(1e3 * (time.perf_counter() - begin))
    return np.array(spent)


def resident() -> float:
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def latency_bars(own: Floats, stats: dict[str, Stats], built: Floats) -> list[Bar]:
    """Capture to UDP less the detector, by the receiver and by the meter; building a frame."""
    age, work = stats["vmc"].age, stats["pose"].work
    bars = []
    for what, found in (
        ("by the receiver", np.percentile(own, [50, 99])),
        ("by the meter", 1e3 * np.array([age.p50 - work.p50, age.p99 - work.p99])),
    ):
        for share, bar, ms in zip(("50 %", "99 %"), (MEDIAN, LATE), found, strict=True):
            name = f"capture to UDP less the detector, {share}, {what}"
            bars.append(Bar(name, f"<= {bar:g} ms", f"{ms:.2f} ms", bool(ms <= bar)))
    ms = float(np.median(built))
    bars.append(
        Bar("building a frame, median", f"<= {BUILDING} ms", f"{ms:.3f} ms", ms <= BUILDING)
    )
    return bars


def slow_bars(virtual: Floats, slow: Run) -> list[Bar]:
    """A detector of SLOW s: no frame is older than one detection and one picture."""
    bound = SLOW + 1 / FPS
    found = float(np.percentile(slow.arrived[:, 1], 99))
    return [
        Bar(f"oldest frame, detector of {1e3 * SLOW:g} ms, virtual time",
            f"<= {1e3 * bound:.1f} ms", f"{1e3 * virtual.max():.1f} ms",
            bool(virtual.max() <= bound + 1e-6)),
        Bar("99 % of frames for real, at the receiver", f"<= {1e3 * (bound + SLACK):.1f} ms",
            f"{1e3 * found:.1f} ms", found <= bound + SLACK),
    ]  # fmt: skip


def long_bars(run: Run) -> list[Bar]:
    """Memory and age, of the last quarter against the second."""
    grown, older = (
        float(np.median(last) - np.median(early))
        for early, last in (_quarters(run.memory[:, 1]), _quarters(1e3 * run.arrived[:, 1]))
    )
    return [
        Bar("growth of memory after warm-up", f"<= {GROWTH:g} MB", f"{grown:+.2f} MB",
            grown <= GROWTH),
        Bar("growth of the median age", "<= 1 ms", f"{older:+.2f} ms", older <= 1.0),
    ]  # fmt: skip


def _quarters(values: Floats) -> tuple[Floats, Floats]:
    """The second and the last quarter."""
    step = len(values) // 4
    return values[step : 2 * step], values[3 * step :]


def figures(run: Run, own: Floats, slow: Run) -> list[Table]:
    """What lies behind the bars."""
    whole, detector, before = 1e3 * run.arrived[:, 1:].T
    rows = [
        (name, *(f"{np.percentile(values, p):.2f}" for p in (50, 95, 99)), f"{values.max():.2f}")
        for name, values in (
            ("age at the receiver", whole), ("of it the detector", detector), ("the rest", own),
            ("of it before the detector", before), ("of it after the detector", own - before),
            ("slow detector: age", 1e3 * slow.arrived[:, 1]),
        )
    ]  # fmt: skip
    nodes = [
        (name, str(s.count), *(f"{1e3 * v:.2f}" for v in (s.wait.p50, s.wait.p99, s.work.p50,
         s.work.p99, s.age.p50, s.age.p99)), str(s.dropped), str(s.overruns))
        for name, s in run.stats.items()
    ]  # fmt: skip
    frames = f"{len(run.arrived)} frames of {run.pictures} pictures arrived"
    columns = ("node", "packets", "wait 50 %", "99 %", "work 50 %", "99 %", "age 50 %", "99 %",
               "dropped", "lost")  # fmt: skip
    return [
        Table(f"Latency in ms ({frames})", ("what", "50 %", "95 %", "99 %", "most"), rows),
        Table("The engine's meter, ms", columns, nodes),
    ]


def histogram(own: Floats, path: Path) -> None:
    """Draw how the latency is distributed."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    axes.hist(own, bins=np.linspace(0, 2 * LATE, 97).tolist(), color="#3b7dd8")
    for share, bar in ((50, MEDIAN), (99, LATE)):
        axes.axvline(bar, color="#d84a3b", ls="--", label=f"bar of {share} %: {bar:g} ms")
    axes.set(xlabel="capture to UDP less the detector's time, ms", ylabel="frames", yscale="log")
    axes.legend()
    figure.savefig(path, dpi=110)


def over_time(run: Run, path: Path) -> None:
    """Draw memory and age from the start to the end."""
    from matplotlib import pyplot

    figure, (upper, lower) = pyplot.subplots(2, sharex=True, figsize=(8, 5), layout="constrained")
    upper.plot(run.memory[:, 0] / 60, run.memory[:, 1], color="#3b7dd8")
    upper.set(ylabel="memory, MB")
    minutes = (run.arrived[:, 0] - run.arrived[0, 0]) / 60
    lower.plot(minutes, 1e3 * run.arrived[:, 1], ",", color="#3b7dd8")
    lower.set(xlabel="minutes", ylabel="age at the receiver, ms", yscale="log")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
