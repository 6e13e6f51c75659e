"""OSC nodes over real UDP, as oscdump and python-osc see them."""

import contextlib
import logging
import socket
import subprocess
import sys
import time
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from rt_engine import kinds
from rt_engine.core import Control, Graph, Knob, Live, Output, Packet, Source, action
from rt_engine.kinds import Beat, TempoState
from rt_engine.nodes import osc
from tests.rigs import OscDump, free_udp_port, wait_for

MS = 1_000_000
SECOND = 1000 * MS


@contextlib.contextmanager
def running(node, *inputs):
    """The node in real time, without a graph; `inputs` name those that are wired."""
    node.formats = dict.fromkeys(inputs)
    node.plan()
    node.open()
    node.reset()
    try:
        yield node
    finally:
        node.close()


@contextlib.contextmanager
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(3)
        yield receiver, f"127.0.0.1:{receiver.getsockname()[1]}"


def received(receiver, count):
    return [OscMessage(receiver.recv(2000)) for _ in range(count)]


def beat(index, lead=0.1, period=0.5, bpm=120.0):
    """A beat that is announced `lead` s ahead of its time."""
    t = time.monotonic_ns() + round(lead * SECOND)
    return Packet(t, Beat(index, index % 4 + 1, 4, bpm, period, 0.75), index)


def tempo(phase=0.25, bpm=120.0, playing=True, position=2, age=0.0):
    t = time.monotonic_ns() - round(age * SECOND)
    return Packet(t, TempoState(bpm, 60 / bpm, 0.5, phase, position, 4, playing), 0)


def test_the_native_messages_reach_oscdump_in_order_with_their_type_tags():
    with OscDump() as dump, running(osc.Beats(to=f"127.0.0.1:{dump.port}"), "tempo") as node:
        first = beat(0)
        node.on_beats(first)
        wait_for(lambda: len(dump.messages) == 3)
        node.on_beats(beat(1, lead=0.05))
        wait_for(lambda: len(dump.messages) == 5)
    assert [(address, tags) for address, tags, _ in dump.messages] == [
        ("/beat/next", "fdi"),
        ("/beat", "iifff"),
        ("/downbeat", "i"),
        ("/beat/next", "fdi"),
        ("/beat", "iifff"),
    ]
    assert dump.messages[1][2] == ["0", "1", "120.000000", "0.750000", "0.500000"]
    assert dump.messages[2][2] == ["1"]
    assert dump.times[0] < first.t <= dump.times[1]


def test_next_says_when_the_beat_will_be():
    with listener() as (receiver, to), running(osc.Beats(to=to)) as node:
        packet, unix = beat(3, lead=0.2), time.time()
        node.on_beats(packet)
        (message,) = received(receiver, 1)
        in_seconds, unix_time, position = message.params
        assert 0.1 < in_seconds <= 0.2
        assert unix_time == pytest.approx(unix + 0.2, abs=0.01)
        assert position == 4


def test_the_offset_delays_the_beat():
    plain = {"next": "", "beat": "/beat", "downbeat": "", "tempo": ""}
    node = osc.Beats(to="127.0.0.1:9", offset_ms=80, messages=plain)
    with listener() as (receiver, node.to), running(node):
        packet = beat(1, lead=0.0)
        node.on_beats(packet)
        received(receiver, 1)
        assert time.monotonic_ns() >= packet.t + 80 * MS


def test_bars_are_counted():
    own = {"next": "", "beat": "", "tempo": "", "downbeat": "/bar i:{bar} i:{index}"}
    with listener() as (receiver, to), running(osc.Beats(to=to, messages=own)) as node:
        for index in range(9):
            node.on_beats(beat(index, lead=0.01 * index))
        assert [m.params for m in received(receiver, 3)] == [[1, 0], [2, 4], [3, 8]]


def test_a_preset_sends_tempo_with_the_beats_where_no_tempo_is_wired():
    with listener() as (receiver, to), running(osc.Beats(to=to, preset="resolume")) as node:
        node.on_beats(beat(0, lead=0.02, bpm=140.0))
        messages = {m.address: m.params for m in received(receiver, 2)}
        assert messages["/composition/tempocontroller/resync"] == [1]
        (fader,) = messages["/composition/tempocontroller/tempo"]
        assert 20 + fader * 480 == pytest.approx(140, abs=1e-3)


