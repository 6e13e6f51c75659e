"""Notes by OSC and VMC as a receiver gets them, captured to files, and merged."""

from __future__ import annotations

import time

import mido
import pytest
from pythonosc.osc_packet import OscPacket

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, GraphError, Live, Output, Packet, Source, collect
from rt_engine.kinds import Beat, Note
from rt_engine.nodes import midi, osc, vmc
from rt_engine.protocols import midi_notes
from rt_engine.udp import listen
from tests.rigs import free_udp_port, wait_for


class Band(Source):
    """`count` notes, 0.1 s apart, announced ahead; then nothing more."""

    notes = Output(kinds.Notes)
    count: int = 3
    pitch: int = 36
    channel: int = 10
    duration: float = 0.05

    def reset(self):
        self.due = [self.clock.now() + (k + 2) * SECOND // 10 for k in range(self.count)]
        self.left = list(self.due)

    def read(self):
        for k, t in enumerate(self.left):
            self.notes.emit(t, Note(self.pitch + k, 64, self.duration, self.channel))
        self.left = []
        return self.clock.wait_until(self.clock.now() + SECOND // 50)


class Receiver:
    """A UDP port; `messages`: (ns, address, values) of what came."""

    def __init__(self):
        self.port = free_udp_port()
        self.socket = listen("127.0.0.1", self.port)
        self.socket.settimeout(0.01)
        self.messages = []

    @property
    def to(self):
        return f"127.0.0.1:{self.port}"

    def wait(self, count):
        def enough():
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return len(self.messages) >= count
            for message in OscPacket(data).messages:
                found = message.message
                self.messages.append((time.monotonic_ns(), found.address, found.params))
            return len(self.messages) >= count

        wait_for(enough, 8)
        return [(address, values) for _, address, values in self.messages]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A machine that stands still for a moment drops no note of a test."""
    monkeypatch.setattr(midi_notes, "LATE", 10 * SECOND)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.socket.close()


def graph(node, **settings):
    made = Graph()
    made.add("band", Band(**settings))
    made.add("out", node, "band")
    return made


def test_osc_notes_arrive_when_they_are_due(receiver):
    made = graph(osc.Notes(to=receiver.to))
    with Live(made):
        found = receiver.wait(3)
        due = made.nodes["band"].due
    assert [address for address, _ in found] == ["/note"] * 3
    assert [values[:3] for _, values in found] == [[10, 36 + k, 64] for k in range(3)]
    assert found[0][1][3] == pytest.approx(0.05)
    arrivals = [t for t, *_ in receiver.messages]
    assert all(t >= d for t, d in zip(arrivals, due, strict=True))


def test_osc_notes_take_templates_and_end_at_the_stop(receiver):
    lines = {"on": "/synth/{channel}/on i:{pitch}", "off": "/synth/{channel}/off i:{pitch}"}
    with Live(graph(osc.Notes(to=receiver.to, messages=lines), count=1, duration=60.0)):
        assert receiver.wait(1) == [("/synth/10/on", [36])]
    assert receiver.wait(2)[1] == ("/synth/10/off", [36])
    with pytest.raises(GraphError, match=r"unknown event 'release'.*on, off"):
        graph(osc.Notes(messages={"release": "/x"}))


@pytest.mark.parametrize("node", [osc.Notes, vmc.Notes])
def test_what_is_no_note_is_left_out_and_said(receiver, caplog, node):
    with Live(graph(node(to=receiver.to), channel=17)):
        wait_for(lambda: "left out: channel=17" in caplog.text)


def test_vmc_notes_go_on_and_off_and_panic_ends_them(receiver):
    made = graph(vmc.Notes(to=receiver.to), count=1, duration=60.0, channel=2)
    with Live(made) as live:
        assert receiver.wait(1) == [("/VMC/Ext/Midi/Note", [1, 1, 36, pytest.approx(64 / 127)])]
        live.control("out", "panic")
        assert receiver.wait(2)[1] == ("/VMC/Ext/Midi/Note", [0, 1, 36, 0.0])


def capture(tmp_path, **settings):
    node = midi.Capture(path=str(tmp_path / "take.mid"), **settings)
    collect(node, notes=kinds.Notes(), beats=kinds.Beats())
    return node


def play(node, bars, start=0):
    """A kick on every beat of so many bars at 120 BPM."""
    for k in range(start * 4, (start + bars) * 4):
        t = k * SECOND // 2
        node.on_beats(Packet(t, Beat(k, k % 4 + 1, 4, 120.0, 0.5, 1.0), k))
        node.on_notes(Packet(t, Note(36 + k // 4 % 40, 100, 0.05, 10), k))


def pitches(path):
    return [m.note for m in mido.MidiFile(path) if m.type == "note_on"]


def test_the_last_bars_are_kept_and_files_are_never_replaced(tmp_path):
    node = capture(tmp_path, bars=3)
    play(node, 10)
    node.save(0)
    assert sorted(set(pitches(tmp_path / "take.mid"))) == [42, 43, 44, 45]  # the newest has begun
    play(node, 1, start=10)
    node.close()
    node.close()
    assert node.saved == [str(tmp_path / "take.mid"), str(tmp_path / "take-2.mid")]
    assert sorted(set(pitches(tmp_path / "take-2.mid"))) == [43, 44, 45, 46]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_bar_of_unknown_place_is_four_beats_and_without_beats_two_seconds(tmp_path):
    node = capture(tmp_path, bars=2)
    for k in range(20):
        node.on_beats(Packet(k * SECOND // 2, Beat(k, 0, 0, 120.0, 0.5, 1.0), k))
        node.on_notes(Packet(k * SECOND // 2, Note(36 + k, 100, 0.05, 10), k))
    node.close()
    assert len(pitches(tmp_path / "take.mid")) in range(8, 13)
    plain = midi.Capture(path=str(tmp_path / "plain.mid"), bars=2)
    collect(plain, notes=kinds.Notes())
    for k in range(20):
        plain.on_notes(Packet(k * SECOND // 2, Note(36 + k, 100, 0.05, 10), k))
    plain.close()
    assert pitches(tmp_path / "plain.mid") == list(range(47, 56))


def test_nothing_is_saved_where_nothing_came_and_a_wrong_folder_is_told_at_once(tmp_path, caplog):
    node = capture(tmp_path)
    node.save(0)
    node.close()
    assert "nothing to save" in caplog.text and not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="no such folder"):
        midi.Capture(path=str(tmp_path / "none" / "take.mid")).plan()


def test_players_are_merged():
    node = midi.Merge()
    out = collect(node, a=kinds.Notes(), c=kinds.Notes())
    node.on_a(Packet(5, Note(36, 100, 0.1, 10), 0))
    node.on_c(Packet(3, Note(60, 100, 0.1, 1), 0))
    assert [(p.t, p.data.channel, p.seq) for p in out["notes"]] == [(5, 10, 0), (3, 1, 1)]
