from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rt_engine.core import GraphError, Live, Replay
from rt_engine.graphfile import build
from rt_engine.record import Digest, Take
from rt_engine.web.errors import PageError
from rt_engine.web.recording import Recording, spec_now
from rt_engine.web.takes import Takes, checked_name, default_folder
from tests.exports.nodes import take_of
from tests.rigs import wait_for

SPEC: dict[str, Any] = {
    "name": "test",
    "nodes": {
        "count": {"is": "tests.helpers.Count", "n": 10**9, "every": 0.002},
        "add": {"is": "tests.helpers.Add", "in": "count", "k": 2},
    },
}


class Room:
    """A running graph with an idle recording."""

    def __init__(self, folder: Path) -> None:
        self.takes = Takes(folder)
        self.told: list[dict[str, Any]] = []
        self.recording = Recording(self.takes, self.told.append)
        self.graph, self.sums = build(SPEC), Digest()
        self.live = Live(self.graph, [self.recording, self.sums])

    def packets(self) -> int:
        return self.live.stats()["count"].count

    def pass_some(self, n: int = 20) -> None:
        until = self.packets() + n
        wait_for(lambda: self.packets() > until, 40)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path / "takes")
    room.recording.attach(room.graph, SPEC)
    with room.live:
        yield room
    room.recording.detach()


def test_a_take_begins_and_ends_while_the_graph_runs(room: Room) -> None:
    room.pass_some()
    assert not room.takes.folder.exists(), "nothing is made before it is needed"
    assert room.recording.start("mine")["name"] == "mine"
    room.pass_some()
    room.recording.mark("here")
    room.pass_some()
    assert room.recording.stop() == "mine" and room.recording.stop() is None
    events = [e.packet for e in Take(room.takes.path("mine")).events() if e.packet]
    first = events[0].data
    assert first > 10 and [p.data for p in events] == list(range(first, first + len(events)))
    assert len(events) >= 40
    about = room.takes.about("mine")
    assert [m["text"] for m in about["markers"]] == ["here"]
    assert about["from_start"] is False and about["whole"] is True
    assert {m["is"] for m in room.told} == {"recording"}
    assert room.told[0]["name"] == "mine"
    assert room.told[-1] == {"is": "recording", "name": None, "last": "mine"}


