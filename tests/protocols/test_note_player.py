"""Notes as single messages: in time, in order, and none left on."""

import time

import pytest

from rt_engine.kinds import Note
from rt_engine.protocols import midi_notes
from rt_engine.protocols.note_player import NotePlayer
from tests.rigs import wait_for

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A machine that stands still for a moment drops no note of a test."""
    monkeypatch.setattr(midi_notes, "LATE", 10 * SECOND)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def player(heard):
    made = NotePlayer(
        lambda *note: heard.append((time.monotonic_ns(), "on", *note)),
        lambda *key: heard.append((time.monotonic_ns(), "off", *key)),
    )
    yield made
    made.close()


def what(heard):
    return [tuple(event[1:]) for event in heard]


def test_notes_go_on_when_they_are_due_and_off_after_their_duration(player, heard):
    due = time.monotonic_ns() + SECOND // 5
    player.put(due, Note(38, 90, 0.1, 10))
    player.put(due - SECOND // 10, Note(36, 100, 0.05, 10))
    wait_for(lambda: len(heard) == 4)
    first, second = ("on", 10, 36, 100, 0.05), ("off", 10, 36)
    assert what(heard) == [first, second, ("on", 10, 38, 90, 0.1), ("off", 10, 38)]
    assert all(event[0] >= due for event in heard[2:])
    assert heard[0][0] >= due - SECOND // 10


def test_a_note_on_a_sounding_key_ends_the_older_one_and_sounds_its_full_length(player, heard):
    now = time.monotonic_ns()
    player.put(now, Note(60, 90, 0.3, 1))
    player.put(now + SECOND // 10, Note(60, 91, 0.3, 1))
    wait_for(lambda: len(heard) == 4)
    assert [event[1] for event in heard] == ["on", "off", "on", "off"]
    assert heard[3][0] >= now + round(0.4 * SECOND)


def test_silence_ends_what_sounds_and_forgets_what_is_planned(player, heard):
    now = time.monotonic_ns()
    player.put(now, Note(60, 90, 60.0, 1))
    player.put(now + SECOND // 5, Note(62, 90, 1.0, 1))
    wait_for(lambda: heard)
    player.silence()
    time.sleep(0.3)
    assert what(heard) == [("on", 1, 60, 90, 60.0), ("off", 1, 60)]


def test_the_end_leaves_no_note_on(player, heard):
    player.put(time.monotonic_ns(), Note(60, 90, 60.0, 16))
    wait_for(lambda: heard)
    player.close()
    assert what(heard)[-1] == ("off", 16, 60)


def test_what_is_no_note_is_an_error(player):
    with pytest.raises(ValueError, match="channel=17"):
        player.put(0, Note(60, 90, 1.0, 17))
