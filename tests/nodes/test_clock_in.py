"""A MIDI clock through a real JACK server: our clock sends, our source hears, a body conducts."""

import numpy as np
import pytest

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, Live, Output, Source
from rt_engine.kinds import Beat
from rt_engine.nodes import beats, conducting, midi
from tests.rigs import wait_for

pytestmark = pytest.mark.jack

PERIOD = 0.4  # s


class Metronome(Source):
    """Beats of even distance, 0.1 s ahead."""

    beats = Output(kinds.Beats)

    def reset(self):
        self.index, self.t = 0, self.clock.now() + SECOND // 2

    def read(self):
        self.beats.emit(self.t, Beat(self.index, self.index % 4 + 1, 4, 150.0, PERIOD, 1.0))
        self.index, self.t = self.index + 1, self.t + round(PERIOD * SECOND)
        return self.clock.wait_until(self.t - SECOND // 10)


def placed(heard):
    """The beats whose place in the bar is known: those behind a start."""
    return [packet for packet in heard if packet.data.position]


def heard_and_conducted(server):
    """Times (ns) of the beats sent and of those struck, and what was heard from the second on."""
    graph, sent, heard, struck = Graph(), {}, [], []
    graph.add("pace", beats.Pace())
    graph.add("clock", beats.MidiClock(api="jack", client="ear"))
    wires = {"beats": "clock.beats", "pace": "pace.pace"}
    graph.add("body", conducting.Conductor(), wires)
    graph.add("metronome", Metronome())
    graph.add("out", midi.Clock(api="jack"), "metronome.beats")

    def tap(node, output, packet):
        if packet is None:
            return
        if node == "metronome":
            sent[packet.data.index] = packet.t
        elif (node, output) == ("clock", "beats"):
            heard.append(packet)
        elif output == "ictus":
            struck.append(packet.t)

    with Live(graph, taps=[tap]) as live:
        wait_for(lambda: any("ear" in p for p in server.ports()))
        ear = next(port for port in server.ports() if "ear" in port)
        wait_for(lambda: any(p.startswith("rt-engine") for p in server.ports()))
        mouth = next(port for port in server.ports() if port.startswith("rt-engine"))
        server.connect(mouth, ear)
        live.control("out", "start")  # the first one went by before there was a wire
        wait_for(lambda: len(placed(heard)) >= 12, 20)
        begun = placed(heard)[0].t
        wait_for(lambda: len([t for t in struck if t > begun]) >= 8, 20)
    true = np.array(sorted(sent.values()))
    return true, [t for t in struck if begun < t <= true[-1]], placed(heard)[1:-1]


def test_a_clock_that_is_heard_is_conducted_on_its_beats(server, witness):
    def trial():
        true, struck, told = heard_and_conducted(server)
        assert np.median([packet.data.bpm for packet in told]) == pytest.approx(150, rel=0.02)
        late = [np.abs(true - packet.t).min() / SECOND for packet in told]
        assert np.median(late) < 0.02
        away = [np.abs(true - t).min() / SECOND for t in struck][2:]
        assert np.median(away) < 0.03

    witness.judge(trial)
