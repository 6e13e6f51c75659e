from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rt_engine.core import Packet, Replay
from rt_engine.indexing import Index
from rt_engine.record import Digest, Take
from rt_engine.web.caching import cache
from rt_engine.web.errors import PageError
from rt_engine.web.timeline import Timeline
from tests.exports.nodes import take_of
from tests.rigs import wait_for

PATIENCE = 40.0  # s that a busy machine may take to start a process


class Eyes:
    """A hub whose every output, or those of `only`, is watched."""

    def __init__(self) -> None:
        self.only: set[str] | None = None
        self.seen: dict[str, list[Packet]] = defaultdict(list)
        self.told: list[dict[str, Any]] = []

    def __call__(self, node: str, output: str, packet: Packet | None) -> None:
        assert packet is not None
        self.seen[f"{node}.{output}"].append(packet)

    def watched(self, node: str, output: str) -> bool:
        return self.only is None or f"{node}.{output}" in self.only

    def tell(self, message: dict[str, Any]) -> None:
        self.told.append(message)

    def first_of(self, name: str) -> int:
        """The first byte of the newest picture."""
        return int(self.seen[name][-1].data.flat[0])


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: a picture every 0.04 s, one step brighter each, beats, and notes of a replay."""
    spec: dict[str, Any] = {
        "film": {"is": "Clip", "n": 25, "step": 0.08},
        "band": {"is": "Combo", "n": 5, "step": 0.4},
        "higher": {"is": "Octave", "in": "band.notes"},
    }
    return take_of(tmp_path_factory.mktemp("take") / "take.mcap", **spec)


@pytest.fixture(scope="module")
def kept(take: Path) -> Path:
    path = take.with_name("kept.mcap")
    cache(take, path, lambda share: None)
    return path


@pytest.fixture
def opened(take: Path, kept: Path) -> Iterator[tuple[Timeline, Eyes]]:
    eyes = Eyes()
    timeline = Timeline(take, kept, eyes, eyes.tell)
    wait_for(lambda: eyes.told)
    yield timeline, eyes
    timeline.close()


def until(condition: Callable[[], Any]) -> None:
    wait_for(condition, PATIENCE)


def test_the_cache_is_the_replay_bit_for_bit(take: Path, kept: Path) -> None:
    wanted, found = Digest(), Digest()
    Replay(Take(take).graph(), Take(take).events(), [wanted]).run()
    index = Index(kept)
    for track in index.tracks.values():
        for number in range(len(track.times)):
            found(track.node, track.output, index.packet(track, number))
    assert found.outputs() == {"higher.higher": wanted.outputs()["higher.higher"]}


def test_bodies_and_pictures_are_thinned_in_the_cache_and_nothing_else(tmp_path: Path) -> None:
    take = take_of(
        tmp_path / "take.mcap",
        body={"is": "Body", "n": 100, "step": 0.005},
        same={"is": "Same", "in": "body"},
    )
    cache(take, tmp_path / "kept.mcap", lambda share: None)
    track = Index(tmp_path / "kept.mcap").tracks["same", "skeletons"]
    assert 28 <= len(track.times) <= 34, "half a second at 60 a second, of 100"


def test_opening_a_take_writes_no_files_of_its_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec: dict[str, Any] = {
        "band": {"is": "Combo", "n": 2},
        "higher": {"is": "Octave", "in": "band.notes"},
        "file": {"is": "Saves", "in": "higher"},
    }
    take = take_of(tmp_path / "take.mcap", **spec)
    (tmp_path / "saved").unlink()
    cache(take, tmp_path / "kept.mcap", lambda share: None)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["kept.mcap", "take.mcap"]


def test_every_moment_shows_what_there_was(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    for t in (1.0, 0.3, 1.85, 0.2, 0.99):
        eyes.seen.clear()
        timeline.command("seek", t)
        until(lambda: "film.images" in eyes.seen and "higher.higher" in eyes.seen)
        times = Index(timeline._take.path).tracks["film", "images"]
        expected = times.before(timeline._take.first + round(t * 1e9)) - 1
        assert eyes.first_of("film.images") == 10 * expected % 256
        assert len(eyes.seen["film.images"]) == 1, "the newest picture alone"


def test_all_views_are_of_the_same_moment_and_stamped_now(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    eyes.seen.clear()
    before = time.monotonic_ns()
    timeline.command("seek", 1.3)
    until(lambda: len(eyes.seen) == 4)
    now = time.monotonic_ns()
    moment = timeline._take.first + 1_300_000_000
    index = timeline._take
    track = index.tracks["band", "beats"]
    beat = index.packet(track, track.before(moment) - 1)
    assert beat is not None
    shown, higher = eyes.seen["band.beats"][-1], eyes.seen["higher.higher"][-1]
    assert shown.data == beat.data and higher.data.pitch == 72 + beat.data.index
    assert before <= shown.t - (beat.t - moment) <= now
    assert shown.t == higher.t


def test_it_plays_every_event_once_and_stops_at_the_end(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    eyes.seen.clear()
    timeline.command("speed", 4)
    timeline.command("play")
    until(lambda: eyes.told[-1]["t"] == round(timeline.length, 4) and not eyes.told[-1]["playing"])
    assert [p.data.index for p in eyes.seen["band.beats"]] == [0, 1, 2, 3, 4][
        -len(eyes.seen["band.beats"]) :
    ]
    assert len(eyes.seen["band.beats"]) >= 4
    assert [p.data.pitch for p in eyes.seen["higher.higher"]][-4:] == [73, 74, 75, 76]


def test_slow_motion_is_slow(opened: tuple[Timeline, Eyes]) -> None:
    timeline, _ = opened
    timeline.command("speed", 0.25)
    timeline.command("seek", 0.0)
    timeline.command("play")
    begin = time.monotonic()
    until(lambda: timeline.state()["t"] >= 0.1)
    assert time.monotonic() - begin >= 0.35
    timeline.command("pause")
    t = timeline.state()["t"]
    time.sleep(0.05)
    assert timeline.state()["t"] == t


def test_a_loop_comes_round(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    timeline.command("loop", [1.0, 0.8])
    timeline.command("seek", 0.9)
    timeline.command("speed", 2)
    timeline.command("play")
    until(lambda: sum(m["jumped"] for m in eyes.told) >= 4)
    assert eyes.told[-1]["loop"] == [0.8, 1.0]
    assert all(m["t"] <= 1.15 for m in eyes.told[-3:])
    timeline.command("loop", None)
    until(lambda: timeline.state()["loop"] is None and not timeline.state()["playing"])


def test_steps_go_from_picture_to_picture(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    eyes.seen.clear()
    timeline.command("seek", 0.5)
    until(lambda: "film.images" in eyes.seen)
    grey = eyes.first_of("film.images")
    for step, wanted in ((1, grey + 10), (1, grey + 20), (-1, grey + 10)):
        eyes.seen.clear()
        timeline.command("step", step)
        until(lambda: eyes.seen.get("film.images"))
        assert eyes.first_of("film.images") == wanted % 256


def test_what_nobody_watches_is_not_read(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    eyes.only = {"band.beats"}
    timeline.again()
    time.sleep(0.1)
    eyes.seen.clear()
    timeline.command("seek", 1.0)
    until(lambda: eyes.seen)
    assert set(eyes.seen) == {"band.beats"}


def test_somebody_who_comes_later_sees_the_moment_too(opened: tuple[Timeline, Eyes]) -> None:
    timeline, eyes = opened
    timeline.command("seek", 1.0)
    until(lambda: eyes.seen.get("film.images"))
    time.sleep(0.1)
    eyes.seen.clear()
    timeline.again()
    until(lambda: eyes.seen.get("film.images"))


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("seek", "x"), ("seek", None), ("seek", float("nan")), ("speed", []), ("loop", [1]),
        ("loop", 5), ("loop", [1, 1]), ("step", {}), ("explode", 1), ("_seek", 1),
    ],
)  # fmt: skip
def test_bad_commands_are_said_and_change_nothing(
    opened: tuple[Timeline, Eyes], what: str, value: Any
) -> None:
    timeline, _ = opened
    before = timeline.state()
    with pytest.raises(PageError):
        timeline.command(what, value)
    assert timeline.state() == before


def test_places_and_speeds_are_kept_within_bounds(opened: tuple[Timeline, Eyes]) -> None:
    timeline, _ = opened
    for what, value, name, wanted in [
        ("seek", -5, "t", 0.0), ("seek", 1e6, "t", round(timeline.length, 4)),
        ("speed", 100, "speed", 4.0), ("speed", 0, "speed", 0.1),
    ]:  # fmt: skip
        timeline.command(what, value)
        assert timeline.state()[name] == wanted


def test_sources_are_seen_at_once_and_the_rest_when_it_is_there(take: Path, tmp_path: Path) -> None:
    eyes = Eyes()
    timeline = Timeline(take, tmp_path / "kept" / "k.mcap", eyes, eyes.tell)
    try:
        timeline.command("seek", 1.5)
        until(lambda: "film.images" in eyes.seen)
        until(lambda: timeline.state()["cache"] == 1.0)
        until(lambda: "higher.higher" in eyes.seen)
    finally:
        timeline.close()
    assert (tmp_path / "kept" / "k.mcap").is_file()


def test_a_cache_that_is_given_up_leaves_no_file(take: Path, tmp_path: Path) -> None:
    eyes = Eyes()
    timeline = Timeline(take, tmp_path / "kept" / "k.mcap", eyes, eyes.tell)
    timeline.close()
    left = list((tmp_path / "kept").iterdir()) if (tmp_path / "kept").is_dir() else []
    assert [f.name for f in left if f.suffix == ".part"] == []


def test_a_graph_that_cannot_be_replayed_shows_its_sources_and_says_why(tmp_path: Path) -> None:
    take = take_of(
        tmp_path / "take.mcap",
        film={"is": "Film", "n": 5, "step": 0.02},
        broken={"is": "Breaks", "in": "film"},
    )
    eyes = Eyes()
    timeline = Timeline(take, tmp_path / "k.mcap", eyes, eyes.tell)
    try:
        until(lambda: timeline.state()["problem"])
        assert "out of luck" in timeline.state()["problem"]
        assert "film.images" in eyes.seen
    finally:
        timeline.close()
    assert not list(tmp_path.glob("k*"))