def test_a_button_is_pressed_and_let_go():
    with listener() as (receiver, to), running(osc.Beats(to=to, preset="qlc"), "tempo") as node:
        node.on_beats(beat(1, lead=0.0))
        pressed, *let_go = received(receiver, 3)
        assert (pressed.address, pressed.params) == ("/beat", [1.0])
        assert [(m.address, m.params) for m in let_go] == [("/beat", [0.0]), ("/downbeat", [0.0])]


def test_everyone_in_the_list_gets_everything():
    node = osc.Beats(to="127.0.0.1:9", preset="plain")
    with listener() as (one, to_one), listener() as (two, to_two):
        node.to = [to_one, to_two]
        with running(node, "tempo"):
            node.on_beats(beat(1, lead=0.0))
            for receiver in (one, two):
                assert [m.address for m in received(receiver, 1)] == ["/beat"]


def test_bundles_on_demand():
    node = osc.Beats(to="127.0.0.1:9", bundle=True)
    with listener() as (receiver, node.to), running(node):
        node.on_beats(beat(0, lead=0.02))
        next_, at_beat = (OscBundle(receiver.recv(2000)) for _ in range(2))
        assert [m.address for m in next_] == ["/beat/next"]
        assert [m.address for m in at_beat] == ["/beat", "/downbeat", "/tempo"]


def test_with_time_tags_the_beat_is_sent_ahead_and_the_tag_is_its_time():
    node = osc.Beats(to="127.0.0.1:9", timetags=True, messages={"next": ""})
    with listener() as (receiver, node.to), running(node):
        unix = time.time()
        node.on_beats(beat(1, lead=30.0))
        found = OscBundle(receiver.recv(2000))
        assert found.timestamp == pytest.approx(unix + 30, abs=0.05)
        assert [m.address for m in found] == ["/beat", "/tempo"]


def test_a_beat_announced_again_with_a_better_time_is_sent_once_at_that_time():
    own = {"beat": "/beat i:{index}", "downbeat": "", "tempo": "", "next": "/next"}
    with listener() as (receiver, to), running(osc.Beats(to=to, messages=own)) as node:
        node.on_beats(beat(1, lead=5.0))
        node.on_beats(beat(1, lead=0.05))
        node.on_beats(beat(2, lead=0.1))
        addresses = [m.address for m in received(receiver, 4)]
        assert addresses == ["/next", "/next", "/beat", "/beat"]


def test_a_beat_that_is_long_past_is_not_sent_but_said(caplog):
    with listener() as (receiver, to), running(osc.Beats(to=to)) as node:
        node.on_beats(beat(7, lead=-1.0))
        receiver.settimeout(0.1)
        with pytest.raises(TimeoutError):
            receiver.recv(2000)
        assert "beat 7 is not sent: 10" in caplog.text


def test_tempo_comes_when_it_changes_phase_all_the_time_and_transport_when_it_changes():
    node = osc.Beats(to="127.0.0.1:9", rate=200)
    with listener() as (receiver, node.to), running(node, "tempo"):
        for bpm, playing in [(120, True), (120, True), (125, True), (125, False), (125, True)]:
            node.on_tempo(tempo(bpm=float(bpm), playing=playing))
            time.sleep(0.006)
        found = [(m.address, m.params) for m in received(receiver, 9)]
        assert [a for a, _ in found if a != "/phase"] == [
            "/transport",
            "/tempo",
            "/tempo",
            "/transport",
            "/transport",
        ]
        assert [p for a, p in found if a == "/tempo"] == [[120.0], [125.0]]
        assert [p for a, p in found if a == "/transport"] == [["play"], ["stop"], ["play"]]


def test_phase_is_that_of_now_and_counts_on_into_the_next_beat():
    own = {"phase": "/p f:{phase} f:{bar_phase} i:{position}", "tempo": "", "transport": ""}
    with listener() as (receiver, to), running(osc.Beats(to=to, messages=own), "tempo") as node:
        node.on_tempo(tempo(phase=0.75, bpm=6.0, position=4, age=4.0))  # a beat lasts 10 s
        ((phase, bar_phase, position),) = [m.params for m in received(receiver, 1)]
        assert phase == pytest.approx(0.15, abs=0.05)
        assert bar_phase == pytest.approx(phase / 4, abs=1e-6)
        assert position == 1


