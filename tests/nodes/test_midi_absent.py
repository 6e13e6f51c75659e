"""midi.Control where nothing takes MIDI in: the graph runs, and that is said once."""

import pytest

from rt_engine.core import Graph, Live, NodeError
from rt_engine.nodes import midi
from tests.helpers import Count, Knobs

rtmidi = pytest.importorskip("rtmidi")


@pytest.fixture(autouse=True)
def _no_midi(monkeypatch):
    def refuse(api, client):
        raise rtmidi.SystemError("no sequencer")

    monkeypatch.setattr(rtmidi, "MidiIn", refuse)


def graph(**settings):
    made = Graph("test")
    made.add("count", Count(n=20, every=0.005))
    made.add("knobs", Knobs(need="x"), "count")
    made.add("control", midi.Control(map={"cc 1": "knobs.gain"}, **settings))
    return made


def test_the_graph_goes_on_to_its_end_and_the_absence_is_said_once(caplog):
    made = graph()
    Live(made).run()
    assert made.nodes["knobs"].y.seq == 20
    assert len(caplog.records) == 1
    assert "no MIDI controller is heard" in caplog.text
    assert "no sequencer" in caplog.text


@pytest.mark.parametrize("asked", [{"port": "pad"}, {"api": "asked"}])
def test_a_port_or_an_api_that_is_asked_for_must_be_there(asked):
    if "api" in asked:
        asked = {"api": rtmidi.get_api_name(rtmidi.get_compiled_api()[0])}
    with pytest.raises(NodeError, match="no sequencer"):
        Live(graph(**asked)).run()
