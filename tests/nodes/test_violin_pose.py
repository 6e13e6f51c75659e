"""The node `violin.Pose`: what it makes of bodies seen unevenly, in part, or not at all."""

import logging
import shutil
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from rt_engine.core import SECOND, Packet, collect
from rt_engine.inference import find_card, read_card, write_card
from rt_engine.kinds import Frames, Pose, Poses
from rt_engine.motion import landmarks as lm
from rt_engine.nodes.violin import Pose as Node
from rt_engine.violin.pose_prior import Prior, packed

pytest.importorskip("onnxruntime")

SOUND = Frames(50.0, 35, "performance features")
START = 7 * SECOND
DRUMPY = Path(__file__).parents[2].parent / "shared/data/pose/drumpy"
LATE = SECOND // 10  # ns, the lookahead of the usual model


def standing(t, noise=0.0, person=0):
    """Someone who bows at 0.7 Hz, at `t` s."""
    world = np.zeros((33, 3))
    places = {
        lm.SHOULDERS: (0.18, 0.48, 0.0), lm.ELBOWS: (0.35, 0.25, 0.1), lm.HIPS: (0.1, 0.0, 0.0),
        lm.WRISTS: (0.3, 0.35, 0.3), lm.KNEES: (0.12, -0.42, 0.02), lm.ANKLES: (0.12, -0.82, -0.02),
        lm.TOES: (0.14, -0.85, 0.1), lm.HEELS: (0.12, -0.86, -0.06),
    }  # fmt: skip
    for pair, (x, y, z) in places.items():
        world[list(pair)] = [[x, y, z], [-x, y, z]]
    world[:11] = [0.0, 0.65, 0.08]
    world[lm.WRISTS[1], 0] += 0.2 * np.sin(2 * np.pi * 0.7 * t)
    world[[17, 19, 21]], world[[18, 20, 22]] = world[lm.WRISTS[0]], world[lm.WRISTS[1]]
    rng = np.random.default_rng(zlib.crc32(repr(t).encode()))
    world += rng.normal(size=(33, 3)) * np.array([0.2, 0.2, 1.0]) * noise
    image = np.zeros((33, 3), np.float32)
    image[:, :2] = [320, 240] + 200 * world[:, :2] * [1, -1]
    seen = np.ones(33, np.float32)
    return Pose(person, image, world.astype(np.float32), seen, 640, 480)


def times(seconds, fps, seed=0):
    rng = np.random.default_rng(seed)
    return np.cumsum(np.maximum(1 + 0.15 * rng.standard_normal(int(seconds * fps)), 0.3)) / fps


def see(node, t, pose):
    node.on_poses(Packet(START + round(t * SECOND), [pose] if pose else [], 0))


