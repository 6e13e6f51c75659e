"""The conductor as a node: strokes where beats are, the same live and replayed, and faults."""

import contextlib
import socket
from itertools import pairwise

import mido
import numpy as np
import pytest
import soundfile
from pythonosc.osc_message import OscMessage

from rt_engine.assets import BEATS, RECORDING
from rt_engine.conducting.body import WIDTH
from rt_engine.conducting.controls import STYLE, controls
from rt_engine.conducting.learned import FLAT, SOLID
from rt_engine.conducting.metres import METRES
from rt_engine.conducting.performance import pictured
from rt_engine.core import SECOND, Graph, Packet, Replay, collect
from rt_engine.core.node import live_settings
from rt_engine.core.packet import encode
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Beat, Beats, Expression, Expressions, Frames, Phrases
from rt_engine.motion.skeleton import INDEX, forward
from rt_engine.nodes.beats import MidiFile
from rt_engine.nodes.conducting import Conditions, Conductor
from rt_engine.nodes.vmc import Send
from rt_engine.protocols.osc_templates import templates
from rt_engine.running import prune
from tests.conducting.motion import lowest
from tests.rigs import free_udp_port

WIRED = {"beats": Beats(), "pace": Frames(50.0, 1, "pace")}


@pytest.fixture
def score(tmp_path):
    """A MIDI file of 8 bars in 3/4 that gets louder."""
    track = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=3, denominator=4)])
    for number in range(24):
        track.append(mido.Message("note_on", note=60 + number % 3, velocity=40 + 3 * number))
        track.append(mido.Message("note_off", note=60 + number % 3, time=480))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "score.mid")
    return tmp_path / "score.mid"


def beat(index, period=0.5, meter=4, confidence=0.9):
    return Beat(index, index % meter + 1, meter, 60 / period, period, confidence)


def played(node, seconds, period=0.5, start=1.0, known=0.2, between=None, formats=WIRED):
    """Its outputs, after `seconds` of pace and of beats that are known `known` s ahead."""
    out = collect(node, **formats)
    told = 0
    for step in range(int(seconds * 50)):
        t = step / 50
        while start + told * period - known <= t:
            due = round((start + told * period) * SECOND)
            node.on_beats(Packet(due, beat(told, period), told))
            told += 1
        if between:
            between(node, t)
        node.on_pace(Packet(round(t * SECOND), np.zeros(1, np.float32), step))
    return out


def wrists(packets, side="Right"):
    """Times (n,) s and places (n, 3) m of a wrist, by forward kinematics."""
    times = np.array([packet.t / SECOND for packet in packets])
    rotations = np.array([packet.data[0].rotations for packet in packets], float)
    roots = np.array([packet.data[0].root for packet in packets], float)
    return times, forward(rotations, roots)[:, INDEX[f"{side}Hand"]]


def errors(out, period=0.5, start=1.0, after=3.0, before=9.0):
    times, places = wrists(out["skeletons"])
    lows = lowest(times, places[:, 1])
    beats = np.arange(start, before, period)
    return np.array([(lows - b)[np.abs(lows - b).argmin()] for b in beats[beats > after]])


def test_the_hand_of_the_skeleton_strikes_on_the_beats():
    out = played(Conductor(), 10)
    assert np.abs(errors(out)).max() < 0.01
    ictus = [packet.t / SECOND for packet in out["ictus"]]
    assert np.allclose(np.diff(ictus), 0.5)
    assert [p.data.position for p in out["ictus"]][:4] in ([1, 2, 3, 4], [2, 3, 4, 1], [3, 4, 1, 2])


def test_the_latency_of_the_renderer_is_taken_off():
    out = played(Conductor(latency_ms=120), 10)
    found = errors(out)
    assert np.abs(found + 0.12).max() < 0.01
    assert abs((out["ictus"][5].t / SECOND) % 0.5) < 1e-6  # the event itself stays on the beat


def test_frames_come_ahead_at_the_rate_asked_for():
    out = played(Conductor(rate=40, ahead=0.15), 4)
    times = np.array([packet.t for packet in out["skeletons"]]) / SECOND
    assert np.allclose(np.diff(times), 1 / 40)
    assert times[0] == 0.15 and times[-1] <= 3.98 + 0.15


def test_joints_are_a_picture_in_the_units_of_the_paper():
    out = played(Conductor(), 4)
    joints = np.array([packet.data.reshape(13, 2) for packet in out["joints"]])
    assert np.allclose(joints[:, 11:].mean(1), (0.5, 0.75), atol=1e-6)
    apart = np.linalg.norm(joints[:, 5] - joints[:, 6], axis=1)
    assert np.allclose(apart, 0.2, atol=0.01)
    assert (joints[:, 0, 1] < joints[:, 5, 1]).all()  # the nose is above the shoulders


