"""Phrases, dynamics and articulation as nodes, and their OSC messages."""

import numpy as np
import pytest
from rich.console import Console

from rt_engine import assets, kinds
from rt_engine.core import SECOND, Packet, Replay, collect
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.nodes import expression
from rt_engine.nodes.console import Meter
from rt_engine.nodes.osc import Expression as Osc
from rt_engine.udp import listen

FRAME = SECOND // 50
DYNAMICS = kinds.Frames(50.0, 6, "pp, p, mp, mf, f, ff")
JOINED = kinds.Frames(50.0, 3, "legato, neutral, staccato")


def sure(index, classes):
    row = np.full(classes, 0.1 / (classes - 1), np.float32)
    row[index] = 0.9
    return row


def play(node, loud, joined, start=0):
    for k, (one, two) in enumerate(zip(loud, joined, strict=True), start):
        node.on_dynamics(Packet(k * FRAME, sure(one, 6), k))
        node.on_articulation(Packet(k * FRAME, sure(two, 3), k))


def test_expression_is_told_ten_times_a_second_and_when_a_class_changes():
    node = expression.Expression(rate=10.0, smooth=0.2)
    out = collect(node, dynamics=DYNAMICS, articulation=JOINED)["expression"]
    play(node, [1] * 100 + [4] * 100, [0] * 100 + [2] * 100)
    assert 20 * 2 <= len(out) <= 21 * 2 + 4
    classes = [(packet.data.dynamics, packet.data.articulation) for packet in out]
    assert classes[0] == (1, 0)
    assert classes[-1] == (4, 2)
    change = next(packet for packet in out if packet.data.dynamics == 4)
    assert 100 * FRAME < change.t < 115 * FRAME
    assert 0.7 < out[-1].data.level < 0.85
    assert out[-1].data.detached > 0.9


def test_one_of_the_two_is_enough_and_the_other_is_unknown():
    node = expression.Expression()
    out = collect(node, dynamics=DYNAMICS)["expression"]
    for k in range(10):
        node.on_dynamics(Packet(k * FRAME, sure(3, 6), k))
    assert out
    assert out[0].data.dynamics == 3
    assert (out[0].data.articulation, out[0].data.articulation_confidence) == (-1, 0.0)


def test_the_order_of_the_wires_does_not_matter():
    told = []
    for wires in ({"dynamics": DYNAMICS, "articulation": JOINED},
                  {"articulation": JOINED, "dynamics": DYNAMICS}):  # fmt: skip
        node = expression.Expression()
        out = collect(node, **wires)["expression"]
        play(node, [1] * 30 + [4] * 30, [0] * 30 + [2] * 30)
        told.append([(packet.t, packet.data) for packet in out])
    assert told[0] == told[1]


def test_other_frames_are_refused():
    with pytest.raises(ValueError, match="'dynamics' carries 'rms': 'pp, p, mp, mf, f, ff'"):
        collect(expression.Expression(), dynamics=kinds.Frames(50.0, 1, "rms"))
    with pytest.raises(ValueError, match="1 of 'phrase' is needed"):
        collect(expression.Phrases(), phrase=DYNAMICS, beats=kinds.Beats())


def test_phrases_stand_at_downbeats_and_are_confirmed():
    node = expression.Phrases()
    out = collect(node, phrase=kinds.Frames(50.0, 1, "phrase"), beats=kinds.Beats())["phrases"]
    beats = iter(range(200))
    due = next(beats)
    for k in range(50 * 40):
        t = k / 50
        while due / 2 <= t + 0.1:
            beat = kinds.Beat(due, due % 4 + 1, 4, 120.0, 0.5, 0.9)
            node.on_beats(Packet(round(due / 2 * SECOND), beat, due))
            due = next(beats)
        boundary = t % 8 < 0.5  # every four bars
        value = np.array([0.9 if boundary else 0.05], np.float32)
        node.on_phrase(Packet(k * FRAME, value, k))
    at_once = [packet.t / SECOND for packet in out if not packet.data.confirmed]
    assert at_once == [0.0, 8.0, 16.0, 24.0, 32.0]
    assert [p.t / SECOND for p in out if p.data.confirmed] == at_once


