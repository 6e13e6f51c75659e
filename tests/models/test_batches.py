import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.rhythm.augment import vary  # noqa: E402
from rt_engine.models.rhythm.batches import Mix, Sampler, cut, places, whole  # noqa: E402
from rt_engine.models.rhythm.store import (  # noqa: E402
    licences,
    read_excerpt,
    read_store,
    write_excerpt,
)
from tests.models.synthetic import excerpt, store  # noqa: E402

pytestmark = pytest.mark.train
MIX = Mix(lengths=((500, 6),), delay=0, augment=False)


def onset(mel):
    """How much louder each frame is than the one before, (batch, time)."""
    return torch.diff(mel.mean(dim=2), dim=1, prepend=mel[:, :1].mean(dim=2))


@pytest.mark.parametrize("tempo", [0.0, 0.3])
def test_labels_stay_on_the_sound_at_every_speed(tempo):
    mix = MIX._replace(tempo=tempo)
    batch = Sampler([excerpt(k, bodies=False) for k in range(4)], 1, mix).draw()
    rise = onset(batch.mel)[:, 2:-2]
    beats = batch.beat[:, 2:-2] > 0
    # between two frames the rise may be shared by both
    near = torch.maximum(torch.maximum(rise, rise.roll(1, 1)), rise.roll(-1, 1))
    assert beats.sum() > 40
    assert float(near[beats].quantile(0.1)) > 3 * float(rise.abs().mean())


def test_a_delay_tells_every_event_later_and_leaves_the_sound():
    made = excerpt(5)
    place = np.arange(800, dtype=np.float32)
    now, late = cut(made, place), cut(made, place, delay=2)
    assert np.array_equal(late["mel"], now["mel"])
    for name in ("beat", "downbeat", "phrase"):
        assert np.array_equal(late[name][2:], now[name][:-2])


def test_the_labels_of_a_whole_are_those_of_the_excerpt():
    made = excerpt(6)
    batch = whole(made)
    assert np.allclose(np.flatnonzero(batch.beat[0]) / 50, made.beats[:, 0], atol=0.0101)
    first = made.beats[made.beats[:, 1] == 1, 0]
    assert np.allclose(np.flatnonzero(batch.downbeat[0]) / 50, first, atol=0.0101)
    assert np.array_equal(batch.dynamics[0].numpy(), made.dynamics)
    starts = np.flatnonzero(np.diff(batch.phrase[0].numpy(), prepend=0) > 0)
    assert np.allclose(starts / 50, made.phrases, atol=0.0101)


def test_places_count_through_whole_bars_of_any_metre_and_tempo():
    beats = [
        (0.5, 4),
        (1, 1),
        (1.5, 2),
        (2, 3),
        (2.5, 4),
        (3, 1),
        (3.6, 2),
        (4.2, 3),
        (4.8, 1),
        (5, 2),
    ]
    told = dict(
        zip(
            (0.9, 1.01, 1.51, 2.99, 3.01, 3.61, 4.79, 4.9),
            (-1, 0, 6, 23, 0, 8, 23, -1),
            strict=True,
        )
    )
    found = places(np.array(beats, np.float32), np.array([*told]))
    assert found.tolist() == [*told.values()]


def test_where_no_bar_is_whole_places_are_unknown():
    pause = [(0, 1), *((k, 2) for k in range(1, 20)), (20, 1)]
    for beats in (np.zeros((0, 2)), np.array([(0, 1), (1, 2)]), np.array(pause, float)):
        assert (places(beats, np.arange(20.0)) == -1).all()


def test_places_follow_the_speed_and_the_delay():
    made = excerpt(6)
    now = cut(made, np.arange(800, dtype=np.float32))["place"]
    fast = cut(made, 2.0 * np.arange(400, dtype=np.float32), speed=2.0)["place"]
    late = cut(made, np.arange(800, dtype=np.float32), delay=3)["place"]
    assert np.ptp(now[now >= 0]) == 23
    assert np.array_equal(fast, now[::2])
    assert np.array_equal(late[3:], now[:-3])


def test_no_beats_are_unknown_but_in_material_without_music():
    silent = dataclasses.replace(excerpt(7), beats=np.zeros((0, 2), np.float32))
    noise = dataclasses.replace(silent, meta={"kind": "negative"})
    assert not whole(silent).beat_known.any()
    assert whole(noise).beat_known.all() and not whole(noise).beat.any()
    assert not whole(noise).bar_known.any()


