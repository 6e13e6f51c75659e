"""JACK MIDI output, as another program sees it."""

import contextlib
import itertools
import time

import pytest

from rt_engine.protocols.jack import JackOut
from tests.rigs import JackServer, MidiDump, wait_for

pytestmark = pytest.mark.jack

MS = 1_000_000
CLOCK = b"\xf8"


@pytest.fixture(scope="module")
def rig():
    with JackServer(sync=True) as server, MidiDump("ear") as dump:
        wait_for(lambda: "ear:input" in server.ports())
        with contextlib.closing(JackOut("mouth", "out")) as out:
            out.connect("ear:input")
            yield out, dump


def sent(rig, messages):
    """Frames and bytes at the receiver, for (due in ms from now, message)."""
    out, dump = rig
    before, now = len(dump.events), time.monotonic_ns()
    for due, message in messages:
        out.send(message, now + round(due * MS))
    wait_for(lambda: len(dump.events) == before + len(messages))
    return dump.events[before:]


def test_each_message_arrives_in_its_own_frame(rig, witness):
    notes = [bytes([0x90, pitch, 64]) for pitch in range(60, 64)]
    due = [60, 60.5, 61.25, 80]  # less than a cycle of 2.67 ms apart, then more

    def trial():
        events = sent(rig, list(zip(due, notes, strict=True)))
        assert [message for _, message in events] == notes
        frames = [frame - events[0][0] for frame, _ in events]
        assert frames == pytest.approx([0, 24, 60, 960], abs=3)

    witness.judge(trial)


def test_messages_are_sent_in_the_order_of_their_times_chords_at_once(rig):
    low, high, early = bytes([0x90, 40, 9]), bytes([0x90, 50, 9]), bytes([0x90, 60, 9])
    events = sent(rig, [(60, low), (60, high), (40, early)])
    assert [message for _, message in events] == [early, low, high]
    assert events[1][0] == events[2][0]


def test_late_ticks_are_no_burst_and_a_late_chord_still_is_one(rig):
    chord = [bytes([0x90, 40, 9]), bytes([0x90, 50, 9])]
    events = sent(rig, [(-30, CLOCK), (-20, CLOCK), (-10, CLOCK), *((-5, note) for note in chord)])
    ticks = [frame for frame, message in events if message == CLOCK]
    assert min(b - a for a, b in itertools.pairwise(ticks)) >= 190  # 4 ms
    notes = [frame for frame, message in events if message != CLOCK]
    assert notes[0] == notes[1]


def test_a_port_that_is_not_there_is_an_error(rig):
    with pytest.raises(OSError, match="does not connect to 'nobody:input'"):
        rig[0].connect("nobody:input")