def test_osc_messages_have_these_addresses_and_types():
    receiver = listen("127.0.0.1", 0)
    node = Osc(to=f"127.0.0.1:{receiver.getsockname()[1]}")
    collect(node, phrases=kinds.Phrases(), expression=kinds.Expressions())
    node.on_phrases(Packet(0, kinds.Phrase(3, 0.75, False), 0))
    node.on_phrases(Packet(0, kinds.Phrase(3, 0.9, True), 1))
    node.on_expression(Packet(0, kinds.Expression(4, 0.8, 0.6, 0, 0.25, 0.5), 0))
    from pythonosc.osc_message import OscMessage

    got = [OscMessage(receiver.recv(1024)) for _ in range(4)]
    node.close()
    receiver.close()
    assert [message.address for message in got] == [
        "/rt/phrase",
        "/rt/phrase/confirmed",
        "/rt/dynamics",
        "/rt/articulation",
    ]
    assert got[0].params[:2] == [3, 0.75]
    assert got[2].params == [4, "f", pytest.approx(0.8), pytest.approx(0.6)]
    assert got[3].params == [0, "legato", pytest.approx(0.25), pytest.approx(0.5)]


def test_a_message_of_ones_own_replaces_the_usual_one():
    receiver = listen("127.0.0.1", 0)
    own = {"dynamics": "/dmx/1 f:{value}", "articulation": ""}
    node = Osc(to=f"127.0.0.1:{receiver.getsockname()[1]}", messages=own)
    collect(node, expression=kinds.Expressions())
    node.on_expression(Packet(0, kinds.Expression(4, 0.5, 0.6, 0, 0.25, 0.5), 0))
    assert receiver.recv(1024) == b"/dmx/1\0\0,f\0\0\x3f\0\0\0"
    node.close()
    receiver.close()
    with pytest.raises(ValueError, match=r"unknown event 'beat' \(events: phrase"):
        collect(Osc(messages={"beat": "/x"}), phrases=kinds.Phrases())


def test_the_graph_of_expression_follows_the_bundled_recording():
    pytest.importorskip("onnxruntime", reason="needs the extra 'cpu' or 'gpu'")
    mir_eval = pytest.importorskip("mir_eval")
    spec = read(graph_folder() / "expression.yaml", {"mic": str(assets.RECORDING), "mic.rate": 0})
    del spec["nodes"]["control"]
    told: dict[tuple[str, str], list[Packet]] = {}

    def tap(node, port, packet):
        if packet is not None:
            told.setdefault((node, port), []).append(packet)

    graph = build(spec)
    Replay(graph, taps=[tap]).run()
    start = told["mic", "audio"][0].t
    due = np.array([(packet.t - start) / SECOND for packet in told["beat", "beats"]])
    true = np.loadtxt(assets.BEATS)[:, 0]
    assert mir_eval.beat.f_measure(true[true > 5], due[due > 5]) > 0.8
    states = [packet.data for packet in told["play", "expression"]]
    assert len(states) > 9 * (true[-1] - 5)
    assert all(0 <= s.level <= 1 and 0 <= s.detached <= 1 for s in states)


def test_the_console_tells_the_phrase_and_how_it_is_played(capsys):
    node = Meter()
    collect(node, phrases=kinds.Phrases(), expression=kinds.Expressions())
    node.on_phrases(Packet(2 * SECOND, kinds.Phrase(7, 0.8, False), 0))
    node.on_expression(Packet(3 * SECOND, kinds.Expression(4, 0.8, 0.6, 2, 0.9, 0.5), 0))
    assert "phrase 7" in capsys.readouterr().out
    console = Console(width=100, record=True)
    console.print(node.picture(5 * SECOND))
    shown = console.export_text()
    assert "phrase 7 since  3.0 s" in shown
    assert "f  0.80" in shown
    assert "staccato 0.90" in shown
