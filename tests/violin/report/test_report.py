import html
import itertools
import json
import math
import re
import sqlite3
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from rt_engine.cli import main
from rt_engine.core import Event, GraphError, Packet, Replay
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Audio, Cue, Poses
from rt_engine.record import Recorder, Take
from rt_engine.running import prune
from rt_engine.violin.report import (
    History,
    Session,
    Summary,
    default_path,
    listen,
    render,
    summarise,
    worst,
)
from rt_engine.violin.report.page import _clock
from rt_engine.violin.report.session import joined
from tests.violin.bowing import film
from tests.violin.practice import played
from tests.violin.strings import RATE, Tone, bowed

CAMERALESS = {"violin_practice": ["control", "camera"], "beat_light": ["control"]}
MELODY = (62, 64, 66, 67, 69, 71, 73, 74)


def record(folder, name, cents=0.0, graph="violin_practice"):
    """A take of 8 s; the notes from 3 to 6 s are `cents` off."""
    tones = [Tone(0.3 + 0.25 * k, 0.25, MELODY[k % 8], cents * (11 <= k < 23)) for k in range(30)]
    soundfile.write(folder / f"{name}.wav", bowed(tones, 8.2), RATE)
    changes = {"mic": str(folder / f"{name}.wav"), "mic.rate": 0}
    path = graph_folder() / f"{graph}.yaml"
    spec = prune(read(path, changes), CAMERALESS[graph], str(path))
    made = build(spec)

    def fail(error):
        raise error

    with Recorder(folder / f"{name}.mcap", made, spec, fail) as recorder:
        Replay(made, taps=[recorder]).run()
    return folder / f"{name}.mcap"


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    return record(tmp_path_factory.mktemp("takes"), "study", cents=28.0)


@pytest.fixture(scope="module")
def session(take):
    return listen(take)


