"""The writers of bars and of steps, with the models that ship."""

import shutil

import numpy as np
import pytest

from rt_engine.drums.bar import Bar, empty
from rt_engine.drums.words import Words
from rt_engine.drums.writing import LIVE_MODEL, MODELS, HitsWriter, StepWriter, draw
from rt_engine.inference import CardError, model_folder

pytest.importorskip("onnxruntime")

ROCK = np.array([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0], np.float32)


@pytest.fixture(scope="module")
def writer():
    return HitsWriter()


@pytest.fixture
def live():
    return StepWriter()


def generator(seed=0):
    return np.random.default_rng(seed)


def same(one, two):
    return all(
        np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(two).values(), strict=True)
    )


def check(bar, steps):
    """What every bar promises."""
    assert bar.hits.shape == bar.velocities.shape == bar.offsets.shape == (steps, 9)
    assert bar.hits.dtype == np.bool_ and bar.velocities.dtype == np.float32
    assert (bar.velocities[bar.hits] > 0).all() and (bar.velocities <= 1).all()
    assert (np.abs(bar.offsets) <= 0.5).all()
    assert not bar.velocities[~bar.hits].any() and not bar.offsets[~bar.hits].any()


def test_a_bar_strikes_wherever_the_rhythm_does(writer):
    past = None
    for seed in range(6):
        rhythm = (generator(seed).random(16) < 0.4).astype(np.float32)
        past = writer.write(rhythm, past, 1.0, generator(seed))
        check(past, 16)
        assert past.rhythm[rhythm > 0].all()


@pytest.mark.parametrize("steps", [0, 1, 12, 16, 24, 40])
def test_bars_of_any_length(writer, steps):
    rhythm = np.resize(ROCK, steps)
    first = writer.write(rhythm, None, 1.0, generator())
    check(first, steps)
    check(writer.write(rhythm, first, 1.0, generator()), steps)


def test_the_same_seed_writes_the_same_and_another_one_does_not(writer):
    one, two, other = (writer.write(ROCK, None, 1.0, generator(seed)) for seed in (1, 1, 2))
    assert same(one, two) and not same(one, other)


def test_nothing_is_remembered_between_bars_but_the_past_that_is_told(writer):
    before = writer.write(ROCK, None, 0.0, generator())
    writer.write(ROCK[::-1], before, 1.0, generator(5))
    assert same(writer.write(ROCK, None, 0.0, generator()), before)


def test_at_temperature_0_no_chance_is_left(writer):
    one, two = (writer.write(ROCK, None, 0.0, generator(seed)) for seed in (1, 2))
    assert same(one, two)


def test_the_rhythm_and_the_past_decide_what_is_written(writer):
    past = empty()
    past.hits[:, 8] = True
    past.velocities[:, 8] = 0.9
    plain = writer.write(ROCK, None, 0.0, generator())
    assert not same(plain, writer.write(np.roll(ROCK, 3), None, 0.0, generator()))
    assert not same(plain, writer.write(ROCK, past, 0.0, generator()))


def test_hits_go_on_with_the_drums_of_the_past(writer):
    """A bar of rides is followed by rides more often than a bar of hi-hats is."""
    rides = {}
    for drum in (2, 8):
        past = empty()
        past.hits[::2, drum], past.velocities[::2, drum] = True, 0.6
        bars = [writer.write(past.rhythm, past, 1.0, generator(seed)) for seed in range(12)]
        rides[drum] = sum(bar.hits[:, 8].sum() for bar in bars)
    assert rides[8] > 2 * rides[2] + 5


def test_the_touch_goes_on_with_that_of_the_past(writer):
    means = []
    for loud in (0.2, 0.9):
        past = empty()
        past.hits[::2, 1], past.velocities[::2, 1] = True, loud
        bar = writer.write(past.rhythm, past, 0.0, generator())
        means.append(bar.velocities[bar.hits].mean())
    assert means[1] > means[0] + 0.1


def test_a_complete_rhythm_leaves_fewer_strokes_between(writer):
    told = HitsWriter(complete=True)
    counts = [
        sum(w.write(ROCK, None, 1.0, generator(seed)).rhythm.sum() for seed in range(8))
        for w in (writer, told)
    ]
    assert counts[1] < counts[0] and counts[1] <= 8 * ROCK.sum() * 1.2


