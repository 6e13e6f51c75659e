"""midi.Control in running graphs: knobs of a real JACK MIDI port turn settings of nodes."""

import pytest
import rtmidi

from rt_engine.core import Graph, Live, NodeError
from rt_engine.nodes import midi
from tests.helpers import Count, Knobs
from tests.rigs import wait_for

pytestmark = pytest.mark.jack


@pytest.fixture
def pad(server):
    """A controller with a port of its own."""
    made = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "pad")
    made.open_virtual_port("out")
    wait_for(lambda: "pad:out" in server.ports())
    yield made
    made.close_port()
    made.delete()


def graph(**settings):
    made = Graph("test")
    made.add("count", Count(n=10**6, every=0.005))
    made.add("knobs", Knobs(need="x"), "count")
    entries = {"cc 1": ["knobs.gain", 0.0, 10.0], "note 36": ["knobs.tap", 5]}
    made.add("control", midi.Control(**{"map": entries, "api": "jack", **settings}))
    return made


def test_a_knob_turns_a_setting_and_a_key_calls_an_action(pad):
    made = graph(port="pad:out")
    with Live(made):
        knobs = made.nodes["knobs"]
        pad.send_message([0xB0, 1, 127])
        wait_for(lambda: knobs.gain == 10.0)
        pad.send_message([0x90, 36, 100])
        pad.send_message([0x80, 36, 0])
        wait_for(lambda: [values for _, values in knobs.taps] == [(5,)])
        pad.send_message([0xB0, 1, 0])
        wait_for(lambda: knobs.gain == 0.0)


def test_a_port_of_its_own_can_be_connected_to(server, pad):
    made = graph(client="desk")
    with Live(made):
        server.connect("pad:out", "desk:control")
        wait_for(lambda: pad.send_message([0xB0, 1, 127]) or made.nodes["knobs"].gain == 10.0)


def test_an_unknown_port_ends_the_start_and_names_what_exists(pad):
    with pytest.raises(NodeError, match=r"no MIDI port 'faders' in jack.*'pad:out'"):
        Live(graph(port="faders")).run()


def test_a_controller_that_is_pulled_out_and_put_in_again_works_again(server, caplog):
    pad = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "mortal")
    pad.open_virtual_port("out")
    made = graph(port="mortal:out")
    with Live(made):
        pad.close_port()
        pad.delete()
        wait_for(lambda: "'mortal:out' has gone" in caplog.text, 10)
        pad = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "mortal")
        pad.open_virtual_port("out")
        wait_for(lambda: "'control' works again" in caplog.text, 20)
        pad.send_message([0xB0, 1, 127])
        wait_for(lambda: made.nodes["knobs"].gain == 10.0)
    pad.close_port()
    pad.delete()