def test_a_beat_that_is_corrected_late_is_met_as_far_as_possible():
    def correct(node, t):
        number = round((t - 0.9) / 0.5)
        if number >= 0 and abs(t - (0.9 + number * 0.5)) < 1e-9:  # 0.1 s before, 15 ms later
            due = round((1.015 + number * 0.5) * SECOND)
            node.on_next(Packet(due, beat(number), number))

    formats = {**WIRED, "next": Beats()}
    out = played(Conductor(ahead=0.0), 10, between=correct, formats=formats)
    assert np.abs(errors(out, start=1.015)).max() < 0.012


def test_live_settings_and_actions_reach_the_body():
    heights = []
    for size in (0.5, 1.5):
        node = Conductor()

        def change(node, t, size=size):
            if t == 3.0:
                node.control(0, "size", [size])

        out = played(node, 8, between=change)
        heights.append(np.ptp(wrists(out["skeletons"])[1][250:, 1]))
    assert heights[1] > 2 * heights[0]


@pytest.mark.parametrize("metre", ["2/4", "3/4", "6/8 in 2"])
def test_the_metre_that_is_asked_for_is_beaten(metre):
    out = played(Conductor(metre=metre), 10)
    found = [packet.data.position for packet in out["ictus"]][2:8]
    strokes = len(METRES[metre].strokes)
    assert {p.data.meter for p in out["ictus"]} == {strokes}
    assert all(b % strokes == (a % strokes + 1) % strokes for a, b in pairwise(found))


def test_taps_are_conducted():
    node = Conductor()

    def tap(node, t):
        if t in (1.0, 1.6, 2.2, 2.8, 3.4, 4.0):
            node.control(round(t * SECOND), "tap", [])

    out = played(node, 6, start=100.0, between=tap)
    found = np.array([packet.t / SECOND for packet in out["ictus"]])
    assert np.allclose(np.diff(found[found > 2.5]), 0.6, atol=1e-6)
    assert abs((found[-1] - 4.0) % 0.6) < 1e-6 or abs((found[-1] - 4.0) % 0.6 - 0.6) < 1e-6


def test_gestures_by_control():
    def ask(node, t):
        asked = {3.0: ("cue", ["violins"]), 5.0: ("fermata", []), 7.0: ("release", []),
                 9.0: ("cut_off", []), 11.0: ("start", [])}  # fmt: skip
        if t in asked:
            name, values = asked[t]
            node.control(round(t * SECOND), name, values)

    out = played(Conductor(), 14, between=ask)
    found = np.array([packet.t / SECOND for packet in out["ictus"]])
    assert not ((found > 6.0) & (found < 7.2)).any()  # held
    assert ((found > 8.0) & (found < 9.1)).any()
    assert not ((found > 9.7) & (found < 11.2)).any()  # cut off
    assert (found > 12.5).any()
    times, places = wrists(out["skeletons"], "Left")
    shown = (times > 3.4) & (times < 4.6)
    assert places[shown, 1].max() > 1.25


def test_a_section_that_does_not_exist_is_named():
    node = Conductor()
    played(node, 1)
    with pytest.raises(ValueError, match=r"no section 'violas da gamba'.*violas"):
        node.cue(0, "violas da gamba")


def test_learned_joints_move_the_body_and_in_a_blend_all_but_the_right_hand():
    formats = {**WIRED, "learned": Frames(50.0, SOLID, "joints")}
    tracks = {}
    for mode in ("pattern", "blend", "learned"):

        def learn(node, t):
            joints = np.zeros((13, 3), np.float32)
            joints[:, 1] = np.linspace(1.6, 0.9, 13)
            joints[5], joints[6] = (0.2, 1.38, 0.0), (-0.2, 1.38, 0.0)
            joints[9], joints[10] = (0.3, 1.2 + 0.1 * np.sin(t), 0.3), (-0.3, 1.2, 0.25)
            joints[0, 2] = 0.1
            node.on_learned(Packet(round(t * SECOND), joints.reshape(-1), 0))

        out = played(Conductor(mode=mode), 6, between=learn, formats=formats)
        tracks[mode] = [wrists(out["skeletons"], side)[1][150:] for side in ("Left", "Right")]
    assert np.allclose(tracks["blend"][1], tracks["pattern"][1], atol=1e-5)
    assert np.abs(tracks["blend"][0] - tracks["pattern"][0]).max() > 0.1
    assert np.allclose(tracks["learned"][1], (-0.3, 1.2, 0.25), atol=1e-4)
    assert np.allclose(tracks["learned"][0], tracks["blend"][0], atol=1e-4)