def test_the_same_seed_draws_the_same():
    made = [excerpt(k, 600) for k in range(3)]
    mix = Mix(lengths=((300, 4), (500, 2)))
    one, two, other = (Sampler(made, seed, mix) for seed in (3, 3, 4))
    for _ in range(3):
        a, b, c = one.draw(), two.draw(), other.draw()
        assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in _fields(a))
    assert a.mel.shape != c.mel.shape or not torch.equal(a.mel, c.mel)


def _fields(batch):
    return dataclasses.fields(batch)


def test_streams_come_and_go_and_are_silent_while_away():
    sampler = Sampler([excerpt(k, bodies=k > 0) for k in range(4)], 2, MIX)
    sets = set()
    for _ in range(30):
        batch = sampler.draw()
        for k, rows in enumerate((batch.mel, batch.motion, batch.video)):
            assert not rows[batch.present[..., k] == 0].any()
        sets |= {tuple(row) for row in batch.present.flatten(0, 1).int().tolist()}
    assert sets >= {(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1)}


def test_while_nobody_is_in_sight_the_body_counts_as_absent():
    made = excerpt(1)
    motion = made.motion.copy()
    motion[500:800] = 0.0
    made = dataclasses.replace(made, motion=motion)
    flags = whole(made).present[0, :, 1]
    assert not flags[500:800].any() and flags[:500].all() and flags[800:].all()
    assert whole(made).present[0, :, 0].all()
    batch = Sampler([made], 2, MIX._replace(lengths=((1500, 8),))).draw()
    assert torch.equal(batch.present[..., 1] > 0, batch.motion.any(dim=2))


def test_augmentation_changes_the_sound_and_leaves_it_a_spectrum():
    mel = torch.from_numpy(np.stack([excerpt(k).mel for k in range(3)])).float()
    mel[2] = 0.0
    varied = vary(mel.clone(), torch.Generator().manual_seed(0), torch.ones(3, 1))
    assert varied.shape == mel.shape
    assert bool(torch.isfinite(varied).all()) and bool((varied >= 0).all())
    assert float((varied[:2] - mel[:2]).abs().mean()) > 0.05
    assert float(varied[:2].mean()) == pytest.approx(float(mel[:2].mean()), rel=0.5)


def test_where_dynamics_are_known_the_colour_mostly_stays():
    mel = torch.from_numpy(np.stack([excerpt(k).mel for k in range(8)])).float()

    def change(strength):
        rng = torch.Generator().manual_seed(1)
        return float((vary(mel.clone(), rng, torch.full((8, 1), strength)) - mel).abs().mean())

    assert change(0.0) < change(0.25) < change(1.0)


def test_an_excerpt_comes_back_from_the_disk(tmp_path):
    made = excerpt(1)
    write_excerpt(tmp_path / "made001.npz", made)
    back = read_excerpt(tmp_path / "made001.npz")
    for field in dataclasses.fields(made):
        assert np.array_equal(getattr(back, field.name), getattr(made, field.name))


def test_a_store_is_read_in_order_without_files_being_written(tmp_path):
    folder = store(tmp_path, train=5, frames=200) / "train"
    (folder / ".half.npz").write_bytes(b"half")
    assert [e.name for e in read_store(folder)] == [f"made{k:03d}" for k in range(5)]
    assert [e.name for e in read_store(folder, 2)] == ["made000", "made004"]
    with pytest.raises(FileNotFoundError, match="no excerpts"):
        read_store(tmp_path / "nowhere")


def test_streams_of_different_length_are_refused(tmp_path):
    made = dataclasses.replace(excerpt(1), motion=np.zeros((7, 39), np.float16))
    write_excerpt(tmp_path / "x.npz", made)
    with pytest.raises(ValueError, match="motion of 7 frames beside 2000"):
        read_excerpt(tmp_path / "x.npz")


def test_sets_and_fonts_are_listed_with_all_their_licences():
    def made(seed, source, **meta):
        return dataclasses.replace(excerpt(seed, 180), meta={"source": source, **meta})

    pieces = [
        made(1, "b", licence="MIT", fonts="One", font_licences="CC0"),
        made(2, "b", licence="MIT; CC BY", fonts="One+Two", font_licences="CC0, MIT"),
        made(3, "a", licence="own", fonts="", font_licences=""),
    ]
    assert [row[:2] for row in licences(pieces)] == [
        ("a", "own"), ("b", "CC BY; MIT"), ("sound fonts One, Two", "CC0, MIT"),
    ]  # fmt: skip
    assert [row[2] for row in licences(pieces)] == [180 / 50 / 3600 * k for k in (1, 2, 3)]
