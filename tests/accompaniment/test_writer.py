import numpy as np
import pytest

from rt_engine.accompaniment.drums import NUMBERS, numbers_of
from rt_engine.accompaniment.harmony import CHORDS, chord_index, parse_chord, parse_key
from rt_engine.accompaniment.tokens import INSTRUMENTS, RANGES
from rt_engine.accompaniment.writer import TooLate, Wish, Writer
from rt_engine.drums.bar import Bar, empty
from rt_engine.inference import CardError
from rt_engine.kinds import DrumBar

pytest.importorskip("onnxruntime")
RNG = np.random.default_rng
AM, E7 = ((chord_index(parse_chord(name)),) * 2 for name in ("Am", "E7"))


@pytest.fixture(scope="module")
def writer():
    return Writer()


def rock(kicks=(0, 8, 10)):
    bar = empty()
    bar.hits[list(kicks), 0] = bar.hits[[4, 12], 1] = bar.hits[0::2, 2] = True
    bar.velocities[bar.hits] = 0.8
    return bar


def bars(writer, wish, count, seed=0, drums=None):
    writer.reset()
    rng = RNG(seed)
    return [writer.write(drums or rock(), wish, rng) for _ in range(count)]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("steps", [1, 7, 12, 16, 20, 33])
def test_no_note_leaves_its_bar_whatever_the_drums(writer, instrument, steps):
    writer.reset()
    rng, (low, high) = RNG(steps), RANGES[instrument]
    wish = Wish(instrument, 97.0, temperature=2.0, top_k=100)
    for _ in range(2):
        hits = rng.random((steps, 9)) < 0.3
        bar = Bar(hits, hits.astype(np.float32), np.zeros_like(hits, np.float32))
        notes = writer.write(bar, wish, rng)
        assert [n.start for n in notes] == sorted(n.start for n in notes)
        for note in notes:
            assert 0 <= note.start < note.start + note.duration <= steps / 4
            assert low <= note.pitch <= high
            assert 1 <= note.velocity <= 127
        ends = {}
        for note in notes:  # no pitch is struck while it sounds
            assert ends.get(note.pitch, 0) <= note.start
            ends[note.pitch] = note.start + note.duration


def test_the_same_draws_write_the_same(writer):
    assert bars(writer, Wish(), 2) == bars(writer, Wish(), 2)
    assert bars(writer, Wish(), 2) != bars(writer, Wish(), 2, seed=1)


def test_the_likeliest_alone_needs_no_draw(writer):
    wish = Wish(chords=AM, top_k=1)
    assert bars(writer, wish, 2, seed=0) == bars(writer, wish, 2, seed=1)


def test_a_key_of_full_strength_is_never_left(writer):
    key = parse_key("A minor")
    for instrument in INSTRUMENTS:
        wish = Wish(instrument, key=key, temperature=1.5, top_k=60)
        for bar in bars(writer, wish, 2):
            assert all(key.tones[note.pitch % 12] for note in bar)
            assert all(key.tones[CHORDS[c].tones].all() for c in writer.chords)


def test_a_given_chord_may_bring_tones_from_outside_the_key(writer):
    wish = Wish("piano", chords=E7, key=parse_key("A minor"), temperature=1.2, density=1.0)
    found = {note.pitch % 12 for bar in bars(writer, wish, 4) for note in bar}
    assert found <= set(np.flatnonzero(parse_key("A minor").tones)) | {8}
    assert writer.chords == E7


def test_a_weaker_key_is_left_less_than_none(writer):
    def outside(**wish):
        wish = Wish("bass", temperature=1.5, top_k=60, density=1.0, harmony=0.0, **wish)
        notes = [n for bar in bars(writer, wish, 4) for n in bar]
        return np.mean([not parse_key("F# major").tones[n.pitch % 12] for n in notes])

    key = parse_key("F# major")
    none, some = outside(chords=AM), outside(chords=AM, key=key, key_strength=0.4)
    assert some < none


@pytest.mark.parametrize("name", ["Am", "C#", "G7"])
def test_tones_of_given_chords_are_preferred(writer, name):
    chord = parse_chord(name)

    def share(harmony):
        wish = Wish("bass", chords=(chord_index(chord),) * 2, density=0.6, harmony=harmony)
        notes = [n for bar in bars(writer, wish, 4) for n in bar]
        return np.mean([chord.tones[n.pitch % 12] for n in notes])

    assert share(1.0) > 0.9
    assert share(1.0) > share(0.0)


