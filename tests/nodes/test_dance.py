"""The nodes `motion.Dance` and `motion.Style`, and the tracker behind a model of motion."""

import numpy as np
import pytest

from rt_engine.core import SECOND, Packet, collect
from rt_engine.kinds import Frames, Pose, Poses
from rt_engine.motion import landmarks as lm
from rt_engine.motion.dance import FPS, JOINTS, SIZE, DanceMotion, keypoints
from rt_engine.nodes.inference import Onnx
from rt_engine.nodes.motion import Dance, Style
from rt_engine.nodes.rhythm import BeatTracker
from rt_engine.rhythm import BodyObservation

START = 7 * SECOND
WORLD = np.random.default_rng(1).normal(size=(33, 3)) * [0.2, 0.4, 0.1]


def pose(hand=(0.0, 0.0), person=0, seen=1.0):
    """Somebody whose left hand is `hand` m from where it rests."""
    world = WORLD.copy()
    world[[15, 17, 19], :2] += hand
    image = np.zeros((33, 3), np.float32)
    image[:, :2] = [320, 240] + 200 * world[:, :2] * [1, -1]
    arrays = (image, world.astype(np.float32), np.full(33, seen, np.float32))
    return Pose(person, *arrays, width=640, height=480)


def at(k, fps=30):
    return START + round(k * SECOND / fps)


def waving(k, person=0):
    return pose((0.0, 0.2 * np.sin(0.3 * k)), person)


def feed(node, people, fps=30):
    out = collect(node, poses=Poses())
    for k, poses in enumerate(people):
        node.on_poses(Packet(at(k, fps), poses, k))
    return out


def test_frames_are_those_of_the_stream_at_their_times():
    node = Dance()
    out = feed(node, [[waving(k)] for k in range(60)])["dance"]
    assert node.dance.format == Frames(FPS, SIZE, "dance")
    stream = DanceMotion()
    rows = [stream.step(at(k) / SECOND, *keypoints(waving(k))) for k in range(60)]
    np.testing.assert_array_equal([p.data for p in out], np.concatenate([r.values for r in rows]))
    times = np.concatenate([r.times for r in rows])
    assert [p.t for p in out] == [round(t * SECOND) for t in times.tolist()]
    assert out[0].data.dtype == np.float32 and out[0].data.shape == (SIZE,)


def test_one_person_is_followed_and_another_begins_anew():
    alone = feed(Dance(), [[waving(k, 3)] for k in range(40)])["dance"]
    both = feed(Dance(), [[waving(k, 3), pose(person=5)] for k in range(40)])["dance"]
    np.testing.assert_array_equal([p.data for p in alone], [p.data for p in both])
    changed = feed(Dance(), [[waving(k, 3)] for k in range(20)] + [[pose(person=5)]] * 3)["dance"]
    new = next(p for p in changed if p.t >= at(20) - 1000)
    assert not new.data.reshape(JOINTS, 5)[:, 2:4].any()
    chosen = feed(Dance(person=5), [[waving(k, 3), pose(person=5)] for k in range(40)])["dance"]
    assert not chosen[-1].data.reshape(JOINTS, 5)[:, 2:4].any()


def test_nobody_gives_no_frames():
    out = feed(Dance(), [[waving(k)] for k in range(20)] + [[]] * 30)["dance"]
    assert max(p.t for p in out) <= at(19)


def test_a_hand_that_is_hidden_is_zeros():
    hidden = waving(3)
    hidden.visibility[15] = 0.1
    out = feed(Dance(), [[waving(k)] for k in range(20)] + [[hidden]] * 4)["dance"]
    joints = out[-1].data.reshape(JOINTS, 5)
    assert not joints[9].any() and (joints[10:, 4] == 1).all()


def stopping(k, fps=30):
    """A hand that goes out and in at 1.5 m/s, with a stop at every whole second from the first."""
    t = k / fps
    part = t % 1.0
    out = min(part, 0.5) * 1.5 if int(t) % 2 == 0 else 0.75 - min(part, 0.5) * 1.5
    return pose((out, 0.0))


@pytest.mark.parametrize("fps", [25, 60])
def test_accents_are_told_at_once_at_their_own_times(fps):
    node = Style()
    out = collect(node, poses=Poses())
    delays = []
    for k in range(6 * fps):
        before = len(out["accents"])
        node.on_poses(Packet(at(k, fps), [stopping(k, fps)], k))
        delays += [(at(k, fps) - p.t) / SECOND for p in out["accents"][before:]]
    times = np.array([(p.t - START) / SECOND for p in out["accents"]])
    np.testing.assert_allclose(times, np.arange(6) + 0.5, atol=1.01 / fps)
    assert min(delays) > 0 and max(delays) <= 2 / fps
    assert all(0 < p.data.strength <= 1 for p in out["accents"])