def test_phase_is_limited_to_its_rate():
    own = {"phase": "/p", "tempo": "", "transport": "/end"}
    with listener() as (receiver, to), running(osc.Beats(to=to, messages=own, rate=1)) as node:
        for _ in range(50):
            node.on_tempo(tempo())
        node.on_tempo(tempo(playing=False))
        assert [m.address for m in received(receiver, 3)] == ["/end", "/p", "/end"]


def test_nobody_listening_is_said_once_and_a_late_listener_gets_what_follows(caplog):
    port = free_udp_port()
    with running(osc.Beats(to=f"127.0.0.1:{port}", preset="plain")) as node:
        for index in range(20):
            node.on_beats(beat(index, lead=0.0))
            time.sleep(0.005)
        assert caplog.text.count("nobody listens there") == 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", port))
            receiver.settimeout(3)
            node.on_beats(beat(21, lead=0.0))
            assert received(receiver, 1)[0].address == "/beat"
    assert len(caplog.records) == 1


class Band(Source):
    """A beat and a tempo a read."""

    beats = Output(kinds.Beats)
    tempo = Output(kinds.Tempo)

    def read(self):
        for port, packet in ((self.beats, beat(0, lead=0.05)), (self.tempo, tempo())):
            port.emit(packet.t, packet.data)
        return self.clock.wait_until(self.clock.now() + SECOND // 2)


def test_beats_and_tempo_reach_a_receiver_from_a_running_graph():
    with OscDump() as dump:
        graph = Graph()
        graph.add("band", Band())
        wires = {"beats": "band.beats", "tempo": "band.tempo"}
        graph.add("osc", osc.Beats(to=f"127.0.0.1:{dump.port}"), wires)
        with Live(graph):
            wait_for(lambda: len(dump.messages) >= 6)
    assert {(address, tags) for address, tags, _ in dump.messages} == {
        ("/beat/next", "fdi"),
        ("/transport", "s"),
        ("/tempo", "f"),
        ("/phase", "ff"),
        ("/beat", "iifff"),
        ("/downbeat", "i"),
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"to": "9000"}, "'9000' is no receiver; write host:port"),
        ({"to": ["127.0.0.1:9000", "localhost"]}, "'localhost' is no receiver"),
        ({"to": "127.0.0.1:70000"}, "is no receiver"),
        ({"messages": {"baet": "/x"}}, r"unknown event 'baet' \(events: next, beat"),
        ({"messages": {"beat": "/x f:{bmp}"}}, r"no field \{bmp\}"),
    ],
)
def test_wrong_settings_are_refused_before_anything_opens(wrong, said):
    with pytest.raises(ValueError, match=said):
        osc.Beats(**wrong).plan()


def test_an_unknown_host_is_a_clear_error():
    node = osc.Beats(to="no-such-host.invalid:9000")
    node.plan()
    with pytest.raises(OSError, match=r"receiver no-such-host.invalid:9000: "):
        node.open()
    node.close()


@contextlib.contextmanager
def controlled(**settings):
    node = osc.Control(host="127.0.0.1", port=free_udp_port(), **settings)
    with running(node):
        node.controls.targets.append((got := []).append)
        yield node, SimpleUDPClient("127.0.0.1", node.port), got


def read(node, got, count):
    wait_for(lambda: node.read() or len(got) >= count)
    return [packet.data for packet in got]


def test_messages_become_controls_with_the_time_of_their_arrival():
    with controlled() as (node, client, got):
        before = time.monotonic_ns()
        client.send_message("/rt/beat/bpm", [60, 180.5])
        client.send_message("/rt/beat/tap", [])
        client.send_message("/rt/mic/name", "USB")
        client.send_message("/rt/net/on", [True, False, None])
        assert read(node, got, 4) == [
            Control("beat", "bpm", [60, 180.5]),
            Control("beat", "tap", []),
            Control("mic", "name", ["USB"]),
            Control("net", "on", [True, False, None]),
        ]
        assert all(before < packet.t < time.monotonic_ns() for packet in got)