def test_expression_and_phrases_are_heard():
    def louder(node, t):
        if t >= 4.0:
            node.on_expression(Packet(0, Expression(5, 0.95, 1.0, 0, 0.1, 1.0), 0))

    formats = {**WIRED, "expression": Expressions(), "phrases": Phrases()}
    out = played(Conductor(), 10, between=louder, formats=formats)
    times, places = wrists(out["skeletons"])
    early, late = (places[(times > a) & (times < a + 2), 1] for a in (2.0, 7.0))
    assert np.ptp(late) > 1.25 * np.ptp(early)


def test_faint_beats_are_not_followed():
    out = played(Conductor(confidence=0.95), 5)
    assert not out["ictus"]
    assert np.ptp(wrists(out["skeletons"])[1], axis=0).max() < 1e-3


def test_a_gap_of_pace_begins_anew():
    node = Conductor()
    out = played(node, 4)
    node.on_pace(Packet(60 * SECOND, np.zeros(1, np.float32), 0))
    assert out["skeletons"][-1].t == round(60.1 * SECOND)


@pytest.mark.parametrize(
    ("settings", "formats", "words"),
    [
        ({}, {"beats": Beats()}, "nothing says how time goes on: wire 'pace'"),
        ({"mode": "learned"}, WIRED, "mode 'learned' needs joints: wire 'learned'"),
        ({}, {**WIRED, "learned": Frames(50.0, 7)}, "carries 7 numbers: 39 .* or 26"),
    ],
)
def test_what_cannot_work_is_said_when_the_graph_is_built(settings, formats, words):
    with pytest.raises(ValueError, match=words):
        collect(Conductor(**settings), **formats)


def test_the_settings_know_every_metre():
    for name in ("auto", *METRES):
        assert Conductor(metre=name).metre == name
    assert {"metre", "size", "style", "lead", "latency_ms"} <= live_settings(Conductor)


def test_actions_before_there_is_time_say_so():
    node = Conductor()
    collect(node, **WIRED)
    with pytest.raises(ValueError, match="no time yet"):
        node.start(0)


def test_a_replay_of_a_score_gives_the_same_bits(score):
    def run():
        graph = Graph()
        graph.add("score", MidiFile(path=str(score)))
        wires = {n: f"score.{n}" for n in ("beats", "expression", "pace")}
        graph.add("body", Conductor(person=0.5), wires)
        got = []
        Replay(graph, taps=[lambda node, _, p: node == "body" and got.append(encode(p))]).run()
        return b"".join(got)

    first = run()
    assert len(first) > 10_000 and first == run()


def told(node, t):
    """The row of controls that a node of conditions gives at `t` s."""
    out = []
    node.controls.targets = [out.append]
    node.on_pace(Packet(round(t * SECOND), np.zeros(80, np.float32), 0))
    return out[0].data


def test_conditions_are_those_of_training_and_lie_ahead():
    """Oracle: `controls` of the whole piece at once, which networks are trained on."""
    node = Conditions(ahead=0.08)
    collect(node, beats=Beats(), pace=Frames(50.0, 80, "rhythm mel"))
    times = np.arange(1.0, 8.0, 0.5)
    beats = np.column_stack([times, np.arange(len(times)) % 3 + 1, np.full(len(times), 3)])
    number = 0
    for step in range(50, 300):
        t = step / 50
        while times[number] - 0.2 <= t:
            node.on_beats(Packet(round(times[number] * SECOND), beat(number, meter=3), number))
            number += 1
        if t > 1.6:
            assert np.allclose(told(node, t), controls(t + 0.08, beats)[0], atol=1e-5)