def test_the_style_stream_is_binary_fifteen_a_second_without_holes():
    rng = np.random.default_rng(2)
    hand = np.cumsum(rng.normal(0, 0.03, (900, 2)), axis=0) * (rng.random((900, 1)) < 0.3)
    node = Style()
    out = feed(node, [[pose(h)] for h in hand])["style"]
    assert node.style.format == Frames(15.0, 1, "style")
    values = np.array([p.data[0] for p in out])
    assert set(values.tolist()) == {0.0, 1.0} and 0.03 < values.mean() < 0.3
    np.testing.assert_allclose(np.diff([p.t for p in out]), SECOND / 15, atol=2)


def test_settings_of_accents_change_while_it_runs():
    node = Style()
    out = collect(node, poses=Poses())
    for k in range(180):
        if k == 90:
            node.control(0, "least", [5.0])
        node.on_poses(Packet(at(k), [stopping(k)], k))
    assert len(out["accents"]) == 3


def test_a_limb_that_is_not_seen_makes_no_accent():
    hidden = [[pose((stopping(k).world[15, 0] - WORLD[15, 0], 0.0), seen=0.2)] for k in range(180)]
    assert not feed(Style(), hidden)["accents"]
    assert lm.WRISTS[0] == 15


def test_the_tracker_takes_the_beat_of_a_body():
    node = BeatTracker(bpm=[50, 200])
    out = collect(node, onset=Frames(30.0, 1, "motion beat"))
    assert isinstance(node.tracker.observation, BodyObservation)
    beats = np.arange(0.4, 20, 60 / 96)
    for k in range(600):
        near = np.abs(beats * 30 - k).min() <= 0.5
        node.on_onset(Packet(at(k), np.float32([0.8 if near else 0.02]), k))
    told = (np.array([p.t for p in out["beats"]]) - START) / SECOND
    late = told[told > 6]
    assert len(late) > 18
    assert np.abs(late[:, None] - beats).min(axis=1).max() < 0.04


def test_two_numbers_of_motion_are_refused():
    with pytest.raises(ValueError, match="'motion beat'"):
        collect(BeatTracker(), onset=Frames(30.0, 2, "motion beat"))


def conducting(t, bpm):
    """A right hand that falls to an ictus on every beat, sideways by turns, and rebounds."""
    turns = (t - 0.5) * bpm / 60
    up = 0.18 * np.abs(np.sin(np.pi * turns)) ** 1.2
    world = WORLD.copy()
    world[[16, 18, 20], 1] += up + 0.3
    world[[16, 18, 20], 0] += 0.08 * np.sin(np.pi * turns)
    image = np.zeros((33, 3), np.float32)
    image[:, :2] = [320, 240] + 200 * world[:, :2] * [1, -1]
    arrays = (image, world.astype(np.float32), np.ones(33, np.float32))
    return Pose(0, *arrays, width=640, height=480)


def follow(people, fps=30):
    """Beats in s that the chain of nodes tells, and the probabilities of the model."""
    front, net = Dance(), Onnx(model="motion_rhythm")
    frames = feed(front, [[pose] for pose in people], fps)["dance"]
    heard = collect(net, dance=front.dance.format)
    tracker = BeatTracker(bpm=[50, 200])
    told = collect(tracker, onset=net.beat.format)
    for packet in frames:
        net.on_dance(packet)
    for packet in heard["beat"]:
        tracker.on_onset(packet)
    times = np.array([p.t for p in told["beats"]], np.float64)
    return (times - START) / SECOND, np.array([p.data[0] for p in heard["beat"]])


@pytest.mark.parametrize(("bpm", "fps"), [(80, 30), (96, 25), (120, 60)])
def test_a_conducting_hand_is_followed_from_poses_to_beats(bpm, fps):
    """The shipped model, on a motion whose beat is known: beats within 100 ms of the ictus."""
    pytest.importorskip("onnxruntime", reason="needs the extra 'cpu'")
    beats, _ = follow([conducting(k / fps, bpm) for k in range(20 * fps)], fps)
    true = np.arange(0.5, 20.5, 60 / bpm)
    late, due = beats[beats > 6], true[(true > 6) & (true < 20)]
    near = np.abs(late[:, None] - true).min(axis=1) < 0.1
    assert near.mean() > 0.8
    assert (np.abs(due[:, None] - late).min(axis=1) < 0.1).mean() > 0.8


def test_who_stands_still_has_no_beat():
    pytest.importorskip("onnxruntime", reason="needs the extra 'cpu'")
    rng = np.random.default_rng(0)
    still = [pose(rng.normal(0, 0.002, 2)) for _ in range(450)]
    _, calm = follow(still)
    _, moving = follow([conducting(k / 30, 100) for k in range(450)])
    assert np.quantile(calm[120:], 0.95) < np.quantile(moving[120:], 0.95) / 2
