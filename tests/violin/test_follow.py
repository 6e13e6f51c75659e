import numpy as np
import pytest

from rt_engine.violin.follow import Follower
from rt_engine.violin.score import Event

RNG = np.random.default_rng(5)
MELODY = [int(n) for n in RNG.choice([62, 64, 66, 67, 69, 71, 73, 74, 76], 120)]
LENGTHS = [float(n) for n in RNG.choice([0.5, 1.0, 1.0, 2.0], 120)]


def score():
    events, quarter = [], 0.0
    for pitch, length in zip(MELODY, LENGTHS, strict=True):
        bar = int(quarter // 4)
        events.append(Event(quarter, (pitch,), bar + 1, 1 + quarter % 4, length))
        quarter += length
    return events


def play(events, period=0.5, first=0, last=None, rubato=0.0):
    """(s, pitch, number) of every event, at a tempo that sways by `rubato`."""
    t, out = 1.0, []
    for k in range(first, last or len(events)):
        out.append((t, float(events[k].pitches[0]), k))
        t += events[k].duration * period * (1 + rubato * np.sin(t / 5))
    return out


def rights(follower, notes):
    """Share of the notes whose event is found, and the places."""
    places = [follower.hear(t, pitch) for t, pitch, _ in notes]
    right = [place.number == k for place, (_, _, k) in zip(places, notes, strict=True)]
    return float(np.mean(right)), places


@pytest.mark.parametrize("period", [0.3, 0.5, 1.0])
def test_a_clean_player_is_followed_note_by_note(period):
    right, places = rights(Follower(score()), play(score(), period, rubato=0.15))
    assert right == 1
    assert places[-1].bpm == pytest.approx(60 / period, rel=0.2)
    assert places[-1].confidence > 0.9


def test_wrong_missing_and_extra_notes_do_not_lead_astray():
    rng = np.random.default_rng(2)
    notes = []
    for t, pitch, k in play(score(), rubato=0.1):
        dice = rng.random()
        if dice < 0.06:
            continue
        off = 1.0 if dice < 0.1 else 12.0 if dice < 0.14 else rng.normal(0, 0.2)
        notes.append((t, None if dice > 0.95 else pitch + off, k))
        if 0.2 < dice < 0.24:
            notes.append((t + 0.1, pitch, k))
    assert rights(Follower(score()), notes)[0] > 0.9


def test_a_player_who_begins_again_is_found_again():
    events = score()
    notes = play(events, last=40) + [(t + 30, p, k) for t, p, k in play(events, first=10, last=60)]
    _, places = rights(Follower(events), notes)
    after = [place.number == k for place, (_, _, k) in zip(places[52:], notes[52:], strict=True)]
    assert np.mean(after) == 1


def test_a_late_note_is_late_in_the_tempo_of_those_before():
    notes = play(score(), last=40)
    notes[30] = (notes[30][0] + 0.06, *notes[30][1:])
    _, places = rights(Follower(score()), notes)
    assert places[29].late == pytest.approx(0, abs=0.01)
    assert places[30].late == pytest.approx(0.06, abs=0.01)
    assert places[30].bpm == pytest.approx(120, rel=0.05)


def test_another_piece_is_followed_without_confidence():
    rng = np.random.default_rng(8)
    notes = [(0.5 * k, float(rng.uniform(55, 90)), 0) for k in range(60)]
    _, places = rights(Follower(score()), notes)
    assert np.mean([place.confidence for place in places[10:]]) < 0.6


def test_after_a_reset_it_begins_at_the_beginning():
    follower = Follower(score())
    rights(follower, play(score(), last=50))
    follower.reset()
    assert rights(follower, play(score(), last=20))[0] == 1


def test_an_empty_score_is_refused():
    with pytest.raises(ValueError, match="without notes"):
        Follower([])
