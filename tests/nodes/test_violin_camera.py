"""Bow, posture, synchrony and player: what a camera adds to violin practice."""

import logging

import numpy as np
import pytest
import soundfile

from rt_engine.core import SECOND, Graph, Live, Output, Packet, Source, collect
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import (
    Audio,
    BowStroke,
    BowStrokes,
    Frames,
    Images,
    Measured,
    PlayedNotes,
    Poses,
    Posture,
    Postures,
)
from rt_engine.nodes.violin import Bow, Coach, Features, Notes, Player, Synchrony
from rt_engine.nodes.violin import Posture as PostureNode
from rt_engine.violin.synchrony import SURE
from tests.violin.bowing import film, pose, world
from tests.violin.practice import played
from tests.violin.strings import RATE, bowed, scale
from tests.violin.test_synchrony import playing, sound

TURNS = [0.2, 0.7, 1.2, 1.5, 2.1, 2.6, 3.4]
STEP = SECOND // 30
START = 5 * SECOND


def frames(packets):
    return [packet.t / SECOND for packet in packets]


def test_strokes_are_stamped_with_their_start():
    node = Bow()
    out = collect(node, poses=Poses())
    for packet in film(TURNS):
        node.on_poses(packet)
    np.testing.assert_allclose(frames(out["strokes"]), TURNS[1:-2], atol=0.02)
    assert [packet.data.direction for packet in out["strokes"]] == [-1, 1, -1, 1]
    assert len(out["bow"]) == len(film(TURNS))
    assert out["bow"][0].data[1] == pytest.approx(0.9)


def test_another_person_begins_anew():
    node = Bow()
    out = collect(node, poses=Poses())
    for packet in film(TURNS)[:30]:
        node.on_poses(packet)
    for packet in film(TURNS, person=4):
        node.on_poses(Packet(packet.t + 9 * SECOND, packet.data, packet.seq))
    assert [packet.data.index for packet in out["strokes"]][-4:] == [0, 1, 2, 3]


def stand(node, seconds, start=0.0, **figure):
    for k in range(round(seconds * 30)):
        t = round((start + k / 30) * SECOND)
        node.on_poses(Packet(t, [pose(world(0.4), **figure)], k))


def test_the_good_posture_is_taken_when_asked_for(caplog):
    node = PostureNode()
    out = collect(node, poses=Poses())
    stand(node, 2)
    assert not out["postures"][-1].data.calibrated
    with caplog.at_level(logging.INFO):
        node.control(2 * SECOND, "calibrate", [])
        stand(node, 3, 2)
    assert out["postures"][-1].data.calibrated
    assert out["postures"][-1].data.hand.reliability > 0.8
    assert "good posture: {shoulders: 0.0, elbow: -15.0" in caplog.text


def test_a_gap_while_the_good_posture_is_taken_is_said(caplog):
    node = PostureNode()
    collect(node, poses=Poses())
    node.control(0, "calibrate", [])
    stand(node, 1)
    with caplog.at_level(logging.INFO):
        node.reset()
        stand(node, 3, 5)
        node.reset()
    assert caplog.messages[0] == "a gap: hold your good posture for another 2 s"
    assert len(caplog.messages) == 2 and caplog.messages[1].startswith("good posture:")


def test_a_posture_from_another_day_needs_all_its_figures():
    good = {"shoulders": 0.0, "elbow": -15.0, "head": 0.0, "hand": 5.0}
    node = PostureNode(good=good)
    out = collect(node, poses=Poses())
    stand(node, 2)
    assert out["postures"][-1].data.hand.value == pytest.approx(-5.0, abs=0.1)
    with pytest.raises(ValueError, match="'good' needs shoulders, elbow, head, hand; found elbow"):
        collect(PostureNode(good={"elbow": 1.0}), poses=Poses())