def test_noise_is_drawn_by_the_graph_and_the_same_after_a_reset():
    node = Conditions()
    out = collect(node, beats=Beats(), pace=Frames(50.0, 80, "rhythm mel"))
    for start in (0, 70):
        for step in range(100):
            node.on_pace(Packet((start * 50 + step) * SECOND // 50, np.zeros(80, np.float32), 0))
        node.reset()
    rows = np.array([packet.data for packet in out["noise"]])
    assert np.array_equal(rows[:100], rows[100:])
    assert np.ptp(rows[:, :STYLE], axis=0).max() == 0 and np.ptp(rows[:, STYLE:], axis=0).min() > 0


def test_a_frame_made_ahead_leaves_when_it_is_due():
    """VMC over real UDP: it arrives at the time that it carries, not before."""
    out = played(Conductor(), 1)
    port = free_udp_port()
    node = Send(to=f"127.0.0.1:{port}")
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        receiver.bind(("127.0.0.1", port))
        receiver.settimeout(5)
        node.formats = {"skeletons": None}
        node.plan()
        node.open()
        stack.callback(node.close)
        node.reset()
        due = node.clock.now() + SECOND // 5
        node.on_skeletons(Packet(due, out["skeletons"][-1].data, 0))
        assert receiver.recv(2048).startswith(b"#bundle")
        assert node.clock.now() >= due


def test_the_messages_of_strokes():
    lines = templates("ictus", {})
    fields = {"index": 7, "position": 2, "meter": 3, "bpm": 96.0, "period": 0.625}
    (stroke,) = lines["beat"]
    message = OscMessage(stroke.encode(fields))
    assert (message.address, message.params) == ("/ictus", [7, 2, 3, 96.0, 0.625])
    (ahead,) = lines["next"]
    sent = OscMessage(ahead.encode({**fields, "in_seconds": 0.25, "unix_time": 1e9}))
    assert (sent.address, sent.params) == ("/ictus/next", [0.25, 1e9, 2, 3])


def test_flat_joints_move_hands_in_the_picture_plane():
    """26 numbers of a picture: across and up as they say, and as far forward as the pattern."""
    joints = np.zeros((13, 3))
    joints[5], joints[6] = (0.25, 1.39, 0.0), (-0.25, 1.39, 0.0)
    joints[9], joints[10] = (0.30, 1.15, 0.0), (-0.35, 1.25, 0.0)
    joints[11], joints[12] = (0.08, 0.901, 0.0), (-0.08, 0.901, 0.0)
    flat = pictured(joints, WIDTH).reshape(-1)

    def learn(node, t):
        node.on_learned(Packet(round(t * SECOND), flat, 0))

    formats = {**WIRED, "learned": Frames(30.0, FLAT, "joints")}
    out = played(Conductor(mode="learned"), 4, between=learn, formats=formats)
    for side, number in (("Left", 9), ("Right", 10)):
        found = wrists(out["skeletons"], side)[1][-50:]
        assert np.allclose(found[:, :2], joints[number, :2], atol=2e-3)
        assert (found[:, 2] > 0.1).all()


def test_a_network_that_falls_silent_hands_back_to_the_pattern_without_a_jump():
    def learn(node, t):
        if t < 4.0:
            joints = np.full((13, 3), 0.3, np.float32)
            joints[:, 1], joints[5], joints[6] = 1.2, (0.2, 1.4, 0.0), (-0.2, 1.4, 0.0)
            joints[11:, 1] = 0.9
            node.on_learned(Packet(round(t * SECOND), joints.reshape(-1), 0))

    formats = {**WIRED, "learned": Frames(50.0, SOLID, "joints")}
    out = played(Conductor(mode="blend"), 9, between=learn, formats=formats)
    alone = played(Conductor(), 9)
    left, usual = (wrists(o["skeletons"], "Left")[1] for o in (out, alone))
    assert np.abs(left[150] - usual[150]).max() > 0.1
    assert np.allclose(left[-50:], usual[-50:], atol=1e-6)
    assert np.linalg.norm(np.diff(left, axis=0), axis=1).max() * 50 < 2.0  # m/s


def test_the_graph_conducts_a_recording_in_every_mode(tmp_path):
    """graphs/conductor.yaml on ten seconds of the bundled recording, whose beats are known."""
    pytest.importorskip("onnxruntime")
    sound, rate = soundfile.read(RECORDING, stop=441_000)
    soundfile.write(tmp_path / "music.wav", sound, rate)
    lines = [line.split() for line in BEATS.read_text().splitlines() if line[:1].isdigit()]
    true = np.array([float(line[0]) for line in lines])
    tracks = {}
    for mode in ("pattern", "blend"):
        path = graph_folder() / "conductor.yaml"
        changes = {"mic": str(tmp_path / "music.wav"), "body.mode": mode}
        spec = prune(read(path, changes), ["vmc", "osc", "view", "control", "show"], str(path))
        out, begin = [], []

        def tap(node, output, packet, out=out, begin=begin):
            if output == "audio":
                begin.append(packet.t)
            elif output == "skeletons":
                out.append(packet)

        Replay(build(spec, str(path)), taps=[tap]).run()
        times, tracks[mode] = wrists(out)
        lows = lowest(times - begin[0] / SECOND, tracks[mode][:, 1])
        late = [np.abs(lows - t).min() for t in true if 5.0 < t < 9.5]
        assert np.median(late) < 0.03
        tracks[mode] = tracks[mode], wrists(out, "Left")[1]
    pattern, blend = tracks["pattern"], tracks["blend"]
    assert np.allclose(pattern[0], blend[0], atol=1e-4)  # the right hand stays as it is
    assert np.abs(pattern[1] - blend[1]).max() > 0.02
