"""The MIDI process over real JACK MIDI, as another program (`jack_midi_dump`) sees it."""

import itertools
import os
import signal
import statistics
import subprocess
import sys
import time

import pytest

from rt_engine.protocols.midi_link import MidiLink
from tests.rigs import JackServer, MidiDump, need, wait_for

pytestmark = pytest.mark.jack

SECOND = 1_000_000_000
CLOCK, START, STOP = b"\xf8", b"\xfa", b"\xfc"


@pytest.fixture
def link(dump):
    link = MidiLink("clock", api="jack", to=dump.port)
    yield link
    link.close()


def announce(link, count, period=0.25, start=None):
    first = start or time.monotonic_ns() + SECOND // 5
    for number in range(count):
        ns = round(period * SECOND)
        link.tell("beat", first + number * ns, ns, number, number % 4 + 1, 4)


def messages(dump):
    return [message for _, message in dump.events]


def test_ticks_of_a_beat_are_evenly_spaced_to_the_frame(server, dump, witness):
    def trial():
        before = len(dump.events)
        link = MidiLink("clock", api="jack", to=dump.port)
        announce(link, 5)
        wait_for(lambda: messages(dump)[before:].count(CLOCK) > 72)
        link.close()
        wait_for(lambda: messages(dump)[-1] == STOP)
        assert messages(dump)[before:][:2] == [START, CLOCK]
        frames = [frame for frame, message in dump.events[before:] if message == CLOCK]
        gaps = [b - a for a, b in itertools.pairwise(frames)]
        assert statistics.median(gaps) == pytest.approx(server.rate * 0.25 / 24, abs=1)
        assert frames[48] - frames[0] == pytest.approx(server.rate * 0.5, abs=2 * server.period)

    witness.judge(trial)


def test_python_rtmidi_is_the_way_to_other_systems(server, dump):
    link = MidiLink("clock", api="rtmidi-jack", to=dump.port)
    announce(link, 5)
    wait_for(lambda: messages(dump).count(CLOCK) > 24)
    link.close()
    wait_for(lambda: messages(dump)[-1] == STOP)
    assert messages(dump)[:2] == [START, CLOCK]
    assert set(messages(dump)) == {START, CLOCK, STOP}


@pytest.mark.parametrize("api", ["jack", "rtmidi-jack"])
def test_a_port_of_our_own_waits_for_connections(server, dump, api):
    link = MidiLink("clock", client=f"own-{api}", api=api)
    server.connect(f"own-{api}:clock", dump.port)
    link.tell("note", time.monotonic_ns() + SECOND // 20, SECOND // 20, 10, 38, 99)
    wait_for(lambda: messages(dump) == [bytes([0x99, 38, 99]), bytes([0x89, 38, 0])])
    link.close()


@pytest.mark.parametrize("api", ["jack", "rtmidi-jack"])
def test_an_unknown_port_is_an_error_that_lists_what_exists(dump, api):
    with pytest.raises(OSError, match=rf"no MIDI port 'piano' in jack .*'{dump.port}'"):
        MidiLink("clock", api=api, to="piano")


def test_a_part_of_a_name_that_fits_twice_is_an_error_that_lists_both(server, dump):
    with MidiDump("second") as other:
        wait_for(lambda: "second:input" in server.ports())
        with pytest.raises(OSError, match=rf"2 MIDI ports match 'INPUT'.*{dump.port}.*second:inp"):
            MidiLink("clock", api="jack", to="INPUT")
        assert not other.lines


def test_an_unknown_api_is_an_error_that_lists_what_exists():
    with pytest.raises(OSError, match=r"no MIDI api 'winmm' here .apis: .*jack"):
        MidiLink("clock", api="winmm")


def test_notes_end_and_a_long_one_is_cut_when_the_link_closes(dump, witness):
    def trial():
        before = len(dump.events)
        link = MidiLink("clock", api="jack", to=dump.port)
        now = time.monotonic_ns()
        link.tell("note", now + SECOND // 20, SECOND // 10, 1, 60, 100)
        link.tell("note", now + SECOND // 20, 60 * SECOND, 2, 64, 100)
        wait_for(lambda: len(dump.events) == before + 3)
        link.close()
        wait_for(lambda: len(dump.events) == before + 6)
        found = messages(dump)[before:]
        assert set(found[:2]) == {bytes([0x90, 60, 100]), bytes([0x91, 64, 100])}
        assert found[2:] == [
            bytes([0x80, 60, 0]),
            bytes([0x81, 64, 0]),
            bytes([0xB0, 123, 0]),
            bytes([0xB1, 123, 0]),
        ]
        frames = [frame for frame, _ in dump.events[before:]]
        assert frames[2] - frames[0] == pytest.approx(4800, abs=200)

    witness.judge(trial)


ENGINE = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell runs in the back
from rt_engine.protocols.midi_link import MidiLink
link = MidiLink("clock", api="jack", to=sys.argv[1])
now = time.monotonic_ns()
link.tell("beat", now + 10**8, 5 * 10**8, 0, 1, 4)
link.tell("note", now, 60 * 10**9, 1, 60, 100)
print(link.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_when_the_engine_is_killed_the_clock_stops_and_no_note_stays(dump, number):
    command = [sys.executable, "-c", ENGINE, dump.port]
    engine = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    child = int(engine.stdout.readline())
    wait_for(lambda: messages(dump).count(CLOCK) > 12)
    if number == signal.SIGKILL:
        engine.kill()
    else:
        os.killpg(engine.pid, number)  # as Ctrl-C does: to parent and child
    engine.wait(5)
    engine.stdout.close()
    wait_for(lambda: messages(dump)[-1] == bytes([0xB0, 123, 0]))
    assert messages(dump)[-3:-1] == [STOP, bytes([0x80, 60, 0])]
    wait_for(lambda: not os.path.exists(f"/proc/{child}"))


def test_sigterm_ends_it_in_silence_too(dump, link):
    announce(link, 3)
    wait_for(lambda: messages(dump).count(CLOCK) > 12)
    os.kill(link.pid, signal.SIGTERM)
    wait_for(lambda: messages(dump)[-1] == STOP)


def test_it_says_how_late_it_was(dump, link):
    announce(link, 3)
    wait_for(lambda: messages(dump).count(CLOCK) > 12)
    stats = link.stats()
    assert stats["count"] >= 12
    assert stats["p50"] <= stats["p99"] <= stats["max"]
    assert stats["dropped"] == 0


def test_settings_change_while_it_runs_and_nonsense_ends_it_with_a_reason(dump, link):
    link.tell("set", "offset", 5_000_000)
    link.tell("set", "bend", 0.02)
    assert link.stats()["count"] == 0
    link.tell("set", "colour", 3)
    with pytest.raises(OSError, match="unknown command 'set colour 3'"):
        link.stats()


def test_a_dead_server_ends_it_with_a_reason_instead_of_hanging_it():
    need("jackd")
    with JackServer() as mortal:
        link = MidiLink("clock", api="jack")
        announce(link, 3)
        mortal.stop()
        with pytest.raises(OSError, match="MIDI server has gone"):
            wait_for(lambda: link.tell("set", "bend", 0.02))
        link.close()
        with pytest.raises(OSError, match="no JACK server runs"):
            MidiLink("clock", api="jack")