def together(node, late, seconds=45, block=1):
    """Poses and frames of one playing, the poses `late` s, in order of time by blocks."""
    turns, rng = playing(seconds), np.random.default_rng(5)
    t = np.arange(0, turns[-1], 0.02)
    events = [
        (round(at * SECOND), node.on_frames, Packet(round(at * SECOND), row, k))
        for k, (at, row) in enumerate(zip(t.tolist(), sound(turns, t), strict=True))
    ]
    for packet in film(turns, late=late):
        noisy = packet.data[0].world + 0.003 * rng.standard_normal((33, 3)).astype(np.float32)
        events.append((packet.t, node.on_poses, Packet(packet.t, [pose(noisy)], packet.seq)))
    events.sort(key=lambda event: event[0] // block)
    for _, call, packet in events:
        call(packet)


FORMATS = {"poses": Poses(), "frames": Frames(50.0, 35, "performance features")}


@pytest.mark.parametrize("late", [-0.25, 0.15])
def test_the_offset_is_told_and_taken_off_the_poses(late):
    node = Synchrony(apply="poses")
    out = collect(node, **FORMATS)
    together(node, late)
    seconds, sure = out["offset"][-1].data
    assert (seconds, sure > SURE) == (pytest.approx(late, abs=0.02), True)
    times = np.array(frames(out["aligned"]))
    assert np.all(np.diff(times) > 0)
    assert times[-1] == pytest.approx(film(playing(45))[-1].t / SECOND, abs=0.02)
    node.control(0, "apply", ["sound"])
    assert node.apply == "sound"


def test_the_offset_does_not_depend_on_which_stream_comes_first():
    told = []
    for block in (1, SECOND // 2, 3 * SECOND):
        node = Synchrony()
        out = collect(node, **FORMATS)
        together(node, 0.1, 30, block)
        told.append([(packet.t, packet.data.tolist()) for packet in out["offset"]])
    count = min(map(len, told))
    assert count > 20
    assert told[0][:count] == told[1][:count] == told[2][:count]


def test_no_shift_leaps_when_another_stream_is_shifted_or_none():
    node = Synchrony(apply="poses")
    out = collect(node, **FORMATS)
    node._goal = 0.25
    for k in range(1200):
        if change := {300: "nothing", 450: "sound", 600: "nothing", 1000: "poses"}.get(k):
            node.control(0, "apply", [change])
        node._goal = 0.25 if k < 1000 else -0.25
        node.on_poses(Packet(START + k * STEP, [], k))
        node.on_frames(Packet(START + k * STEP, np.zeros(35, np.float32), k))
    for name in ("aligned", "sound"):
        shifts = [packet.t - START - k * STEP for k, packet in enumerate(out[name])]
        assert np.abs(np.diff(shifts)).max() <= STEP // 10 + 1
        reached = {"aligned": (-0.25, 0.0), "sound": (0.0, 0.25)}[name]
        assert (shifts[299] / SECOND, shifts[590] / SECOND) == pytest.approx(reached, abs=1e-6)
        assert shifts[999] == 0


def test_synchrony_wants_the_features_of_the_violin():
    with pytest.raises(ValueError, match=r"wire violin\.Features"):
        collect(Synchrony(), poses=Poses(), frames=Frames(50.0, 3, "x"))


def follow(node, people, start=0.0, seconds=1.0):
    for k in range(round(seconds * 30)):
        t = round((start + k / 30) * SECOND)
        node.on_poses(Packet(t, [pose(world(0.4), person) for person in people], k))


def test_the_player_is_who_was_first_and_a_second_person_is_said_once(caplog):
    node = Player()
    out = collect(node, poses=Poses())
    with caplog.at_level(logging.WARNING):
        follow(node, [3])
        follow(node, [2, 3], 1.0)
        follow(node, [2], 2.0)  # the detector has jumped to the other one
        follow(node, [2, 3], 3.0)
    assert caplog.messages == ["a second person is in sight; the player is who was first"]
    assert {p.person for packet in out["player"] for p in packet.data} == {3}
    assert sum(not packet.data for packet in out["player"]) == 30


def test_a_player_who_has_gone_is_replaced_and_nobody_is_said_once(caplog):
    node = Player(patience=1.0)
    out = collect(node, poses=Poses())
    with caplog.at_level(logging.WARNING):
        follow(node, [3])
        follow(node, [], 1.0, 3.0)
        follow(node, [5], 4.0)
    assert caplog.messages == ["nobody is in sight: bow and posture are not measured"]
    assert out["player"][-1].data[0].person == 5


def figures(value, sure=0.9):
    return Measured(value, sure)


def posture(hand, calibrated=True, sure=0.9):
    none = figures(0.0)
    return Posture(none, none, none, figures(hand, sure), calibrated)


def coach(**settings):
    node = Coach(**settings)
    return node, collect(node, notes=PlayedNotes(), strokes=BowStrokes(), postures=Postures())


def test_posture_is_spoken_of_only_when_it_is_calibrated_and_sure():
    for said, hand in ((0, posture(-9.0, False)), (0, posture(-9.0, sure=0.4)), (1, posture(-9.0))):
        node, out = coach()
        for k in range(8):
            node.on_postures(Packet(k * SECOND // 2, hand, k))
        assert len(out["cues"]) == said
    cue = out["cues"][0].data
    assert (cue.topic, cue.text, cue.unit) == ("posture", "the violin higher", "cm")
    node, out = coach(topics=["intonation", "bow"])
    for k in range(20):
        node.on_postures(Packet(k * SECOND // 2, posture(-9.0), k))
    assert out["cues"] == []


def stroke(k, straight):
    sure = figures(0.3)
    return Packet(k * SECOND, BowStroke(k, 1, 0.5, sure, sure, sure, figures(straight)), k)


def test_a_crooked_bow_is_told_against_the_players_own_strokes():
    node, out = coach()
    for k in range(30):
        node.on_strokes(stroke(k, 0.9 if k < 20 else 0.7))
    assert out["cues"] == []  # not calibrated
    node.on_postures(Packet(30 * SECOND, posture(0.0), 0))
    for k in range(31, 70):
        node.on_strokes(stroke(k, 0.9 if k < 55 else 0.7))
    (cue, *_) = [packet.data for packet in out["cues"]]
    assert (cue.topic, cue.text) == ("bow", "straighter: keep the bow parallel to the bridge")


def test_what_is_heard_goes_before_what_is_seen_and_never_two_in_four_seconds():
    node, out = coach()
    for k in range(80):
        node.on_postures(Packet(k * SECOND // 2, posture(-9.0), k))
        note = played(k, intonation=(30.0 if k < 20 else 2.0, 0.9))
        node.on_notes(Packet(k * SECOND // 2, note, k))
    times = np.diff(frames(out["cues"]))
    assert out["cues"][0].data.topic == "intonation"
    assert {packet.data.topic for packet in out["cues"]} >= {"intonation", "posture"}
    assert times.min() >= 4


class Sound(Source):
    """A violin that plays for `lasts` s; then the cable is pulled, and later it is back."""

    device = True
    audio = Output(Audio)
    lasts: float = 1e9
    noise: bool = False

    def plan(self):
        self.audio.format = Audio(rate=RATE)
        self.failed = False
        self.samples = bowed(scale((62, 64, 66, 67, 69, 71, 73, 74) * 9, 0.25), 19.0)

    def open(self):
        if self.failed:
            raise OSError("microphone: no such device")

    def reset(self):
        self.k, self.start = 0, self.clock.now()

    def read(self):
        at = self.k * 2048
        if at / RATE > self.lasts:
            self.failed = True
            raise OSError("microphone: unplugged")
        self.clock.wait_until(self.start + (at + 2048) * SECOND // RATE)
        block = np.resize(np.roll(self.samples, -at), 2048)
        if self.noise:
            block = 0.1 * self.rng.standard_normal(2048).astype(np.float32)
        self.audio.emit(self.start + at * SECOND // RATE, block)
        self.k += 1


class Camera(Source):
    """Poses of a player at 30 a second; after `lasts` s the cable is pulled for good."""

    device = True
    poses = Output(Poses)
    lasts: float = 1e9
    second: float = 1e9  # s from when there are two people

    def plan(self):
        turns = (0.2 + 0.5 * np.arange(60)).tolist()
        self.film, self.failed = film(turns), False

    def open(self):
        if self.failed:
            raise OSError("camera: no such device")

    def reset(self):
        self.k, self.start = 0, self.clock.now()

    def read(self):
        if self.k * STEP > self.lasts * SECOND:
            self.failed = True
            raise OSError("camera: unplugged")
        self.clock.wait_until(self.start + (self.k + 1) * STEP)
        people = list(self.film[self.k].data)
        people += [pose(world(0.3), 7)] if self.k * STEP > self.second * SECOND else []
        self.poses.emit(self.start + self.k * STEP, people)
        self.k += 1


def practise(seconds, microphone=None, camera=None):
    """A live run of the practice; packets by output."""
    graph = Graph("practice")
    graph.add("mic", Sound(**(microphone or {})))
    graph.add("camera", Camera(**(camera or {})))
    graph.add("notes", Notes(), "mic")
    graph.add("features", Features(), "mic")
    graph.add("player", Player(), "camera")
    graph.add("sync", Synchrony(), {"poses": "player", "frames": "features"})
    graph.add("bow", Bow(), "sync.aligned")
    graph.add("posture", PostureNode(), "sync.aligned")
    graph.add("coach", Coach(), {
        "notes": "notes.notes", "strokes": "bow.strokes", "postures": "posture"})  # fmt: skip
    told = {}

    def tap(node, output, packet):
        if packet is not None:
            told.setdefault(f"{node}.{output}", []).append(packet)

    with Live(graph, [tap]) as live:
        live.wait(seconds)
        live.stop()
        live.wait()
    return told


def last(told, output):
    return (told[output][-1].t - told["mic.audio"][0].t) / SECOND


def test_a_lost_camera_is_said_once_and_what_is_heard_goes_on(caplog):
    with caplog.at_level(logging.WARNING):
        told = practise(3.5, camera={"lasts": 1.2})
    assert [m for m in caplog.messages if "camera" in m] == [
        "node 'camera' (Camera), read: camera: unplugged; restart in 0.25 s",
        "node 'camera' (Camera), open: camera: no such device; restart in 0.5 s",
    ]
    assert last(told, "notes.notes") > 1.5
    assert last(told, "notes.notes") > last(told, "bow.bow")


def test_a_lost_microphone_is_said_once_and_what_is_seen_goes_on(caplog):
    with caplog.at_level(logging.WARNING):
        told = practise(3.5, microphone={"lasts": 1.2})
    assert sum("microphone: unplugged" in m for m in caplog.messages) == 1
    assert sum("microphone: no such device" in m for m in caplog.messages) == 1
    assert last(told, "notes.notes") < (told["bow.strokes"][-1].t - told["mic.audio"][0].t) / SECOND


def test_noise_and_a_second_person_are_said_once_each(caplog):
    with caplog.at_level(logging.WARNING):
        told = practise(7.5, microphone={"noise": True}, camera={"second": 2.0})
    assert sorted(caplog.messages) == [
        "a second person is in sight; the player is who was first",
        "sound, but no violin is heard",
    ]
    assert len(told["bow.strokes"]) > 8
    assert told.get("coach.cues", []) == []


def test_silence_is_said_once_and_the_return_of_sound(caplog):
    node = Notes()
    collect(node, audio=Audio(rate=RATE))
    quiet = np.zeros(12 * RATE, np.float32)
    both = np.concatenate((quiet, bowed(scale((62, 64, 66, 67), 0.3), 1.8)))
    with caplog.at_level(logging.WARNING):
        for k in range(0, len(both), 4096):
            node.on_audio(Packet(k * SECOND // RATE, both[k : k + 4096], k // 4096))
    assert caplog.messages == ["nothing is heard: 10 s of silence", "sound is heard again"]


def test_the_graph_stands_with_and_without_its_camera(tmp_path):
    from rt_engine.running import prune

    path = graph_folder() / "violin_practice.yaml"
    soundfile.write(tmp_path / "take.wav", np.zeros(4800, np.float32), 48000)
    spec = read(path, {"mic": str(tmp_path / "take.wav")})
    assert isinstance(build(spec).nodes["camera"].images.format, Images)
    left = build(prune(read(path), ["camera"], str(path))).nodes
    assert set(left) == {"mic", "notes", "score", "features", "coach", "osc", "show", "sound",
                         "control"}  # fmt: skip
