"""MIDI nodes in running graphs, over real JACK MIDI, as `jack_midi_dump` sees them."""

import pytest

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, Live, NodeError, Output, Source, collect
from rt_engine.kinds import Beat, Note
from rt_engine.nodes import midi
from tests.rigs import JackServer, MidiDump, wait_for

pytestmark = pytest.mark.jack

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


class Drummer(Source):
    """Beats for a quarter of a second each, announced 0.1 s ahead, and a note on each."""

    beats = Output(kinds.Beats)
    notes = Output(kinds.Notes)
    confidence: float = 1.0
    velocity: int = 100

    def reset(self):
        self.index, self.t = 0, self.clock.now() + SECOND // 10

    def read(self):
        position = self.index % 4 + 1
        self.beats.emit(self.t, Beat(self.index, position, 4, 240.0, 0.25, self.confidence))
        self.notes.emit(self.t, Note(36 + position, self.velocity, 0.05, 10))
        self.index, self.t = self.index + 1, self.t + SECOND // 4
        return self.clock.wait_until(self.t - SECOND // 10)


def graph(node, **settings):
    made = Graph()
    made.add("drummer", Drummer(**settings))
    made.add("midi", node, "drummer")
    return made


def messages(dump):
    return [message for _, message in dump.events]


def test_the_clock_starts_ticks_and_stops_with_the_graph(dump):
    with Live(graph(midi.Clock(port=dump.port, api="jack"))):
        wait_for(lambda: messages(dump).count(CLOCK) > 50)
    wait_for(lambda: messages(dump)[-1] == STOP)
    assert messages(dump)[:2] == [START, CLOCK]
    assert set(messages(dump)) == {START, CLOCK, STOP}


def test_start_stop_and_resume_are_actions(dump):
    with Live(graph(midi.Clock(port=dump.port, start_on="manual"))) as live:
        live.control("midi", "start")
        wait_for(lambda: messages(dump).count(CLOCK) > 6)
        live.control("midi", "stop")
        wait_for(lambda: messages(dump)[-1] == STOP)
        live.control("midi", "resume")
        wait_for(lambda: CONTINUE in messages(dump) and messages(dump)[-1] == CLOCK)
    found = [message for message in messages(dump) if message != CLOCK]
    assert found[:2] == [START, STOP]
    assert found[2][0] == 0xF2
    assert found[3] == CONTINUE


def test_beats_without_confidence_are_not_followed_until_that_is_changed(dump):
    unsure = graph(midi.Clock(port=dump.port, confidence=0.5), confidence=0.4)
    with Live(unsure) as live:
        wait_for(lambda: unsure.nodes["drummer"].index > 6)
        assert messages(dump) == []
        live.control("midi", "confidence", 0.3)
        live.control("midi", "offset_ms", -20)
        wait_for(lambda: messages(dump)[:2] == [START, CLOCK])


def test_notes_are_played_and_end(dump):
    with Live(graph(midi.Notes(port=dump.port))):
        wait_for(lambda: len(messages(dump)) >= 8)
    # A busy machine may let a note come too late to be played, but never half of one.
    found = messages(dump)[:8]
    for on, off in zip(found[::2], found[1::2], strict=True):
        assert on[0] == 0x99
        assert 37 <= on[1] <= 40
        assert on[2] == 100
        assert off == bytes([0x89, on[1], 0])


def test_panic_ends_all_notes(dump):
    with Live(graph(midi.Notes(port=dump.port))) as live:
        wait_for(lambda: messages(dump))
        live.control("midi", "panic")
        wait_for(lambda: bytes([0xB9, 123, 0]) in messages(dump))


def test_what_is_no_note_is_left_out_and_said(dump, caplog):
    with Live(graph(midi.Notes(port=dump.port), velocity=0)):
        wait_for(lambda: "not a MIDI note" in caplog.text)
    assert messages(dump) == []


def test_two_nodes_have_ports_of_their_own_under_their_names(server):
    both = graph(midi.Clock(client="band"))
    both.add("drums", midi.Notes(client="band"), "drummer")
    with Live(both):
        wait_for(lambda: any(port.endswith(":midi") for port in server.ports()))
        assert any(port.endswith(":drums") for port in server.ports())


def test_an_unknown_port_stops_the_start_with_an_error_that_lists_what_exists(dump):
    with pytest.raises(NodeError, match=rf"'midi' .*no MIDI port 'piano'.*'{dump.port}'"):
        Live(graph(midi.Clock(port="piano"))).run()


def test_a_server_that_goes_away_and_comes_back_is_found_again(caplog):
    with JackServer() as mortal, Live(graph(midi.Clock(client="again"))):
        wait_for(lambda: "again:midi" in mortal.ports())
        mortal.stop()
        wait_for(lambda: "MIDI server has gone" in caplog.text)
        mortal.start()
        with MidiDump("listener") as dump:
            wait_for(lambda: "again:midi" in mortal.ports(), 15)
            mortal.connect("again:midi", "listener:input")
            wait_for(lambda: messages(dump).count(CLOCK) > 24)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="bend"):
        midi.Clock(bend=0.5)
    with pytest.raises(ValueError, match="start_on"):
        midi.Clock(start_on="later")


def test_it_cannot_be_wired_to_something_else():
    with pytest.raises(ValueError, match="carries Notes, but Beats is needed"):
        collect(midi.Clock(), beats=kinds.Notes())
