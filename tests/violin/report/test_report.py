import itertools
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from rt_engine.cli import main
from rt_engine.core import GraphError, Replay
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Cue
from rt_engine.record import Recorder, Take
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
from tests.violin.practice import played
from tests.violin.strings import RATE, Tone, bowed

MELODY = (62, 64, 66, 67, 69, 71, 73, 74)


def record(folder, name, cents=0.0, graph="violin_practice"):
    """A take of 8 s; the notes from 3 to 6 s are `cents` off."""
    tones = [Tone(0.3 + 0.25 * k, 0.25, MELODY[k % 8], cents * (11 <= k < 23)) for k in range(30)]
    soundfile.write(folder / f"{name}.wav", bowed(tones, 8.2), RATE)
    changes = {"mic": str(folder / f"{name}.wav"), "mic.rate": 0}
    spec = read(graph_folder() / f"{graph}.yaml", changes)
    del spec["nodes"]["control"]
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

    VOID = {"meta", "circle", "rect", "line", "path", "link", "img", "br"}

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