def test_bundles_are_taken_apart():
    builder = OscBundleBuilder(0)
    for value in (1, 2):
        made = OscMessageBuilder("/rt/beat/nudge")
        made.add_arg(value)
        builder.add_content(made.build())
    with controlled() as (node, client, got):
        client._sock.sendto(builder.build().dgram, ("127.0.0.1", node.port))
        assert [c.value for c in read(node, got, 2)] == [[1], [2]]


def test_an_address_that_is_no_control_is_said_once(caplog):
    with controlled() as (node, client, got):
        for _ in range(5):
            client.send_message("/ping", 1)
        client.send_message("/rt/beat", 1)
        client.send_message("/rt/a/b/c", 1)
        client.send_message("/rt/beat/tap", [])
        assert read(node, got, 1) == [Control("beat", "tap", [])]
    assert [record.args[0].partition(":")[0] for record in caplog.records] == [
        "/ping",
        "/rt/beat",
        "/rt/a/b/c",
    ]


@pytest.mark.parametrize("replies", [False, True])
def test_replies_on_demand(replies):
    with controlled(replies=replies) as (node, client, _), client._sock as own:
        client.send_message("/ping", 1)
        node.read()
        own.settimeout(0.2)
        if replies:
            answer = OscMessage(own.recv(2000))
            assert answer.address == "/rt/error"
            assert "/ping: no control" in answer.params[0]
        else:
            with pytest.raises(TimeoutError):
                own.recv(2000)


@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(b"#bundle\0".__add__)))
def test_nonsense_neither_raises_nor_hangs(data):
    node = osc.Control()
    node.plan()
    logging.getLogger("rt_engine").setLevel(logging.ERROR)
    for address, values in node._messages(data):
        assert isinstance(address, str)
        assert isinstance(values, list)
    logging.getLogger("rt_engine").setLevel(logging.NOTSET)


def test_malformed_datagrams_are_counted_and_said_once(caplog):
    with controlled() as (node, client, got):
        for junk in (b"x", b"/no/tags\0\0\0,i\0\0", b"#bundle\0"):
            client._sock.sendto(junk, ("127.0.0.1", node.port))
        client.send_message("/rt/beat/tap", [])
        read(node, got, 1)
        assert node.malformed == 3
    assert len(caplog.records) == 1
    assert "no OSC" in caplog.text


def test_a_port_in_use_is_a_clear_error():
    with controlled() as (node, _, _):
        second = osc.Control(host="127.0.0.1", port=node.port)
        second.plan()
        said = rf"UDP port {node.port} on 127.0.0.1: Address already in use; choose another port"
        with pytest.raises(OSError, match=said):
            second.open()
        second.close()


class Lamp(Source):
    """Something to control."""

    level: Annotated[float, Knob(ge=0, le=1)] = 0.0
    flashes = 0

    def read(self):
        self.clock.wait_until(self.clock.now() + 20 * MS)

    @action
    def flash(self, t, times):
        self.flashes += times


def test_a_setting_and_an_action_are_reached_in_a_running_graph(caplog):
    port = free_udp_port()
    graph = Graph()
    graph.add("osc", osc.Control(host="127.0.0.1", port=port))
    lamp = graph.add("lamp", Lamp())
    client = SimpleUDPClient("127.0.0.1", port)
    with Live(graph):
        client.send_message("/rt/lamp/level", 0.5)
        client.send_message("/rt/lamp/level", 2.0)
        client.send_message("/rt/lamp/colour", 1)
        client.send_message("/rt/lmap/level", 1)
        client.send_message("/rt/lamp/flash", 3)
        wait_for(lambda: lamp.flashes == 3)
        assert lamp.level == 0.5
    assert len(caplog.records) == 3  # too much, no such setting, no such node
    assert "'lmap'" in caplog.text


BURST = """
import sys
from pythonosc.udp_client import SimpleUDPClient
client = SimpleUDPClient("127.0.0.1", int(sys.argv[1]))
for number in range(3000):
    client.send_message("/rt/lamp/flash", 1)
"""


def test_of_a_burst_of_3000_messages_none_is_lost():
    port = free_udp_port()
    graph = Graph()
    graph.add("osc", osc.Control(host="127.0.0.1", port=port))
    lamp = graph.add("lamp", Lamp())
    with Live(graph):
        subprocess.run([sys.executable, "-c", BURST, str(port)], check=True)
        wait_for(lambda: lamp.flashes == 3000)