def test_the_same_music_in_another_key_is_the_same_but_for_the_key(writer):
    def play(chord, key):
        wish = Wish("guitar", chords=(chord_index(parse_chord(chord)),) * 2, key=parse_key(key))
        return [n for bar in bars(writer, wish, 3) for n in bar]

    one, two = play("Am", "A minor"), play("Bm", "B minor")
    assert [(n.start, n.duration, n.velocity) for n in one] == [
        (n.start, n.duration, n.velocity) for n in two
    ]
    assert {b.pitch - a.pitch for a, b in zip(one, two, strict=True)} == {2}


def test_what_was_played_before_matters_until_reset(writer):
    wish = Wish("piano", chords=AM)

    def then(seed):
        bars(writer, Wish("piano", chords=AM, density=1.0), 2, seed)
        return [writer.write(rock(), wish, RNG(5)) for _ in range(2)]

    assert then(0) != then(1)
    assert bars(writer, wish, 1, seed=5)[0] == bars(writer, wish, 1, seed=5)[0]


def test_the_drums_matter(writer):
    wish = Wish("bass", chords=AM)
    one, two = (bars(writer, wish, 2, drums=rock(kicks)) for kicks in ((0, 8), (3, 6, 11, 14)))
    assert one != two


def test_followed_drums_draw_the_notes_to_them(writer):
    drums = empty()
    drums.hits[[3, 6, 11, 14], 0] = True
    drums.velocities[drums.hits] = 1.0

    def share(follow):
        wish = Wish("guitar", chords=AM, follow=follow, density=0.5)
        starts = [n.start * 4 for bar in bars(writer, wish, 5, drums=drums) for n in bar]
        return np.isin(starts, [3, 6, 11, 14]).mean()

    assert share(1.0) > share(0.0) + 0.2


def test_more_density_is_more_positions(writer):
    def positions(density):
        wish = Wish("guitar", chords=AM, density=density)
        return [len({n.start for n in bar}) for bar in bars(writer, wish, 2)]

    assert all(1 <= n <= 2 for n in positions(0.0))
    assert all(5 <= n <= 8 for n in positions(0.6))
    assert all(n >= 9 for n in positions(1.0))


def test_another_instrument_begins_anew(writer):
    bars(writer, Wish("piano"), 1)
    after = writer.write(rock(), Wish("bass"), RNG(2))
    assert after == bars(writer, Wish("bass"), 1, seed=2)[0]


def test_a_bar_that_is_too_late_is_given_up_and_the_next_is_written(writer):
    writer.reset()
    asked = iter([False, False, False, True])
    with pytest.raises(TooLate):
        writer.write(rock(), Wish(chords=AM), RNG(0), lambda: next(asked))
    notes = writer.write(rock(), Wish(chords=AM, density=1.0), RNG(0))
    assert notes and all(n.start + n.duration <= 4 for n in notes)


def test_time_goes_round_without_a_trace(writer):
    """Whether 512 sixteenths have passed in between says nothing to the model."""
    played = []
    for turns in (0, 1):
        bars(writer, Wish("bass", chords=AM), 1)
        writer._time += 512 * turns
        played.append(writer.write(rock(), Wish("bass", chords=AM), RNG(3)))
    assert played[0] == played[1]


def test_a_model_that_is_not_there_is_named():
    with pytest.raises(CardError, match="nothing_drums"):
        Writer(["nothing_drums", "nothing_notes"])


def test_another_model_is_no_writer():
    with pytest.raises((CardError, KeyError)):
        Writer(["accompaniment_drums", "accompaniment_drums"])


def test_drums_as_numbers():
    bar = rock()
    rows = numbers_of(bar).reshape(16, 2, 9)
    assert len(numbers_of(bar)) == NUMBERS
    assert (rows[:, 0] == bar.hits).all()
    assert np.allclose(rows[:, 1], bar.velocities)
    assert not numbers_of(empty(3)).any()
    with pytest.raises(ValueError, match="17 steps"):
        numbers_of(empty(17))


def test_bars_on_the_wire_are_the_writers_bars():
    assert set(Bar.__dataclass_fields__) <= set(DrumBar.__struct_fields__)