def hear(node, k, row=None):
    row = np.ones(35, np.float32) if row is None else row
    node.on_features(Packet(START + k * SECOND // 50, row, k))


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_fifty_poses_a_second_come_of_any_rate(fps):
    out = collect(node := Node(), poses=Poses())["corrected"]
    for t in times(6.0, fps):
        see(node, t, standing(t, 0.02))
    at = np.array([packet.t for packet in out])
    assert (np.diff(at) == SECOND // 50).all() and len(out) > 270
    world = np.array([packet.data[0].world for packet in out])
    true = np.array([standing((t - START) / SECOND).world for t in at])
    joints = [*lm.ELBOWS, *lm.WRISTS, *lm.HIPS]
    miss = np.linalg.norm(world - true, axis=2)[100:, joints].mean()
    assert miss < 0.05, f"{1000 * miss:.0f} mm"
    depth = world[100:, list(lm.HIPS), 2]
    assert depth.std(axis=0).mean() < 0.012, "the hips tremble 20 mm in depth before"


@pytest.mark.parametrize(
    ("model", "late"),
    [("pose_correction_0", 0.0), ("pose_correction", 0.1), ("pose_correction_300", 0.3)],
)
def test_every_model_follows_at_its_lookahead(model, late):
    out = collect(node := Node(model=model), poses=Poses())["corrected"]
    seen = times(6.0, 30)
    for t in seen:
        see(node, t, standing(t, 0.02))
    newest = (out[-1].t - START) / SECOND
    assert seen[-1] - late == pytest.approx(newest, abs=0.04)
    bowed = np.array([packet.data[0].world[lm.WRISTS[1], 0] for packet in out[150:]])
    true = [standing((p.t - START) / SECOND).world[lm.WRISTS[1], 0] for p in out[150:]]
    assert np.abs(bowed - true).mean() < 0.05


def test_a_joint_that_is_not_seen_stays_where_it_ought_to_be():
    out = collect(node := Node(), poses=Poses())["corrected"]
    for t in times(6.0, 30):
        pose = standing(t, 0.01)
        if t > 4.0:
            pose.world[lm.WRISTS[1]] = 99.0
            pose.visibility[lm.WRISTS[1]] = 0.0
        see(node, t, pose)
    places = np.array([packet.data[0].world[lm.WRISTS[1]] for packet in out])
    assert np.abs(places - standing(0.0).world[lm.WRISTS[1]]).max() < 0.5
    assert out[-1].data[0].visibility[lm.WRISTS[1]] == 0.0


def test_the_same_stream_gives_the_same_bits_and_reset_forgets():
    out = collect(node := Node(), poses=Poses())["corrected"]
    for _ in range(2):
        for t in times(2.0, 30):
            see(node, t, standing(t, 0.02))
        node.reset()
    half = len(out) // 2
    for one, other in zip(out[:half], out[half:], strict=True):
        assert one.t == other.t
        np.testing.assert_array_equal(one.data[0].world, other.data[0].world)


def test_sound_is_heard():
    found = []
    for loud in (1.0, 3.0):
        out = collect(node := Node(), poses=Poses(), features=SOUND)["corrected"]
        for k in range(150):
            see(node, k / 50, standing(k / 50, 0.1))
            hear(node, k, np.full(35, loud * (k % 25 == 0), np.float32))
        found.append(np.array([packet.data[0].world for packet in out]))
    assert len(found[0]) == len(found[1]) > 140
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_sound_that_ceases_and_comes_back_is_said_once(caplog):
    out = collect(node := Node(), poses=Poses(), features=SOUND)["corrected"]
    with caplog.at_level(logging.WARNING):
        for k in range(400):
            see(node, k / 50, standing(k / 50))
            if not 100 <= k < 300:
                hear(node, k)
    assert [r.getMessage() for r in caplog.records] == [
        "sound is lost: poses go on without it",
        "sound is back",
    ]
    at = np.array([packet.t for packet in out])
    assert (np.diff(at) == SECOND // 50).all() and at[-1] >= START + 399 * SECOND // 50 - LATE


def test_poses_that_cease_end_after_a_second_and_come_back(caplog):
    out = collect(node := Node(), poses=Poses(), features=SOUND)["corrected"]
    with caplog.at_level(logging.WARNING):
        for k in range(500):
            if not 100 <= k < 300:
                see(node, k / 50, standing(k / 50))
            hear(node, k)
    assert [r.getMessage() for r in caplog.records] == ["poses are lost", "poses are back"]
    empty = [(packet.t - START) / SECOND for packet in out if not packet.data]
    assert len(empty) == 1 and 2.9 < empty[0] < 3.3
    assert np.isfinite(np.array([p.data[0].world for p in out if p.data])).all()
    assert out[-1].data


def test_packets_with_nobody_end_the_poses_and_are_said_once(caplog):
    out = collect(node := Node(), poses=Poses())["corrected"]
    with caplog.at_level(logging.WARNING):
        for k in range(400):
            see(node, k / 50, None if 60 <= k < 360 else standing(k / 50))
    assert caplog.messages == ["poses are lost", "poses are back"]
    empty = [(packet.t - START) / SECOND for packet in out if not packet.data]
    assert len(empty) == 1 and 2.1 < empty[0] < 2.5
    assert out[-1].data


def test_another_person_brings_no_sound_back(caplog):
    collect(node := Node(), poses=Poses(), features=SOUND)
    with caplog.at_level(logging.WARNING):
        for k in range(200):
            see(node, k / 50, standing(k / 50, person=3 if k < 100 else 5))
            if k < 20:
                hear(node, k)
    assert caplog.messages == ["sound is lost: poses go on without it"]


def test_one_person_is_followed_and_another_begins_anew():
    both = collect(node := Node(), poses=Poses())["corrected"]
    alone = collect(other := Node(), poses=Poses())["corrected"]
    for t in times(2.0, 30):
        pair = [standing(t, 0.02, 3), standing(t + 9, 0.02, 5)]
        node.on_poses(Packet(START + round(t * SECOND), pair, 0))
        see(other, t, pair[0])
    for one, same in zip(both, alone, strict=True):
        np.testing.assert_array_equal(one.data[0].world, same.data[0].world)
    node.on_poses(Packet(START + 3 * SECOND, [standing(3.0, 0.0, 5)], 0))
    node.on_poses(Packet(START + 3 * SECOND + SECOND // 5, [standing(3.2, 0.0, 5)], 0))
    assert both[-1].data[0].person == 5


@pytest.mark.parametrize(
    ("settings", "formats", "said"),
    [
        ({"model": "nonsense"}, {}, "no model 'nonsense'"),
        ({"model": "rhythm_small"}, {}, "such as pose_correction"),
        ({}, {"features": Frames(100.0, 3, "pitch")}, "put violin.Features before it"),
    ],
)
def test_what_does_not_fit_is_refused(settings, formats, said, monkeypatch):
    monkeypatch.delattr(Node, "open")  # it is refused before anything runs
    with pytest.raises(ValueError, match=said):
        collect(Node(**settings), poses=Poses(), **formats)


SHORT = {"shapes": [[2]] * 6, "numbers": ""}


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        (None, "model 'pose_correction' has no 'prior'"),
        ({"shapes": []}, "damaged prior .no 'numbers'.; needed is the one"),
        ({"shapes": [], "numbers": "AAAA"}, "damaged prior .buffer size"),
        ({"shapes": [], "numbers": "A"}, "damaged prior"),
        (SHORT, "damaged prior"),
        ("none", "damaged prior"),
        (packed(Prior(*[np.ones((2, 2))] * 6)), "prior of 4 places, needed are 39"),
    ],
)
def test_a_card_without_its_prior_is_refused(prior, said, tmp_path, monkeypatch):
    monkeypatch.delattr(Node, "open")
    card = read_card("pose_correction")
    kept = {name: part for name, part in card.front_end.items() if name != "prior"}
    front = kept if prior is None else {**kept, "prior": prior}
    path = write_card(msgspec.structs.replace(card, front_end=front), tmp_path)
    shutil.copy(find_card("pose_correction").parent / card.file, tmp_path)
    with pytest.raises(ValueError, match=said):
        collect(Node(model=str(path)), poses=Poses())


@pytest.mark.shared
@pytest.mark.skipif(not DRUMPY.exists(), reason=f"research data pose/drumpy is not at {DRUMPY}")
def test_a_real_detector_trembles_far_less_and_stays_near_the_truth():
    joints = {"Elbow": lm.ELBOWS, "Wrist": lm.WRISTS, "Hip": lm.HIPS, "Foot": lm.TOES}
    with np.load(DRUMPY / "maurice_drum_regular__FULL.npz") as data:
        names = [str(name).split("_") for name in data["joints"]]
        kept = [k for k, name in enumerate(names) if name[1] in joints]
        points = [joints[names[k][1]][names[k][0] == "Right"] for k in kept]
        t, axes = data["t_mediapipe"], [1, 2, 0]
        raw = data["mediapipe_mm_depthfixed"][:, kept][..., axes] / 1000
        capture = data["qualisys_mm"][:, kept][..., axes].reshape(-1, 3 * len(kept)) / 1000
        capture_t = data["t_qualisys"]
    out = collect(node := Node(), poses=Poses())["corrected"]
    for at, places in zip(t[:900], raw, strict=False):
        pose = standing(0.0)
        pose.visibility[:] = 0.0
        pose.world[points], pose.visibility[points] = places, 1.0
        see(node, at, pose)
    at = np.array([(packet.t - START) / SECOND for packet in out])
    world = np.array([packet.data[0].world[points] for packet in out])

    def on_grid(t, values):
        flat = values.reshape(len(t), -1)
        return np.stack([np.interp(at, t, x) for x in flat.T], axis=1).reshape(len(at), -1, 3)

    true, seen = on_grid(capture_t, capture), on_grid(t, raw)
    late = slice(150, -10)
    errors = [np.linalg.norm(x[late] - true[late], axis=2).mean() for x in (world, seen)]
    assert errors[0] < errors[1]
    moments = t[(t > at[150]) & (t < at[-10])][:700]  # of pictures: lines between them are smooth
    moved = [
        np.diff([np.interp(moments, at, x) for x in values.reshape(len(at), -1).T], 3, axis=1)
        for values in (world, seen)
    ]
    assert np.abs(moved[0]).mean() < 0.15 * np.abs(moved[1]).mean()
