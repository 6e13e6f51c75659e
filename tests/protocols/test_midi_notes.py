import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.protocols.midi_notes import LATE, NoteSchedule

MS = 1_000_000


def play(notes, asleep=(0, 0)):
    """All that is sent, as (time, status, channel, pitch), by a process that sleeps once."""
    schedule = NoteSchedule()
    for note in notes:
        schedule.note(*note)
    sent, now = [], 0
    while event := schedule.next(now):
        now = max(now, event.due)
        if asleep[0] <= now < asleep[1]:
            now = asleep[1]
            continue
        status, pitch, _ = event.message
        sent.append((now, "on" if status & 0xF0 == 0x90 else "off", status & 15, pitch))
        schedule.sent(now)
    return sent, schedule


NOTES = st.lists(
    st.tuples(
        st.integers(0, 1000).map(lambda ms: ms * MS),
        st.integers(0, 500).map(lambda ms: ms * MS),
        st.integers(1, 2),
        st.integers(60, 62),
        st.integers(1, 127),
    ),
    max_size=20,
)


def test_a_note_is_on_at_its_time_and_off_after_its_duration():
    sent, _ = play([(100 * MS, 50 * MS, 10, 38, 99)])
    assert sent == [(100 * MS, "on", 9, 38), (150 * MS, "off", 9, 38)]


def test_the_bytes_are_those_of_the_standard():
    schedule = NoteSchedule()
    schedule.note(0, MS, 10, 38, 99)
    assert schedule.next(0).message == bytes([0x99, 38, 99])
    schedule.sent(0)
    assert schedule.next(0).message == bytes([0x89, 38, 0])


@given(NOTES)
def test_every_note_starts_on_time_and_no_key_ever_sounds_twice_or_for_ever(notes):
    sent, schedule = play(notes)
    on = sorted((t, channel + 1, pitch) for t, what, channel, pitch in sent if what == "on")
    assert on == sorted((due, channel, pitch) for due, _, channel, pitch, _ in notes)
    assert schedule.dropped == 0
    sounding = set()
    for _, what, *key in sent:
        assert (tuple(key) in sounding) == (what == "off")
        sounding ^= {tuple(key)}
    assert not sounding


def test_the_note_off_of_a_note_that_was_ended_does_not_end_its_successor():
    sent, _ = play([(0, 100 * MS, 1, 60, 90), (50 * MS, 200 * MS, 1, 60, 90)])
    assert [(t // MS, what) for t, what, *_ in sent] == [
        (0, "on"),
        (50, "off"),
        (50, "on"),
        (250, "off"),
    ]


@given(NOTES, st.integers(0, 1000), st.integers(1, 1000))
def test_after_a_sleep_late_notes_are_dropped_and_counted_and_none_stays(notes, start, length):
    sent, schedule = play(notes, (start * MS, (start + length) * MS))
    ons = [t for t, what, *_ in sent if what == "on"]
    assert len(ons) + schedule.dropped == len(notes)
    latest = max((start + length) * MS, 0)
    assert all(t < start * MS or t >= latest for t in ons)
    assert schedule.dropped == sum(
        start * MS <= due < latest and latest - due > LATE for due, *_ in notes
    )
    assert [what for _, what, *_ in sent].count("off") == len(ons)


def test_silence_ends_what_sounds_and_forgets_what_was_planned():
    schedule = NoteSchedule()
    schedule.note(0, 1000 * MS, 3, 60, 90)
    schedule.note(500 * MS, 1000 * MS, 4, 61, 90)
    schedule.next(0)
    schedule.sent(0)
    assert schedule.silence() == [bytes([0x82, 60, 0]), bytes([0xB2, 123, 0])]
    assert schedule.next(2000 * MS) is None


@pytest.mark.parametrize("wrong", [(0, 60, 90), (17, 60, 90), (1, 128, 90), (1, 60, 0)])
def test_what_is_no_note_is_refused(wrong):
    with pytest.raises(ValueError, match="no MIDI note"):
        NoteSchedule().note(0, MS, *wrong)
