"""Sources of beats: a MIDI clock, a score in time, and time alone."""

import time

import mido
import numpy as np
import pytest

from rt_engine.core import SECOND, Graph, Live, Replay
from rt_engine.nodes.beats import MidiClock, MidiFile, Pace
from rt_engine.nodes.conducting import Conductor


@pytest.fixture
def song(tmp_path):
    """Eight quarters at 120, the second bar louder."""
    track = mido.MidiTrack()
    for number in range(8):
        track.append(mido.Message("note_on", note=60, velocity=40 + 20 * (number // 4)))
        track.append(mido.Message("note_off", note=60, time=480))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "song.mid")
    return str(tmp_path / "song.mid")


def heard(song, **settings):
    """What comes out of a score: by output, (arrival, packet) in s and payload."""
    graph, found = Graph(), {}
    graph.add("score", MidiFile(path=song, **settings))
    graph.add("body", Conductor(), {n: f"score.{n}" for n in ("beats", "expression", "pace")})

    def tap(node, output, packet):
        if node == "score":
            found.setdefault(output, []).append((replay.clock.now() / SECOND, packet))

    replay = Replay(graph, taps=[tap])
    replay.run()
    return found


def test_beats_and_notes_of_a_score_come_ahead_and_pace_in_time(song):
    found = heard(song, lead=0.3, start=1.0, rate=20.0)
    beats = [(round(arrival, 3), packet.t / SECOND) for arrival, packet in found["beats"]]
    assert beats == [(round(0.7 + 0.5 * i, 3), 1.0 + 0.5 * i) for i in range(8)]
    assert [p.data.position for _, p in found["beats"]] == [1, 2, 3, 4, 1, 2, 3, 4]
    assert all(abs(arrival - packet.t / SECOND) < 1e-6 for arrival, packet in found["pace"])
    assert np.allclose(np.diff([p.t / SECOND for _, p in found["pace"]]), 0.05)
    levels = [p.data.level for _, p in found["expression"]]
    assert len(levels) == 8 and levels[-1] > levels[0] + 0.2
    assert [p.data.pitch for _, p in found["notes"]] == [60] * 8


def test_a_file_that_cannot_be_read_is_named_when_the_graph_is_built(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.mid' cannot be read: no such file"):
        MidiFile(path=str(tmp_path / "nowhere.mid")).plan()


def test_pace_goes_by_absolute_deadlines():
    graph, times = Graph(), []
    graph.add("pace", Pace(rate=100.0))
    live = Live(graph, taps=[lambda node, output, packet: packet and times.append(packet.t)])
    with live:
        time.sleep(0.5)
    assert len(times) > 10
    assert set(np.diff(times)) == {SECOND // 100}


class Port:
    """Stands in for a MIDI input: messages with their arrival times, then silence."""

    def __init__(self, messages):
        self.messages = list(messages)

    def arrival(self, timeout):
        return self.messages.pop(0) if self.messages else None

    def close(self):
        self.messages = []


def test_a_clock_becomes_beats_with_the_metre_and_the_offset_asked_for(monkeypatch):
    ticks = [(SECOND, b"\xfa")]
    ticks += [(SECOND + round(i * SECOND / 48), b"\xf8") for i in range(24 * 5)]
    monkeypatch.setattr("rt_engine.nodes.beats.open_in", lambda *_, **__: Port(ticks))
    graph, beats = Graph(), []
    node = MidiClock(meter=3, lead=0.1, offset_ms=-20)
    graph.add("clock", node)
    node.beats.targets = [beats.append]
    node.open()
    node.reset()
    for _ in range(len(ticks) + 1):
        node.read()
    node.close()
    assert [beat.data.position for beat in beats] == [2, 3, 1, 2, 3]
    assert {beat.data.meter for beat in beats} == {3}
    due = [1.0 + 0.5 * beat.data.index - 0.02 for beat in beats]
    assert np.allclose([beat.t / SECOND for beat in beats], due, atol=1e-3)
    assert np.allclose([beat.data.bpm for beat in beats], 120, atol=0.1)