class Page(HTMLParser):
    """Open tags that must be closed, and everything that a browser would fetch."""

    VOID = {"meta", "circle", "rect", "line", "path", "link", "img", "br", "input"}

    def __init__(self, text):
        super().__init__()
        self.open, self.fetched = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.fetched += [v for k, v in attrs if k in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_a_take_is_heard_as_the_graph_heard_it(session):
    assert session.seconds == pytest.approx(8.2, abs=0.3)
    assert len(session.notes) == pytest.approx(30, abs=1)
    assert session.notes[0][0] == pytest.approx(0.3, abs=0.02)
    assert session.notes[0][1].target == 62
    assert len(session.curve) == pytest.approx(820, abs=20)


def test_joining_blocks_changes_no_note(take, session):
    told = []

    def tap(node, output, packet):
        if (node, output) == ("score", "placed") and packet is not None:
            told.append(packet.data)

    record = Take(take)
    Replay(record.graph(), record.events(), [tap]).run()
    assert [note for _, note in session.notes] == told


def test_poses_wait_for_the_sound_around_them_and_for_nothing_else():
    formats = {("mic", "audio"): Audio(1000), ("camera", "poses"): Poses()}
    sound = [Event(50 * k, "mic", "audio", Packet(50 * k, np.full(50, k), k)) for k in range(40)]
    seen = [Event(30 * k + 1, "camera", "poses", Packet(30 * k, [], k)) for k in range(66)]
    said = Event(677, "runner", "controls", Packet(677, None, 0))
    events = sorted([*sound, *seen, said], key=lambda event: event.arrival)
    out = list(joined(events, formats))
    blocks = [event for event in out if event.node == "mic"]
    heard = np.concatenate([event.packet.data for event in blocks])
    np.testing.assert_array_equal(heard, np.repeat(np.arange(40), 50))
    assert max(len(event.packet.data) for event in blocks) == 200
    assert len(blocks) == 11
    assert [event for event in out if event.node == "camera"] == seen
    before = [event.arrival for event in out[: out.index(said)]]
    assert max(before) < 677
    assert len(before) == sum(event.arrival < 677 for event in [*blocks, *seen])


def test_the_worst_moment_is_where_the_notes_were_off(session):
    (first, *_rest) = sorted(worst(session), key=lambda w: -w.score)
    assert first.start < 3.5 < 5.5 < first.stop + 1
    assert first.cents > 15
    apart = sorted(w.start for w in worst(session))
    assert all(b - a >= 4 for a, b in itertools.pairwise(apart))


def test_figures_of_a_take():
    notes = [
        (0.5 * k, played(k, intonation=(10.0 * (-1) ** k, 0.9), level=(-20 - k % 2 * 10, 0.9),
                         tempo=(120.0, 0.9), timing=(0.02, 0.9), bow_change=(1.0, 0.9)))
        for k in range(20)
    ]  # fmt: skip
    notes.append((11.0, played(20, intonation=(49.0, 0.2), timing=(0.5, 0.3))))
    got = summarise(Session("x", 30.0, notes))
    assert (got.notes, got.sure) == (21, 20)
    assert got.intonation == pytest.approx(10)
    assert got.within == 1
    assert got.timing == pytest.approx(20)
    assert (got.tempo, got.stability) == (120, 0)
    assert got.dynamics == pytest.approx(10)
    assert got.bow_changes == pytest.approx(40)
    assert math.isnan(got.vibrato_rate)


def test_a_moment_is_rounded_before_its_minutes_are_counted():
    assert [_clock(t) for t in (0.0, 59.94, 59.97, 61.25, 3599.99)] == [
        "0:00.0", "0:59.9", "1:00.0", "1:01.2", "60:00.0",
    ]  # fmt: skip


def test_an_empty_take_has_a_page_without_figures():
    empty = Session("silence", 12.0)
    assert worst(empty) == []
    page = render(empty, summarise(empty), [])
    assert Page(page).open == []
    assert page.count("not sure") == 9  # all tiles but bow changes, of which there were none


def test_the_page_is_whole_and_needs_no_network(session):
    session.cues.append((4.0, Cue(0, "intonation", "a <little> lower", 20.0, "cents", 0.8, 7)))
    page = render(session, summarise(session), worst(session))
    session.cues.clear()
    read_back = Page(page)
    assert (read_back.open, read_back.fetched) == ([], [])
    assert "url(" not in page
    assert "http" not in page
    assert "a &lt;little&gt; lower" in page
    for needed in ("prefers-color-scheme: dark", "@media print", "width=device-width"):
        assert needed in page


def test_the_heat_map_holds_the_mean_of_every_note(session):
    page = render(session, summarise(session), [])
    cells = re.findall(r'title="(\d+) notes?, mean ([+-][\d.]+) cents"', page)
    sure = [n for _, n in session.notes if n.intonation.reliability >= 0.5]
    assert sum(int(count) for count, _ in cells) == len(sure)
    d5 = [n.intonation.value for n in sure if n.target == 74]
    assert f"{np.mean(d5):+.1f}" in [mean for _, mean in cells]


def test_the_command_writes_a_page_and_remembers(take, tmp_path, capsys):
    base, out = tmp_path / "own" / "h.sqlite", tmp_path / "page.html"
    arguments = ["report", str(take), "-o", str(out), "--history", str(base)]
    assert main(arguments) == 0
    assert "report: " in capsys.readouterr().out
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert len(History(base).takes()) == 1
    better = record(tmp_path, "better", cents=5.0)
    assert main(["report", str(better), "--history", str(base)]) == 0
    page = (tmp_path / "better.html").read_text()
    assert "Over takes" in page
    assert Page(page).open == []
    assert [name for name, *_ in History(base).takes()] == ["study", "better"]


def test_the_history_keeps_figures_as_they_are(tmp_path):
    history = History(tmp_path / "h.sqlite")
    figures = Summary(*map(float, range(13)), math.nan)
    history.add("a", "later", 200.0, figures)
    history.add("b", "first", 100.0, figures._replace(tempo=99.0))
    (first, _, older), (later, at, newer) = history.takes()
    assert (first, later, at, older.tempo) == ("first", "later", 200.0, 99.0)
    assert newer[:13] == figures[:13]
    assert math.isnan(newer[13])
    assert len(history.takes(last=1)) == 1


def test_the_history_lies_in_the_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "rt-engine" / "history.sqlite"


def test_a_file_that_is_no_history_is_named(tmp_path):
    (tmp_path / "h.sqlite").write_bytes(b"no database, but long enough to look at" * 30)
    with pytest.raises(GraphError, match=r"history .*h\.sqlite: cannot be used"):
        History(tmp_path / "h.sqlite")


def test_a_take_without_a_violin_is_refused_in_one_line(tmp_path, capsys):
    take = record(tmp_path, "beat", graph="beat_light")
    assert main(["report", str(take), "--no-history"]) == 2
    error = capsys.readouterr().err
    assert "its graph has no violin.Notes" in error
    assert error.count("\n") == 1
    assert main(["report", str(tmp_path / "none.mcap")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def practise(folder, seconds=12.0):
    """A take whose camera's part is recorded from the player on: sound and poses."""
    tones = [Tone(0.3 + 0.4 * k, 0.4, MELODY[k % 8], 25.0 * (k > 8)) for k in range(28)]
    soundfile.write(folder / "seen.wav", bowed(tones, seconds), RATE)
    turns = [0.3 + 0.4 * k for k in range(29)]
    points = np.array([packet.data[0].world for packet in film(turns)])
    np.savez(folder / "seen.npz", world=points, visibility=np.full(points.shape[:2], 0.9), fps=30)
    good = {"shoulders": 0.0, "elbow": -15.0, "head": 0.0, "hand": 9.0}
    spec = {
        "name": "seen",
        "record": ["player"],
        "nodes": {
            "mic": {"is": "audio.File", "path": str(folder / "seen.wav")},
            "camera": {"is": "rt_engine.demos.violin.Seen", "path": str(folder / "seen.npz")},
            "notes": {"is": "violin.Notes", "in": "mic"},
            "player": {"is": "violin.Player", "in": "camera"},
            "bow": {"is": "violin.Bow", "in": "player"},
            "posture": {"is": "violin.Posture", "in": "player", "good": good},
            "coach": {"is": "violin.Coach", "in": {"notes": "notes.notes", "postures": "posture"}},
        },
    }
    made = build(spec)
    told = []

    def fail(error):
        raise error

    def tap(node, output, packet):
        if node == "bow" and output == "strokes" and packet is not None:
            told.append(packet.data)

    with Recorder(folder / "seen.mcap", made, spec, fail) as recorder:
        Replay(made, taps=[recorder, tap]).run()
    return folder / "seen.mcap", told


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return practise(tmp_path_factory.mktemp("seen"))


def test_a_record_begins_where_the_graph_says_and_replays_to_the_same(seen):
    path, told = seen
    take = Take(path)
    streams = {(node, output) for node, output, _ in take.channels.values()}
    assert {("mic", "audio"), ("player", "player")} <= streams
    assert ("camera", "poses") not in streams
    assert set(take.graph().nodes) == {"mic", "notes", "player", "bow", "posture", "coach"}
    session = listen(path)
    assert [stroke for _, stroke in session.strokes] == told
    assert len(told) > 20
    kept = []

    def tap(node, output, packet):
        if (node, output) == ("notes", "notes") and packet is not None:
            kept.append(packet.data)

    Replay(take.graph(), take.events(), [tap]).run()
    assert [note for _, note in session.notes] == kept
    assert session.poses[0][1].shape == (33, 3)


def test_a_page_with_a_camera_has_clips_bow_and_posture(seen):
    session = listen(seen[0])
    moments = worst(session)
    page = render(session, summarise(session), moments)
    read_back = Page(page)
    assert (read_back.open, read_back.fetched) == ([], [])
    clips = [json.loads(html.unescape(data)) for data in re.findall(r'data-clip="(.*?)"', page)]
    assert len(clips) == len(moments) > 0
    frames = [frame for frame in clips[0]["frames"] if frame]
    assert len(frames) == pytest.approx(100, abs=2)
    assert {len(frame) for frame in frames} == {14}
    hand = np.array([frame[12] for frame in frames])
    assert np.ptp(hand[:, 0]) > 100  # mm: it bows
    for title in ("Bow used for a stroke", "Hand against the good posture", "Strokes seen"):
        assert title in page
    assert "http" not in page


def test_figures_of_the_bow_are_medians_of_sure_strokes(seen):
    got = summarise(listen(seen[0]))
    assert got.amount == pytest.approx(20, rel=0.1)
    assert got.strokes == pytest.approx(60 / 0.4, rel=0.15)
    assert got.straightness > 0.95


def test_a_history_of_before_the_camera_is_widened(tmp_path):
    old = Summary._fields[:14]
    with sqlite3.connect(tmp_path / "h.sqlite") as base:
        columns = ", ".join(f"{name} REAL" for name in old)
        base.execute(
            f"CREATE TABLE takes (digest TEXT PRIMARY KEY, name TEXT, recorded REAL, {columns})"
        )
        marks = ", ".join("?" * 17)
        base.execute(
            f"INSERT INTO takes VALUES ({marks})", ["a", "old", 1.0, *map(float, range(14))]
        )
    base.close()
    history = History(tmp_path / "h.sqlite")
    history.add("b", "new", 2.0, Summary(*map(float, range(17))))
    (_, _, first), (_, _, second) = history.takes()
    assert (first.bow_changes, math.isnan(first.amount)) == (13.0, True)
    assert second.straightness == 16.0