@pytest.mark.parametrize("rhythm", [np.zeros((2, 16)), [0.0, np.nan], 1.0])
def test_what_is_no_rhythm_is_refused(writer, rhythm):
    with pytest.raises(ValueError, match="a rhythm is a row of numbers"):
        writer.write(rhythm, None, 1.0, generator())


@pytest.mark.parametrize("temperature", [-0.1, np.nan, np.inf])
def test_a_temperature_that_is_none_is_refused(writer, live, temperature):
    with pytest.raises(ValueError, match="temperature"):
        writer.write(ROCK, None, temperature, generator())
    with pytest.raises(ValueError, match="temperature"):
        live.step(0, 1, 1, 0.5, 0.5, temperature, generator())


def test_a_model_that_is_not_there_is_named():
    with pytest.raises(CardError, match="drums_none"):
        StepWriter("drums_none")


def test_a_model_of_something_else_is_refused():
    with pytest.raises(CardError, match="'words' are no words of drums"):
        StepWriter("drums_hits")


def test_a_card_that_names_fewer_words_than_there_are_is_refused(tmp_path):
    for suffix in ("onnx", "json"):
        shutil.copy(model_folder() / f"{LIVE_MODEL}.{suffix}", tmp_path)
    card = tmp_path / f"{LIVE_MODEL}.json"
    card.write_text(card.read_text().replace("rest, ", "rest, kick+snare+low tom+mid tom, ", 1))
    with pytest.raises(CardError, match=r"\d+ logits for \d+ words"):
        StepWriter(card)


def test_all_models_speak_the_same_words(writer, live):
    assert writer.words.masks == live.words.masks
    assert len(MODELS) == 3


def play(live, steps=64, rhythm=None, density=0.5, intensity=0.5, seed=0, heat=1.0):
    rng = generator(seed)
    told = np.zeros(steps) if rhythm is None else np.resize(rhythm, steps)
    rows = [live.step(k, r, 0.7, density, intensity, heat, rng) for k, r in enumerate(told)]
    return Bar(*(np.concatenate([vars(row)[name] for row in rows]) for name in vars(rows[0])))


def test_steps_strike_where_the_body_does(live):
    bar = play(live, 160, ROCK)
    check(bar, 160)
    assert bar.rhythm[np.resize(ROCK, 160) > 0].all()


def test_reset_forgets_everything(live):
    first = play(live)
    assert not same(play(live), first)
    live.reset()
    assert same(play(live), first)


def test_more_density_strikes_more_and_more_intensity_strikes_harder(live):
    found = {}
    for name in ("density", "intensity"):
        for value in (0.1, 0.9):
            live.reset()
            bar = play(live, 256, ROCK, **{name: value})
            measured = bar.rhythm if name == "density" else bar.velocities[bar.hits]
            found[name, value] = measured.mean()
    assert found["density", 0.9] > found["density", 0.1] + 0.1
    assert found["intensity", 0.9] > found["intensity", 0.1] + 0.1


def test_what_was_really_played_changes_what_comes_next(live):
    crash = empty(1)
    crash.hits[0, [0, 7]], crash.velocities[0, [0, 7]] = True, 1.0
    following = []
    for told in (False, True):
        live.reset()
        play(live, 32, ROCK)
        if told:
            live.played(crash)
        following.append(live.step(32, 1, 0.7, 0.5, 0.5, 0.0, generator()))
    assert not same(*following)


def test_more_than_a_step_is_refused_as_played(live):
    with pytest.raises(ValueError, match="2 are told as played"):
        live.played(empty(2))


def test_words_are_drawn_as_often_as_their_logits_say():
    words = Words([0, 1, 2, 4])
    logits, rng = np.log(np.array([0.4, 0.3, 0.2, 0.1], np.float32)), generator()
    drawn = np.bincount([draw(logits, words, False, 1.0, rng, 4) for _ in range(4000)])
    np.testing.assert_allclose(drawn / 4000, [0.4, 0.3, 0.2, 0.1], atol=0.03)
    drawn = np.bincount([draw(logits, words, True, 0.5, rng, 2) for _ in range(4000)], minlength=4)
    np.testing.assert_allclose(drawn / 4000, [0, 9 / 13, 4 / 13, 0], atol=0.03)