def test_a_take_begun_with_the_graph_replays_as_the_live_run(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.recording.attach(room.graph, SPEC, begin="whole")
    with room.live:
        room.pass_some(50)
    room.recording.detach()
    take, again = Take(room.takes.path("whole")), Digest()
    Replay(take.graph(), take.events(), [again]).run()
    assert again.outputs() == room.sums.outputs() and len(again.outputs()) == 2
    assert room.takes.about("whole")["from_start"] is True


def test_a_take_holds_the_settings_of_its_beginning(room: Room) -> None:
    room.live.control("add", "k", 9)
    wait_for(lambda: room.graph.nodes["add"].k == 9, 40)  # type: ignore[attr-defined]
    room.recording.start("late")
    room.recording.stop()
    assert Take(room.takes.path("late")).spec["nodes"]["add"]["k"] == 9
    assert SPEC["nodes"]["add"]["k"] == 2, "the graph's own content is left alone"
    assert spec_now(build(SPEC), SPEC) == SPEC


def test_takes_are_never_written_over(room: Room) -> None:
    names = []
    for _ in range(3):
        names.append(room.recording.start("same")["name"])
        room.recording.stop()
    assert names == ["same", "same-2", "same-3"]
    unnamed = room.recording.start()["name"]
    assert checked_name(unnamed).startswith("test 20")


def test_only_one_record_at_a_time_and_only_of_what_runs(room: Room) -> None:
    room.recording.start("one")
    with pytest.raises(PageError, match="'one' is being recorded"):
        room.recording.start("two")
    room.recording.detach()
    assert Take(room.takes.path("one")).spec["name"] == "test", "the end of the run ends it"
    with pytest.raises(PageError, match="no graph runs"):
        room.recording.start("two")
    with pytest.raises(PageError, match="nothing is recorded"):
        room.recording.mark()


def test_a_full_disk_is_said_once_and_the_graph_goes_on(room: Room) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        room.recording.start("full")
        wait_for(lambda: room.recording.state()["name"] is None, 40)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    errors = [m for m in room.told if m["is"] == "error"]
    assert len(errors) == 1 and "full.mcap: cannot be written any more" in errors[0]["text"]
    assert "Make room" in errors[0]["remedy"]
    room.pass_some()
    assert list(Take(room.takes.path("full")).events()), "what it holds is readable"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    room = Room(tmp_path / "file" / "takes")
    room.recording.attach(room.graph, SPEC)
    with pytest.raises(PageError, match="cannot be written: Not a directory") as error:
        room.recording.start("x")
    assert "--takes" in error.value.remedy and room.recording.state()["name"] is None


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "x\0", "x\n", "é", "x" * 81, "con", "x.",
     " x", "-x", "nul.txt", "~x", "a%2fb", None, 5, ["a"]],
)  # fmt: skip
def test_bad_names_are_refused_everywhere(tmp_path: Path, name: Any) -> None:
    takes = Takes(tmp_path / "takes")
    (tmp_path / "x.mcap").write_text("not yours")
    for call in (takes.path, takes.about, takes.remove, takes.free, takes.exports):
        with pytest.raises(PageError):
            call(name)
    with pytest.raises(PageError):
        takes.note(name, "x")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["x.mcap"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    (tmp_path / "secret.mcap").write_text("mine")
    (folder / "way.mcap").symlink_to(tmp_path / "secret.mcap")
    with pytest.raises(PageError, match="no take 'way'"):
        Takes(folder).path("way")


def test_a_name_is_that_of_the_file_to_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk does not tell Solo from solo, a take that grows would have two names."""
    (tmp_path / "solo.mcap").write_bytes(b"x")
    monkeypatch.setattr(Path, "is_file", lambda path: path.name.lower() == "solo.mcap")
    assert Takes(tmp_path).path("solo").name == "solo.mcap"
    with pytest.raises(PageError, match="no take 'Solo'"):
        Takes(tmp_path).path("Solo")


def test_exports_are_files_and_not_links_to_elsewhere(tmp_path: Path) -> None:
    takes, secret = Takes(tmp_path), tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("x")
    folder = takes.export_folder("a")
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(b"x")
    (folder / "key").symlink_to(secret / "key")
    takes.export_folder("b").symlink_to(secret)
    assert [file.name for file in takes.exports("a")] == ["a.wav"]
    assert takes.exports("b") == []


def test_the_list_has_what_there_is_the_newest_first(tmp_path: Path) -> None:
    takes = Takes(tmp_path)
    assert takes.entries() == []
    for i, name in enumerate(("old", "new")):
        path = take_of(tmp_path / f"{name}.mcap", band={"is": "Band", "n": 3})
        os.utime(path, (1e9 + i, 1e9 + i))
    (tmp_path / "odd.mcap").write_text("no record")
    os.utime(tmp_path / "odd.mcap", (0, 0))
    (tmp_path / "notes.txt").write_text("")
    found = takes.entries()
    assert [entry["name"] for entry in found] == ["new", "old", "odd"]
    assert found[0]["graph"] == "test" and found[0]["whole"] and found[0]["seconds"] >= 0
    assert "odd.mcap: is no record of rt-engine" in found[2]["error"]
    assert str(tmp_path) not in found[2]["error"]


def test_a_take_that_was_cut_off_says_so_and_can_be_seen(tmp_path: Path) -> None:
    content = take_of(tmp_path / "take.mcap", tone={"is": "Tone"}).read_bytes()
    (tmp_path / "cut.mcap").write_bytes(content[: len(content) * 3 // 4])
    entry = next(e for e in Takes(tmp_path).entries() if e["name"] == "cut")
    assert entry["whole"] is False and entry["seconds"] >= 0 and "error" not in entry
    assert Takes(tmp_path).about("cut")["outputs"][0]["packets"] > 0


def test_notes_are_kept_beside_the_take_and_go_with_it(tmp_path: Path) -> None:
    take_of(tmp_path / "a.mcap", band={"is": "Band", "n": 2})
    takes = Takes(tmp_path)
    takes.note("a", "schön,\nzweimal")
    assert takes.about("a")["notes"] == "schön,\nzweimal"
    with pytest.raises(PageError, match="cannot be kept"):
        takes.note("a", "x" * 20_001)
    (tmp_path / "a.json").write_text("broken")
    assert takes.about("a")["notes"] == ""
    exported = takes.export_folder("a")
    exported.mkdir(parents=True)
    (exported / "a.mid").write_text("")
    kept = takes.cache(takes.path("a"))
    kept.parent.mkdir()
    kept.write_text("")
    takes.remove("a")
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


def test_the_newest_caches_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / ".cache"
    folder.mkdir()
    for i in range(20):
        (folder / f"{i}~1-1.mcap").write_text("")
        os.utime(folder / f"{i}~1-1.mcap", (1e9 + i, 1e9 + i))
    Takes(tmp_path).tidy()
    assert {f.name.partition("~")[0] for f in folder.iterdir()} == {str(i) for i in range(4, 20)}


def test_a_take_of_another_version_says_so(tmp_path: Path) -> None:
    path = take_of(tmp_path / "take.mcap", band={"is": "Band", "n": 2})
    content = path.read_bytes()
    old = content.replace(b"exports.nodes.Band", b"exports.nodes.Bent")
    path.write_bytes(old.replace(b"version\x05\x00\x00\x000.1.0", b"version\x05\x00\x00\x000.0.3"))
    with pytest.raises(GraphError, match=r"Bent.*\(recorded by rt-engine 0\.0\.3, and this is "):
        Take(path).graph()


def test_the_usual_folder_is_that_of_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_folder() == Path("/data/rt-engine/takes")


def test_an_idle_tap_adds_nothing_to_a_packet_but_a_look(room: Room) -> None:
    """It neither keeps packets nor makes files, however many pass."""
    room.pass_some(200)
    assert room.told == [] and not room.takes.folder.exists()
    assert json.dumps(room.recording.state()) == '{"is": "recording", "name": null}'
